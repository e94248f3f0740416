"""Why a query ended, as an error of ours: what Spark, Kafka's client and py4j say is searched for
the one line that tells."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.errors import StreamingQueryException

from sfcrime.errors import ChildFailed, KafkaUnavailable, SfcrimeError
from sfcrime.spark.gateway import OUT_OF_MEMORY_EXIT_CODE, DriverJvm

_KAFKA_ERRORS = "org.apache.kafka.common.errors."
_GOES_ON = "starting again continues after the last batch"


def cause_of(
    failure: StreamingQueryException,
    raised: BaseException | None,
    jvm: DriverJvm,
    require_topic: Callable[[], object],
) -> SfcrimeError:
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
    if _KAFKA_ERRORS in word:
        return KafkaUnavailable(
            f"Spark lost Kafka: {word}",
            next_step=f"check that the broker runs; {_GOES_ON}",
        )
    return ChildFailed(
        f"Spark ended the query: {word}",
        next_step=f"read {jvm.log_path}; {_GOES_ON}",
    )


def jvm_ended(jvm: DriverJvm) -> ChildFailed:
    """The error of a JVM that ended under its query."""
    next_step = f"read {jvm.log_path}; {_GOES_ON}"
    if jvm.exit_code == OUT_OF_MEMORY_EXIT_CODE:
        next_step = f"start again with SFCRIME_STREAM_HEAP=2g or more; {jvm.log_path} says why"
    return ChildFailed(
        f"Spark's JVM ended under the query (exit code {jvm.exit_code}).", next_step=next_step
    )


def last_word(failure: BaseException) -> str:
    """The line that says why: the exception of a Python worker's traceback, else the innermost
    cause that the JVM names, else the first."""
    lines = str(failure).splitlines() or [repr(failure)]
    traces = [at for at, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    raised = [line for line in lines[traces[0] + 1 :] if line[:1].strip()] if traces else []
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return (raised[:1] or causes[-1:] or lines)[0]
