"""The producer as a part of a run: done, or silent though it should say something."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from other_program import STAYS, OtherProgram
from running import settings_in
from sfcrime.pipeline import kept_producer
from sfcrime.pipeline.activity import ProducerActivity, activity_file, write_activity
from sfcrime.pipeline.kept_producer import KeptProducer
from sfcrime.settings import KafkaSettings

PUBLISHING = ProducerActivity(sent=5, virtual_ms=1_000, step="publishing")
READING = ProducerActivity(step="reading, 40%")


class Watched:
    """A producer whose program is another one, on a clock that only moves when told to."""

    def __init__(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.said = 0.0, list[str]()
        monkeypatch.setattr(kept_producer, "watched_s", lambda: self.now_s)
        self.data_dir = data_dir
        settings = settings_in(data_dir, KafkaSettings())
        self.kept = KeptProducer(settings, [], self.said.append)
        self.part = OtherProgram("producer", [], settings, says=ProducerActivity, program=STAYS)
        self.kept.process = self.kept.part.process = self.part

    def says(self, activity: ProducerActivity) -> None:
        """At a moment of its own, as a file system tells them apart."""
        write_activity(self.data_dir, activity)
        at_ns = int(self.now_s * 1e9) + 10**18
        os.utime(activity_file(self.data_dir, ProducerActivity), ns=(at_ns, at_ns))

    def passes(self, seconds: float, *, kafka_answers: bool = True) -> None:
        self.now_s += seconds
        self.kept.look(may_start=kafka_answers)


@pytest.fixture
def producer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(tmp_path, monkeypatch)
    watched.kept.part.start()
    return watched


@pytest.mark.parametrize("starts", [0, 10])
def test_one_that_says_nothing_while_it_publishes_is_killed_and_started_again(
    producer: Watched, starts: int
) -> None:
    try:
        producer.kept.part.attempts = starts
        for _ in range(3):
            producer.says(PUBLISHING)
            producer.passes(50)
        producer.passes(60)
        assert producer.part.exit_code is None

        producer.passes(1)
        assert producer.part.exit_code == -signal.SIGKILL
        assert producer.said == ["the producer said nothing for 61 s; starting it again"]
    finally:
        producer.part.kill()


@pytest.mark.parametrize(
    "said, kafka_answers",
    [(READING, True), (ProducerActivity(), True), (PUBLISHING, False)],
    ids=["it reads", "it has not begun", "Kafka does not answer"],
)
def test_one_that_need_not_say_anything_is_left_alone(
    producer: Watched, said: ProducerActivity, kafka_answers: bool
) -> None:
    try:
        producer.says(said)
        for _ in range(10):
            producer.passes(100, kafka_answers=kafka_answers)
        assert producer.part.exit_code is None
        assert producer.said == []
    finally:
        producer.part.kill()


def test_one_that_has_published_everything_is_done(producer: Watched) -> None:
    producer.part.kill()
    producer.part.program = "pass"
    producer.part.start()
    producer.says(ProducerActivity(sent=5, step="done", finished=True))
    assert producer.part.child is not None
    producer.part.child.wait(60)
    producer.passes(1)
    assert producer.kept.is_done
    assert producer.said == []
