"""How a query ends: waited for, given up without a broker, and why it ended by itself or never
began."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from sfcrime.errors import ChildFailed, KafkaUnavailable, SfcrimeError
from sfcrime.kafka.connection import answers
from sfcrime.settings import KafkaSettings
from sfcrime.spark.driver import OUT_OF_MEMORY_EXIT_CODES, DriverJvm

_POLL_S = 0.2
_BROKER_ANSWERS_S = 2.0
_KAFKA_ERRORS = "org.apache.kafka.common.errors."
_TOO_MUCH = (
    # A timestamp of Kafka's in microseconds has to be a number of 64 bits.
    "java.lang.ArithmeticException: long overflow",
    # A record that Kafka's own client cannot unpack.
    "Received exception when fetching the next record",
    # A value that Spark's rows cannot hold.
    "Cannot grow BufferHolder",
    # An executor whose memory ran out over them, as often as a task may be tried.
    "java.lang.OutOfMemoryError",
    "exited with code 52",
    "Exit code: 52",
)
"""What Spark says of records that it cannot read, whatever it is asked for."""
_CAUSES = ("Caused by: ", ": ")
"""Before the exceptions that the JVM names, and before the one that py4j names first."""
_WORKER_SAID, _WORKER_SAID_END = "Error from python worker:", "PYTHONPATH was:"
"""Around what a Python printed that did not become a worker."""
_GOES_ON = "starting again continues after the last batch"


def await_end(
    query: StreamingQuery,
    should_end: Callable[[], bool],
    look: Callable[[], None],
    gives_up: Callable[[], bool] = lambda: False,
    may_end: Callable[[], bool] = lambda: True,
) -> None:
    """Returns when the query has ended, or was ended between two batches.

    Args:
        query: a running one.
        should_end: asked five times a second, between two batches.
        look: called five times a second, and at the end; what it raises ends the wait.
        gives_up: asked five times a second within a batch; True leaves it unfinished.
        may_end: asked before these two: Spark's own answer, whether it is in a batch, costs calls
            into the JVM that an idle job need not make.
    """
    # PySpark takes fractions of a second, its stubs do not say so.
    while not query.awaitTermination(_POLL_S):  # type: ignore[arg-type]
        look()
        if not may_end():
            continue
        if query.status["isTriggerActive"]:
            if gives_up():
                return
        elif should_end():
            query.stop()
    look()


class TooMuchForSpark(Exception):
    """Spark cannot read the records that come next, or its memory ran out over them.

    Args:
        error: what ends the job where none come.
    """

    def __init__(self, error: ChildFailed) -> None:
        self.error = error
        super().__init__(error.happened)


class LostBroker:
    """Whether a stop has to leave the batch in hand, which the next start then reads again:
    without a broker, Spark's client would hold the query for minutes.

    Args:
        kafka: names the broker.
        stop: asked for where it is set.
    """

    def __init__(self, kafka: KafkaSettings, stop: Event) -> None:
        self._kafka, self._stop = kafka, stop
        self._ask_at = 0.0

    def __call__(self) -> bool:
        if not self._stop.is_set() or time.monotonic() < self._ask_at:
            return False
        lost = not answers(self._kafka, _BROKER_ANSWERS_S)
        self._ask_at = time.monotonic() + _BROKER_ANSWERS_S
        return lost


def cause_of(
    failure: StreamingQueryException,
    raised: BaseException | None,
    jvm: DriverJvm,
    require_topic: Callable[[], object],
) -> SfcrimeError | TooMuchForSpark:
    """The error that ended a query.

    Args:
        failure: as Spark passes it on.
        raised: what reading or storing a batch raised, as it was; None where it did not.
        jvm: that of the query; its log is named.
        require_topic: raises where the topic can no longer be read on, and says why: Spark's own
            error has many forms for that.
    """
    if isinstance(raised, SfcrimeError):
        return raised
    try:
        require_topic()
    except SfcrimeError as error:
        return error
    word = last_word(raised or failure)
    ended = ChildFailed(
        f"Spark ended the query: {word}",
        next_step=f"read {jvm.log_path}; {_GOES_ON}",
    )
    if any(sign in str(raised or failure) for sign in _TOO_MUCH):
        return TooMuchForSpark(ended)
    if _KAFKA_ERRORS in word:
        return KafkaUnavailable(
            f"Spark lost Kafka: {word}",
            next_step=f"check that the broker runs; {_GOES_ON}",
        )
    return ended


def jvm_ended(jvm: DriverJvm) -> ChildFailed | TooMuchForSpark:
    """The error of a JVM that ended under its query."""
    ran_out = jvm.exit_code in OUT_OF_MEMORY_EXIT_CODES
    next_step = f"read {jvm.log_path}; {_GOES_ON}"
    if ran_out:
        next_step = f"start again with SFCRIME_STREAM_HEAP=2g or more; {jvm.output_path} says why"
    error = ChildFailed(
        f"Spark's JVM ended under the query (exit code {jvm.exit_code}).", next_step=next_step
    )
    return TooMuchForSpark(error) if ran_out else error


def not_started(failure: Exception, jvm: DriverJvm) -> ChildFailed:
    """The error of a query that Spark could not start, as where there is no room for its files."""
    return ChildFailed(
        f"Spark could not start the query: {last_word(failure)}",
        next_step=f"check that /dev/shm and the data folder have room, and read {jvm.log_path}",
    )


def last_word(failure: BaseException) -> str:
    """The line that tells why, of all that Spark, Kafka's client and py4j say: the exception of a
    Python worker's traceback, else the last words of one that could not start, else the innermost
    cause that the JVM names, else the first."""
    lines = str(failure).splitlines() or [repr(failure)]
    if _WORKER_SAID in lines and _WORKER_SAID_END in lines:
        said = lines[lines.index(_WORKER_SAID) + 1 : lines.index(_WORKER_SAID_END)]
        return next((line.strip() for line in reversed(said) if line.strip()), _WORKER_SAID)
    traces = [at for at, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    raised = [line for line in lines[traces[0] + 1 :] if line[:1].strip()] if traces else []
    causes = [
        line.removeprefix(sign) for line in lines for sign in _CAUSES if line.startswith(sign)
    ]
    return (raised[:1] or causes[-1:] or lines)[0]
