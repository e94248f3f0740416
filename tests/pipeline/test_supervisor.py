"""How a part that ended is told, its own error once or the end of its log; what a look asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asked_admin import AskedAdmin
from running import settings_in
from sfcrime.errors import ChildFailed, KafkaUnavailable
from sfcrime.kafka.broker import RunningBroker
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.pipeline.activity import ERROR_FILE
from sfcrime.pipeline.part import part_failure
from sfcrime.pipeline.supervisor import Pipeline
from sfcrime.settings import KafkaSettings


def test_the_error_of_a_part_is_told_once_with_its_own_next_step(tmp_path: Path) -> None:
    log, file = tmp_path / "producer.log", tmp_path / "none.json"
    facts = tmp_path / "producer.error.json"
    part = subprocess.run(
        [sys.executable, "-m", "sfcrime", "produce", str(file), "--data-dir", str(tmp_path / "x")],
        env={**os.environ, ERROR_FILE: str(facts)},
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(part.stderr)
    told = json.loads(facts.read_text())
    assert part.stderr == (
        f"error: {told['happened']}\n{told['rule']}\nNext step: {told['next_step']}\n"
    )

    failure = part_failure("producer", part.returncode, log)

    assert str(failure) == (
        f"The producer ended (exit code 2): {told['happened']}\n{told['rule']}\n"
        f"Next step: {told['next_step']}; its log is {log}"
    )
    assert failure.exit_code == 2


def test_a_part_that_told_no_error_is_told_by_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "stream.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    failure = part_failure("stream", -9, log)

    assert str(failure).startswith("The stream ended (exit code -9): line 85\nline 86\n")
    assert str(failure).endswith(f"line 99\nNext step: read {log}")
    assert failure.exit_code == 1


def test_a_broker_that_ended_while_it_was_asked_is_told_as_ended(tmp_path: Path) -> None:
    """As on a full disk: that the broker does not answer says less."""

    class Ended(RunningBroker):
        def __init__(self) -> None:
            self.log_path = tmp_path / "broker.log"

        def is_running(self) -> bool:
            return False

    class Silent(Topic):
        def __init__(self) -> None:
            pass

        def ends(self) -> dict[int, int]:
            raise KafkaUnavailable("Nothing answers.")

    settings = settings_in(tmp_path, KafkaSettings())
    pipeline = Pipeline(settings, lambda _: None, until_caught_up=False, with_dashboard=False)
    pipeline._broker, pipeline._topic = Ended(), Silent()
    (tmp_path / "broker.log").write_text("No space left on device\n")

    with pytest.raises(ChildFailed, match=r"The broker ended\.[^$]*No space left"):
        pipeline._topic_ends()


@pytest.mark.kafka
def test_a_look_at_how_far_the_topic_goes_lists_the_topics_once(
    tmp_path: Path, topic: Callable[[], KafkaSettings], admins: list[AskedAdmin]
) -> None:
    kafka = topic()
    pipeline = Pipeline(
        settings_in(tmp_path, kafka), lambda _: None, until_caught_up=False, with_dashboard=False
    )
    assert pipeline._topic_ends() == {}
    ensure_topic(Topic(kafka), 1)
    admins[0].asked.clear()

    assert pipeline._topic_ends() == {0: 0}

    assert admins[0].asked == {"list_topics": 1, "list_offsets": 1}
