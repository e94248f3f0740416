"""`sfcrime run`: what it refuses before, and how it ends when a part of it fails."""

from __future__ import annotations

import io
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli.conftest import fill_store
from running import Sfcrime
from sfcrime.cli import run as run_module
from sfcrime.cli.browser import open_browser
from sfcrime.cli.live_view import View
from sfcrime.kafka.broker_record import running_bootstrap_servers
from sfcrime.machine.own_folder import file_lock
from sfcrime.pipeline.activity import DashboardActivity, ProducerActivity, StreamActivity
from sfcrime.pipeline.overview import Overview

END = ("--until-caught-up", "--no-dashboard")


@pytest.mark.parametrize(
    "flags, named",
    [
        (("--speed", "fast"), "speed"),
        (("--window", "7"), "window_minutes cannot be"),
        (("--lateness-hours", "never"), "lateness_hours"),
        (("--limit", "-1"), "limit"),
        (("--seed", "-1"), "seed"),
        (("--start", "yesterday"), "start"),
        (("--partitions", "0"), "partitions"),
        (("--max-records-per-batch", "0"), "max_records_per_batch"),
        (("--topic", "a b"), "topic"),
        (("--speed", "0x"), "The setting source.speed cannot be"),
        (("--start", "2018-02-30"), "source.start cannot be '2018-02-30'"),
        (("--start", "1999-12-31"), "cannot start on 1999-12-31"),
        (("--source", "missing.json"), "missing.json is not there."),
        (("--source", "missing/*.json"), "No file fits missing/*.json."),
        (("--source", "."), ". is a folder."),
        (("--source", "synthetic", "--source", "calls.csv"), "The source is synthetic and"),
        (("--source", " "), "The source is empty."),
        (("--source", "calls.csv", "--source", "-"), "The source is standard input."),
        (("--dashboard-port", "65536"), "dashboard.port"),
        (("--open", "--no-dashboard"), "--no-dashboard leaves it out"),
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


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("SPARK_PROPERTIES", '{"spark.master": "local[8]"}', "names spark.master"),
        ("SOURCE_OPTIONS", '{"startingOffsets": "latest"}', "names startingOffsets"),
    ],
)
def test_what_sfcrime_sets_itself_is_refused_and_nothing_starts(
    sfcrime: Sfcrime, variable: str, value: str, named: str
) -> None:
    sfcrime.environment = {f"SFCRIME_STREAM_{variable}": value}

    ran = sfcrime("run", *END)

    assert ran.code == 2
    assert named in ran.err
    assert not sfcrime.data_dir.exists()


def test_a_store_that_was_counted_otherwise_is_refused_before_anything_starts(
    sfcrime: Sfcrime,
) -> None:
    fill_store(sfcrime.data_dir)

    ran = sfcrime("run", *END, "--window", "30")

    assert ran.code == 1
    assert "window_minutes was 60 and is now 30" in ran.err
    assert "starting" not in ran.out
    assert not (sfcrime.data_dir / "run").exists()


def test_a_job_or_broker_of_another_process_is_refused_before_anything_starts(
    sfcrime: Sfcrime,
) -> None:
    for lock, said in (
        ("stream.lock", "Another job works in"),
        ("kafka/lock", "Another broker works in"),
    ):
        with file_lock(sfcrime.data_dir / lock, wait=False):
            ran = sfcrime("run", *END)

        assert ran.code == 1
        assert said in ran.err
        assert "starting" not in ran.out


def test_a_second_producer_of_a_data_folders_topic_is_refused_however_slow_the_first_is(
    sfcrime: Sfcrime,
) -> None:
    with file_lock(sfcrime.data_dir / "run" / "calls.lock", wait=False):
        ran = sfcrime("produce", "--topic", "calls", "--limit", "1", "--speed", "max")
    assert ran.code == 1
    assert "Another producer of calls works in" in ran.err


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


def test_a_second_run_on_the_same_folder_is_refused(sfcrime: Sfcrime) -> None:
    sfcrime.data_dir.mkdir()
    with file_lock(sfcrime.data_dir / "run.lock", wait=False):
        ran = sfcrime("run", *END)
    assert ran.code == 1
    assert "Another supervisor works in" in ran.err
    assert not (sfcrime.data_dir / "kafka").exists()


