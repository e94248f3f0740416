"""Asks Kafka again until it answers: the one place that waits through a broker's death.

A broker that dies takes the questions it was asked with it. Others are elected in its place, within
some ten seconds by Kafka's defaults; until then no leader answers, and the client goes on asking
the dead one: what it knows of the cluster it looks at again only when it is told to.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

from sfcrime.errors import KafkaUnavailable, UsageError

BROKER_WAIT_S = 60.0
"""How long a broker that died is waited for by whoever was let in before."""

_ATTEMPT_S = 4.0
"""A question whose broker has died has no answer, and so no earlier end."""
_LOST_AFTER_S = 5.0
"""What the client owes for so much longer than it was given is lost."""
_PAUSE_S = 0.1
_RENEWED_AFTER_S = 10.0
"""A client that had no answer for so long may hold on to what is no longer there."""

_PASSES = frozenset(
    {
        # A partition that was only just given to a broker, of a new topic or after an election, or
        # that the client does not know yet.
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._NOENT,
        # A new leader that does not know yet what all replicas have.
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        # A controller that died, or was not the one; "Timed out waiting for controller".
        KafkaError.NOT_CONTROLLER,
        KafkaError.BROKER_NOT_AVAILABLE,
        # A disk that failed: a broker with another one is elected. Fewer brokers up than there are
        # to be replicas: one may be on its way back.
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._DESTROY_BROKER,
        KafkaError._UNKNOWN_BROKER,
        KafkaError._WAIT_CACHE,
    }
)
"""What may be answered a moment later, and is no fault of the question."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for."""

    seconds: float
    stop: Event = field(default_factory=Event)
    """Set: it is not waited for any longer; what is being asked ends within 4 s."""
    until: float = math.inf
    """Common end of several questions, by the monotonic clock."""

    @property
    def attempt_s(self) -> float:
        """Bound of one request."""
        return min(self.seconds, _ATTEMPT_S)

    def deadline(self) -> float:
        """Until when what is asked now is waited for, by the monotonic clock."""
        return min(time.monotonic() + self.seconds, self.until)


def require_no_stop(stop: Event, doing: str) -> None:
    """Ends what a stop does not wait for; `doing` completes "A stop was asked for while ...".

    Raises:
        KafkaUnavailable: the stop is set.
    """
    if stop.is_set():
        raise KafkaUnavailable(
            f"A stop was asked for while {doing}.",
            next_step="starting again continues after the last batch",
        )


def no_leader() -> KafkaException:
    """The error of an answer that the client gives in place of a leader's that has died."""
    return KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))


def answer_of(asked: Future[Answer], within_s: float) -> Answer:
    """What the client answers; a time-out where it never does, which would else be waited for
    without an end.

    Args:
        asked: of the client.
        within_s: how long the client was to wait for the broker.

    Raises:
        KafkaException: the client's.
    """
    try:
        return asked.result(within_s + _LOST_AFTER_S)
    except TimeoutError as error:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from error


def until_answered(
    patience: Patience,
    ask: Callable[[float], Answer],
    look_again: Callable[[float], object] = lambda _: None,
    renew: Callable[[], object] = lambda: None,
) -> Answer:
    """The answer, asked for again where a broker's death or an election took it away.

    Args:
        patience: how long.
        ask: asks once, within so many seconds.
        look_again: has the client look at the cluster again before the next attempt; what passes
            may be raised by it as well.
        renew: makes another client, after every 10 s without an answer.

    Raises:
        KafkaException: what was met last; at once where asking again does not help.
    """
    deadline, renewed = patience.deadline(), time.monotonic()
    while True:
        try:
            return ask(patience.attempt_s)
        except KafkaException as error:
            if not _may_pass(error) or time.monotonic() >= deadline or patience.stop.wait(_PAUSE_S):
                raise
        if time.monotonic() >= renewed + _RENEWED_AFTER_S:
            with contextlib.suppress(UsageError):  # its file is being replaced: the old one stays
                renew()
            renewed = time.monotonic()
        with contextlib.suppress(KafkaException):
            look_again(patience.attempt_s)


def _may_pass(error: KafkaException) -> bool:
    met = error.args[0]
    return isinstance(met, KafkaError) and met.code() in _PASSES
