"""Text that a record or a topic brought along neither commands a terminal nor is read as markup."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli.conftest import Run, fill_store
from sfcrime.cli import run as run_module
from sfcrime.cli import stream
from sfcrime.cli.live_view import draw
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.pipeline.activity import ProducerActivity, StreamActivity
from sfcrime.pipeline.overview import Overview
from sfcrime.pipeline.stream import StreamRequest
from store_samples import GENERATION

HOSTILE = "calls [/b]\x1b[2J\u202e"
SHOWN = "calls [/b]\\x1b[2J\\u202e"
TITLED = replace(GENERATION, source_title=HOSTILE, synthetic=False)


def assert_harmless(text: str) -> None:
    assert SHOWN in " ".join(text.split())
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("command", ["status", "report", "late", "rejected", "identities"])
def test_the_title_of_a_source_is_shown_escaped(command: str, tmp_path: Path, run: Run) -> None:
    fill_store(tmp_path, TITLED)

    assert_harmless(run(command).out)


def test_the_title_of_a_source_is_escaped_in_csv_too(tmp_path: Path, run: Run) -> None:
    fill_store(tmp_path, TITLED)

    assert_harmless(run("report", "--csv").out)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("a\u00a0b\u2028c\u3000d", "a\\xa0b\\u2028c\\u3000d"),
        ("\u2066\u202e\u061c", "\\u2066\\u202e\\u061c"),
        ("\x00\x1b]0;t\x07\x9b1m\x7f\r\n\t", "\\x00\\x1b]0;t\\x07\\x9b1m\\x7f\\r\\n\\t"),
        ("\u3164\ufe0f\u034f\U000e0101\u2800", "\\u3164\\ufe0f\\u034f\\U000e0101\\u2800"),
        ("a file\udcff", "a file\\udcff"),
        ("Café [b]呼\U0001f600[/b]", "Café [b]呼\U0001f600[/b]"),
    ],
)
def test_what_commands_a_terminal_or_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    assert terminal_safe(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    "command",
    ["report --raw", "report --csv", "status", "late", "rejected", "identities", "--help"],
)
def test_an_output_that_lacks_a_character_gets_it_escaped(
    command: str, encoding: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_store(tmp_path, replace(TITLED, source_title="calls 呼"))
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding))

    assert run(*command.split()).code == 0
    sys.stdout.flush()
    assert (b"calls \\u547c" in printed.getvalue()) == (command != "--help")


def test_a_refused_argument_is_quoted_escaped(run: Run) -> None:
    err = run("status", "calls\u202e").err

    assert "Got unexpected extra argument (calls\\u202e)" in err
    assert "\u202e" not in err


def counting(title: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `sfcrime stream` says that it counts."""

    def stream_topic(request: StreamRequest) -> dict[int, int]:
        request.hooks.on_ready("http://127.0.0.1:3000", replace(TITLED, source_title=title))
        return {}

    monkeypatch.setattr(stream, "stream_topic", stream_topic)
    return next(
        line
        for line in run("stream", "--no-restart").err.splitlines()
        if line.startswith("Counting")
    )


def test_the_stream_says_what_it_counts_as_it_stands(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counting(HOSTILE, run, monkeypatch) == (
        f"Counting {SHOWN} from topic org.sf.police.calls"
    )


def test_a_topic_without_a_source_is_named_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in ("topic org.sf.police.calls", ""):
        assert counting(title, run, monkeypatch) == "Counting topic org.sf.police.calls"


def test_the_live_view_shows_steps_as_they_stand() -> None:
    overview = Overview(ProducerActivity(step=HOSTILE), StreamActivity(step=HOSTILE), None)
    console = Console(file=io.StringIO(), force_terminal=False, width=100, height=40)

    console.print(draw(overview, {}, {"published": 0.0, "read": 0.0}, "starting"))

    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert drawn.count(SHOWN) == 2
    assert "\x1b" not in drawn


def test_a_run_without_a_live_view_says_steps_as_they_stand(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def __init__(self, settings: object, on_step: object, **_: object) -> None:
            assert callable(on_step)
            on_step(HOSTILE)
            raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "Pipeline", Failing)

    assert_harmless(run("run").out)
