"""What `sfcrime rebuild` says before it counts, and while it does."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli.conftest import Run, fill_store
from sfcrime.cli import rebuild
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.rebuild import plan_lines, rebuild_hooks
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import LostRange
from sfcrime.errors import SfcrimeError
from sfcrime.pipeline.rebuilding import RebuildPlan, Rebuilt, of_stored_topic
from sfcrime.settings import Settings, StoreSettings
from store_samples import GENERATION

PLAN = RebuildPlan(
    seen=GENERATION,
    seen_accounting=Accounting(read=1_500, counted=1_400, duplicate=100),
    wanted=replace(GENERATION, window_minutes=30, lateness_s=None),
    due=1_200,
    lost=(),
)


def test_what_changes_and_what_readers_see_meanwhile_is_said() -> None:
    assert plan_lines(PLAN) == [
        "Counting 1,200 records of topic org.sf.police.calls again.",
        "Until the new numbers are complete, readers see the old ones: 1,500 records read, "
        "1,400 counted.",
        "What changes: window 60 min -> 30 min, lateness 168 h -> off.",
    ]


def test_a_count_by_the_same_settings_changes_nothing() -> None:
    same = replace(PLAN, wanted=replace(GENERATION, created_ms=5))
    assert plan_lines(same)[-1] == "What changes: nothing."


def test_what_is_lost_is_named() -> None:
    lost = replace(PLAN, lost=(LostRange(0, 0, 200), LostRange(1, 10, 110)))
    assert plan_lines(lost)[-3:] == [
        "What is lost: 300 offsets that were counted and are in the topic no longer.",
        "  partition 0: offsets 0 to 199",
        "  partition 1: offsets 10 to 109",
    ]


def test_a_store_that_holds_nothing_shows_nothing_meanwhile() -> None:
    assert plan_lines(replace(PLAN, seen=None)) == [
        "Counting 1,200 records of topic org.sf.police.calls again.",
        "Readers see nothing until the numbers are complete.",
    ]


def test_a_log_has_a_line_for_every_batch_that_counted_something() -> None:
    log = Console(file=io.StringIO(), markup=False)
    hooks = rebuild_hooks(ProgressBar(log, clock=lambda: 0.0))

    hooks.on_plan(replace(PLAN, wanted=replace(GENERATION, topic="calls [/b]\x1b"), seen=None))
    hooks.on_step("starting Spark")
    for done in (1_000, 1_000, 2_000):
        hooks.on_progress(done, 4_000)

    assert isinstance(log.file, io.StringIO)
    assert log.file.getvalue().splitlines() == [
        "Counting 1,200 records of topic calls [/b]\\x1b again.",
        "Readers see nothing until the numbers are complete.",
        "starting Spark",
        "1,000 of 4,000 records (25%)",
        "2,000 of 4,000 records (50%)",
    ]


@pytest.mark.parametrize(
    ("flags", "environment", "topic"),
    [
        ([], {}, GENERATION.topic + "-outside"),
        (["--topic", GENERATION.topic], {}, GENERATION.topic),
        ([], {"SFCRIME_KAFKA_TOPIC": "another"}, "another"),
    ],
)
def test_the_topic_that_was_counted_is_counted_again_unless_another_is_named(
    flags: list[str],
    environment: dict[str, str],
    topic: str,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_store(tmp_path, replace(GENERATION, topic=GENERATION.topic + "-outside"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def rebuild_topic(settings: Settings, *_: object, **__: object) -> Rebuilt:
        raise SfcrimeError(f"Asked for {settings.kafka.topic}.")

    monkeypatch.setattr(rebuild, "rebuild_topic", rebuild_topic)

    assert run("rebuild", *flags).err == f"error: Asked for {topic}.\n"


def test_without_a_store_the_topic_of_the_settings_is_counted(tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(data_dir=str(tmp_path)))

    assert of_stored_topic(settings) == settings
