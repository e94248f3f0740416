"""The synthetic city: killed in part, interrupted, run again, and named for what it is."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from running import Sfcrime, alive, command_line, kill_all, settings_in, wait_until
from sfcrime.kafka.broker import start_broker
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.topic import Topic
from sfcrime.settings import JvmSettings, KafkaSettings

pytestmark = pytest.mark.end_to_end

CITY = [
    "--source",
    "synthetic",
    "--seed",
    "5",
    "--start",
    "2025-03-08",
    "--no-dashboard",
    "--plain",
]
LIMIT = 3_000


def test_an_interrupted_city_goes_on_and_is_synthetic_to_the_last_record(
    sfcrime: Sfcrime, tmp_path: Path, jvm: JvmSettings
) -> None:
    run = ["run", *CITY, "--until-caught-up", "--port", "0", "--ui-port", "0"]
    with sfcrime.started(*run, "--speed", "600x") as started:
        started.wait_for(lambda: sfcrime.read() > 0, "the first batch")
        kill_all([each for each in started.tree() if "sfcrime stream" in command_line(each)])
        started.wait_for(lambda: "starting it again" in started.log(), "the stream's restart")
        counted = sfcrime.read()
        started.wait_for(lambda: sfcrime.read() > counted, "a batch of the second stream")
        tree = started.tree()
        interrupted = time.monotonic()
        started.signal(signal.SIGINT)
        assert started.wait() == 130, started.log()
        assert time.monotonic() - interrupted < 10
        assert alive(tree) == []
    assert 0 < sfcrime.read() < LIMIT

    again = _with_broken_java(sfcrime, tmp_path)
    ended = again(*run, "--speed", "max", "--limit", str(LIMIT))

    assert ended.code == 0, ended.out + ended.err
    status = again("status", "--json").json
    assert status["accounting"]["read"] == LIMIT
    assert status["synthetic"] is True
    assert "SYNTHETIC" in again("status").out
    assert _sources_of_all_records(sfcrime.data_dir, jvm) == {"synthetic": LIMIT}
    assert again("audit").code == 0


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
