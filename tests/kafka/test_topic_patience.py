"""A topic is asked by another client once the one before had no answer for long."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka import asking
from sfcrime.kafka import topic as topic_module
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings


class Clock:
    """In the place of `time`: every question takes as long as it may."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


class Admin:
    """A client that knows of the partition's leader, or has lost its brokers."""

    def __init__(self, clock: Clock, *, answers: bool) -> None:
        self._clock, self._answers = clock, answers

    def list_topics(self, timeout: float) -> Any:
        if not self._answers:
            self._clock.now_s += timeout
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        partitions = {0: SimpleNamespace(leader=2)}
        topics = {"calls": SimpleNamespace(partitions=partitions)}
        return SimpleNamespace(topics=topics, brokers={}, cluster_id="one")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asking, "time", clock)
    monkeypatch.setattr(topic_module, "time", clock)
    monkeypatch.setattr(asking, "_PAUSE_S", 0)
    return clock


def _topic(clock: Clock, monkeypatch: pytest.MonkeyPatch, *answers: bool) -> Topic:
    """Whose clients, one after the other, answer or do not."""
    admins = [Admin(clock, answers=each) for each in answers]
    monkeypatch.setattr(topic_module, "open_admin", lambda _: admins.pop(0))
    return Topic(KafkaSettings(topic="calls"), 60.0, Event())


def test_a_client_that_lost_its_brokers_is_replaced_after_10_s(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = _topic(clock, monkeypatch, False, True)

    assert topic.within(60.0).leaders() == {0: 2}
    assert clock.now_s == 12.0  # three attempts of 4 s
    assert topic.leaders() == {0: 2}, "the client that answers is kept"
    assert clock.now_s == 12.0


def test_all_that_a_look_asks_for_is_waited_for_together(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = _topic(clock, monkeypatch, *[False] * 9)
    hurried = topic.within(20.0)
    with pytest.raises(KafkaUnavailable):
        hurried.leaders()
    assert clock.now_s == 20.0
    with pytest.raises(KafkaUnavailable):
        hurried.find()
    assert clock.now_s == 24.0  # one attempt more
