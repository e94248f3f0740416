"""`sfcrime run`: what it refuses before, and how it ends when a part of it fails."""

from __future__ import annotations

import io
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from running import Sfcrime
from sfcrime.cli.run_view import View
from sfcrime.kafka.broker import running_bootstrap_servers
from sfcrime.machine.locks import file_lock
from sfcrime.pipeline.activity import ProducerActivity, StreamActivity
from sfcrime.pipeline.overview import Overview

END = ("--until-caught-up", "--no-dashboard")


@pytest.mark.parametrize(
    "flags, named",
    [
        (("--speed", "fast"), "speed"),
        (("--window", "7"), "7 minutes does not divide an hour"),
        (("--lateness-hours", "never"), "lateness_hours"),
        (("--limit", "-1"), "limit"),
        (("--seed", "-1"), "seed"),
        (("--start", "yesterday"), "start"),
        (("--partitions", "0"), "partitions"),
        (("--max-records-per-batch", "0"), "max_records_per_batch"),
        (("--topic", "a b"), "topic"),
    ],
)
def test_a_flag_that_cannot_be_is_a_usage_error_and_nothing_starts(
    sfcrime: Sfcrime, flags: tuple[str, ...], named: str
) -> None:
    ran = sfcrime("run", *flags)
    assert ran.code == 2
    assert named in ran.err
    assert "Traceback" not in ran.err
    assert not sfcrime.data_dir.exists()


def test_a_view_is_drawn_again_only_where_it_would_look_different() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100, height=40)
    overview = Overview(ProducerActivity(), StreamActivity(), None)

    def drawn(view: View, overview: Overview) -> int:
        before = terminal.tell()
        view.show(overview, {0: 7})
        return terminal.tell() - before

    with View(console, False, ["starting Spark"]) as view:
        assert drawn(view, overview) > 0
        assert drawn(view, overview) == 0
        assert drawn(view, replace(overview, producer=ProducerActivity(sent=7))) > 0
        console.width = 90
        assert drawn(view, replace(overview, producer=ProducerActivity(sent=7))) > 0


def test_standard_input_is_for_produce_alone(sfcrime: Sfcrime) -> None:
    ran = sfcrime("run", "--source", "calls.csv", "--source", "-")
    assert ran.code == 2
    assert "sfcrime produce -" in ran.err
    assert not sfcrime.data_dir.exists()


def test_a_second_run_on_the_same_folder_is_refused(sfcrime: Sfcrime) -> None:
    sfcrime.data_dir.mkdir()
    with file_lock(sfcrime.data_dir / "run.lock", wait=False):
        ran = sfcrime("run", *END)
    assert ran.code == 1
    assert "Another `sfcrime run` works on" in ran.err
    assert not (sfcrime.data_dir / "kafka").exists()


@pytest.mark.end_to_end
def test_a_port_that_is_taken_ends_the_run_with_its_name(sfcrime: Sfcrime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ran = sfcrime("run", *END, "--port", port)
    assert ran.code == 4
    assert port in ran.err


@pytest.mark.end_to_end
def test_a_source_that_is_not_there_ends_the_run_with_the_code_of_the_part_that_failed(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.json"

    ran = sfcrime("run", "--source", str(missing), *END)

    assert ran.code == 2
    assert "The producer ended (exit code 2)." in ran.err
    assert str(missing) in ran.err
    assert "producer.log" in ran.err
    assert running_bootstrap_servers(sfcrime.data_dir) is None
