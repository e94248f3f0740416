"""Who asks Kafka asks again as long as that may help, and no longer."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Event, Timer
from time import monotonic

import pytest
from confluent_kafka import KafkaError, KafkaException

from sfcrime.errors import UsageError
from sfcrime.kafka import asking
from sfcrime.kafka.asking import Patience, answer_of, until_answered


class Broker:
    """Fails some times, and then answers.

    Args:
        times: how often it fails.
        code: with which of the client's errors.
    """

    def __init__(self, times: int, code: int = KafkaError._TIMED_OUT) -> None:
        self.left = times
        self.code = code
        self.asked: list[str] = []

    def ask(self, within_s: float) -> str:
        self.asked.append("ask")
        if not self.left:
            return f"answered within {within_s:g} s"
        self.left -= 1
        raise KafkaException(KafkaError(self.code))

    def look_again(self, _: float) -> None:
        self.asked.append("look")
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def test_the_client_looks_at_the_cluster_before_it_asks_again() -> None:
    broker = Broker(2)
    assert until_answered(Patience(60), broker.ask, broker.look_again) == "answered within 4 s"
    assert broker.asked == ["ask", "look", "ask", "look", "ask"]


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.NOT_CONTROLLER,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
    ],
)
def test_an_election_is_waited_for(code: int) -> None:
    broker = Broker(1, code)
    assert until_answered(Patience(2), broker.ask) == "answered within 2 s"


@pytest.mark.parametrize(
    "code", [KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED]
)
def test_what_asking_again_does_not_mend_is_raised_at_once(code: int) -> None:
    broker = Broker(1, code)
    with pytest.raises(KafkaException):
        until_answered(Patience(60), broker.ask)
    assert broker.asked == ["ask"]


def test_patience_ends() -> None:
    with pytest.raises(KafkaException):
        until_answered(Patience(0.3), Broker(1_000).ask)


def test_several_questions_have_a_common_end() -> None:
    began = monotonic()
    patience = Patience(60, until=began + 0.3)
    for _ in range(2):
        with pytest.raises(KafkaException):
            until_answered(patience, Broker(1_000).ask)
    assert 0.3 <= monotonic() - began < 5


def test_a_client_without_an_answer_is_replaced_from_time_to_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_RENEWED_AFTER_S", 0.25)
    renewed: list[float] = []
    brokers = [Broker(1_000), Broker(1_000), Broker(0)]

    answer = until_answered(
        Patience(60), lambda s: brokers[len(renewed)].ask(s), renew=lambda: renewed.append(1)
    )

    assert answer == "answered within 4 s"
    assert len(renewed) == 2


def test_a_client_whose_file_is_being_replaced_goes_on_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_RENEWED_AFTER_S", 0.0)
    tried: list[float] = []

    def renew() -> None:
        tried.append(1)
        raise UsageError("The Kafka client file is half written.")

    assert until_answered(Patience(60), Broker(2).ask, renew=renew) == "answered within 4 s"
    assert tried


def test_a_stop_ends_it() -> None:
    stop, began = Event(), monotonic()
    Timer(0.2, stop.set).start()
    with pytest.raises(KafkaException):
        until_answered(Patience(60, stop), Broker(1_000_000).ask)
    assert monotonic() - began < 10


def test_an_answer_that_the_client_never_gives_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_LOST_AFTER_S", 0.05)
    lost, given = Future[str](), Future[str]()
    given.set_result("answered")
    asked = [lost, given]

    assert until_answered(Patience(5), lambda _: answer_of(asked.pop(0), 0.05)) == "answered"
    assert asked == []