def test_a_port_that_is_taken_is_refused_by_its_name_before_anything_starts(
    sfcrime: Sfcrime,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ran = sfcrime("run", *END, "--port", port)
    assert ran.code == 4
    assert port in ran.err
    assert "starting" not in ran.out


def test_a_page_whose_port_is_taken_is_refused_before_anything_starts(sfcrime: Sfcrime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ran = sfcrime("run", "--dashboard-port", port)

    assert ran.code == 4
    assert f"The page cannot listen on 127.0.0.1:{port}: the port is in use." in ran.err
    assert "--dashboard-port 0" in ran.err
    assert "--no-dashboard" in ran.err
    assert "starting" not in ran.out
    assert not (sfcrime.data_dir / "run").exists()


def test_a_run_without_its_page_does_not_care_who_has_the_pages_port(sfcrime: Sfcrime) -> None:
    fill_store(sfcrime.data_dir)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ran = sfcrime("run", *END, "--dashboard-port", port, "--window", "30")

    assert "window_minutes was 60 and is now 30" in ran.err


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("0.0.0.0", "other machines can reach it"),  # noqa: S104 - refused
        ("no-such-host.invalid", "other machines can reach it"),
    ],
)
def test_a_page_for_other_machines_without_a_token_is_refused_and_nothing_starts(
    sfcrime: Sfcrime, host: str, said: str
) -> None:
    sfcrime.environment = {"SFCRIME_DASHBOARD_HOST": host}

    ran = sfcrime("run")

    assert ran.code == 2
    assert said in ran.err
    assert not sfcrime.data_dir.exists()


def test_a_page_on_an_address_of_another_machine_is_refused_and_nothing_starts(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    token.chmod(0o600)
    sfcrime.environment = {
        "SFCRIME_DASHBOARD_HOST": "192.0.2.1",
        "SFCRIME_DASHBOARD_PORT": "8000",
        "SFCRIME_DASHBOARD_TOKEN_FILE": str(token),
        "SFCRIME_DASHBOARD_ALLOWED_HOSTS": "calls.example.org",
    }

    ran = sfcrime("run")

    assert ran.code == 2
    assert "The page cannot listen on 192.0.2.1:8000: " in ran.err
    assert "starting" not in ran.out
    assert not (sfcrime.data_dir / "run").exists()


def test_the_address_of_the_page_is_said_once_and_opened_once_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(run_module, "open_browser", lambda url, _: opened.append(url) or "child")
    terminal = io.StringIO()
    page = run_module._PageAddress(tmp_path, Console(file=terminal, width=80), opens=True)
    nothing = Overview(ProducerActivity(), StreamActivity(), None)

    page.look(nothing)
    assert terminal.getvalue() == ""
    for url in ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8001"):
        page.look(replace(nothing, dashboard=DashboardActivity(url=url)))

    assert (
        terminal.getvalue() == "the page: http://127.0.0.1:8000\nthe page: http://127.0.0.1:8001\n"
    )
    assert opened == ["http://127.0.0.1:8000"]


def test_a_browser_is_asked_in_a_process_without_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\necho said\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    asking = open_browser("http://127.0.0.1:8000", tmp_path / "run" / "browser.log")

    assert asking.wait(30) == 0
    assert (tmp_path / "asked").read_text() == "http://127.0.0.1:8000\n"
    assert (tmp_path / "run" / "browser.log").read_text().startswith("said\n")


@pytest.mark.end_to_end
def test_a_part_that_fails_ends_the_run_with_its_code_and_its_error_told_once(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"crime_id":"1"}, {"crime_id"')

    ran = sfcrime("run", "--source", str(broken), *END)

    assert ran.code == 3
    assert ran.err.startswith(f"error: The producer ended (exit code 3): {broken} is not JSON")
    assert ran.err.count("error: ") == 1
    assert ran.err.count("Next step: ") == 1
    assert "producer.log" in ran.err.splitlines()[-1]
    assert running_bootstrap_servers(sfcrime.data_dir) is None
