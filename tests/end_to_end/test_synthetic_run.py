"""The synthetic city: killed in part, interrupted, run again, and named for what it is."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from running import Sfcrime, Started, alive, command_line, kill_all, settings_in, wait_until
from sfcrime.kafka.broker import start_broker
from sfcrime.kafka.broker_record import ProcessIdentity
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.topic import Topic
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.settings import JvmSettings, KafkaSettings

pytestmark = pytest.mark.end_to_end

CITY = ["--source", "synthetic", "--seed", "5", "--start", "2025-03-08"]
LIMIT = 3_000


def test_an_interrupted_city_goes_on_and_is_synthetic_to_the_last_record(
    sfcrime: Sfcrime, tmp_path: Path, jvm: JvmSettings
) -> None:
    run = ["run", *CITY, "--until-caught-up", "--port", "0", "--ui-port", "0"]
    with sfcrime.started(*run, "--speed", "600x") as started:
        started.wait_for(lambda: sfcrime.read() > 0, "the first batch")
        kill_all(_processes(started, "stream"))
        started.wait_for(lambda: "starting it again" in started.log(), "the stream's restart")
        counted = sfcrime.read()
        started.wait_for(lambda: sfcrime.read() > counted, "a batch of the second stream")
        _kill_the_page_and_await_the_next(sfcrime, started)
        _compare_the_page_with_the_report(sfcrime, started)
        tree = started.tree()
        interrupted = time.monotonic()
        started.signal(signal.SIGINT)
        assert started.wait() == 130, started.log()
        assert time.monotonic() - interrupted < 10
        assert alive(tree) == []
    assert sfcrime("status", "--json").json["supervision"] is None
    assert 0 < sfcrime.read() < LIMIT

    again = _with_broken_java(sfcrime, tmp_path)
    (sfcrime.data_dir / "run" / "dashboard.log").unlink()
    ended = again(*run, "--speed", "max", "--limit", str(LIMIT), "--no-dashboard")

    assert ended.code == 0, ended.out + ended.err
    assert not (sfcrime.data_dir / "run" / "dashboard.log").exists()
    status = again("status", "--json").json
    assert status["accounting"]["read"] == LIMIT
    assert status["synthetic"] is True
    assert "SYNTHETIC" in again("status").out
    assert _sources_of_all_records(sfcrime.data_dir, jvm) == {"synthetic": LIMIT}
    assert again("audit").code == 0


def _kill_the_page_and_await_the_next(sfcrime: Sfcrime, started: Started) -> None:
    """Whatever becomes of the page, the run goes on."""
    first = _page(sfcrime, started)
    assert f"the page: {first}" in started.log()
    kill_all(_processes(started, "dashboard"))
    said = "the dashboard was killed by signal 9; starting it again"
    started.wait_for(lambda: said in started.log(), "the page's restart")
    started.wait_for(lambda: _page(sfcrime, started) != first, "the second page")
    counted = sfcrime.read()
    started.wait_for(lambda: sfcrime.read() > counted, "a batch after the page's restart")


def _compare_the_page_with_the_report(sfcrime: Sfcrime, started: Started) -> None:
    """While the producer is held, so that both speak of the same records."""
    (producer,) = _processes(started, "produce")
    os.kill(producer.pid, signal.SIGSTOP)
    try:
        report = _settled_report(sfcrime)
        page = _page(sfcrime, started)
        started.wait_for(
            lambda: asked(f"{page}/api/v1/overview")["accounts"] == report["accounting"],
            "the report's numbers on the page",
        )
        meta = asked(f"{page}/api/v1/overview")["meta"]
        assert (meta["as_of"], meta["committed_at"]) == (report["as_of"], report["committed_at"])
        assert meta["synthetic"] is True
        by_day: dict[str, int] = {}
        for row in report["rows"]:
            day = row["window_start"][:10]
            by_day[day] = by_day.get(day, 0) + row["calls"]
        days = asked(f"{page}/api/v1/days")["days"]
        assert {each["day"]: each["calls"] for each in days} == by_day
    finally:
        os.kill(producer.pid, signal.SIGCONT)


def _settled_report(sfcrime: Sfcrime) -> dict[str, Any]:
    """Once two in a row say the same: then all that was published is counted."""
    reports: list[dict[str, Any]] = []

    def has_settled() -> bool:
        reports.append(sfcrime("report", "--by", "type", "--every", "day", "--json").json)
        return len(reports) > 1 and reports[-1] == reports[-2]

    wait_until(has_settled, "a count that stands still")
    return reports[-1]


def _page(sfcrime: Sfcrime, started: Started) -> str:
    """The address of the page, once it answers."""
    url = ""

    def answers() -> bool:
        nonlocal url
        url = read_activity(sfcrime.data_dir, DashboardActivity).url
        return url != "" and url in started.log()

    started.wait_for(answers, "the page's address")
    return url


def asked(url: str) -> dict[str, Any]:
    """The answer of the page's server."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
        found: dict[str, Any] = json.load(answer)
    return found


def _processes(started: Started, command: str) -> list[ProcessIdentity]:
    return [each for each in started.tree() if f"sfcrime {command}" in command_line(each)]


def _with_broken_java(sfcrime: Sfcrime, tmp_path: Path) -> Sfcrime:
    """The same folder, in a shell where every Java is broken but the one that we brought."""
    stub = tmp_path / "bin" / "java"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\necho 'this java was run' >&2\nexit 1\n")
    stub.chmod(0o755)
    return Sfcrime(
        sfcrime.data_dir,
        {
            "PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}",
            "JAVA_HOME": str(tmp_path / "no-such-java"),
            "SPARK_HOME": str(tmp_path / "no-such-spark"),
        },
    )


def _sources_of_all_records(data_dir: Path, jvm: JvmSettings) -> dict[str, int]:
    """How many records of the topic name which source in their header."""
    found: dict[str, int] = {}
    with start_broker(settings_in(data_dir, KafkaSettings(port=0))) as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        wait_until(lambda: sum(Topic(kafka).end_offsets().values()) == LIMIT, "the topic")
        for messages in read_messages(
            kafka, Topic(kafka).first_offsets(), Topic(kafka).end_offsets(), 1000
        ):
            for message in messages:
                header = json.loads(dict(message.headers() or ())["sfcrime-source"] or b"")
                kind = "synthetic" if header["synthetic"] else header["name"]
                found[kind] = found.get(kind, 0) + 1
    return found
