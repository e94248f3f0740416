"""The job: decides what is counted, refuses what would bend it, runs the query to its end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from sfcrime.domain.outcomes import DEFAULT_LATENESS_S, RULES_VERSION
from sfcrime.errors import ChildFailed, SfcrimeError
from sfcrime.kafka.client import spark_options
from sfcrime.kafka.offsets import end_offsets, first_offsets
from sfcrime.kafka.origin import OriginKind, TopicOrigin, topic_origin
from sfcrime.kafka.topics import describe_topic
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import BatchProgress, Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.checkpoint import Checkpoint, Fingerprint, require_agreement
from sfcrime.streaming.gateway import OUT_OF_MEMORY_EXIT_CODE, DriverJvm
from sfcrime.streaming.intake import (
    TopicRead,
    calls_without_repeats,
    judged_records,
    records_of_topic,
)
from sfcrime.streaming.progress import ProgressReports
from sfcrime.streaming.session import RunningSpark, shuffle_partitions
from sfcrime.streaming.sink import StopRequested, StoreSink

CHECKPOINT_FOLDER = "checkpoint"
_POLL_S = 0.2
_DEATH_SEEN_S = 5.0
"""A call into the JVM fails a moment before the system says that its process has ended."""
_ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"


@dataclass(frozen=True, slots=True)
class StreamJob:
    """What a run of the query needs."""

    settings: Settings
    kafka: KafkaSettings
    """With the bootstrap servers filled in."""
    store: StoreWriter
    stop: Event
    """Set: finish the batch in hand and end."""
    until_caught_up: bool = False
    """End when the ledger reaches the last stable offset of every partition."""


def stored_generation(
    settings: Settings, store: StoreWriter, checkpoint: Checkpoint
) -> Generation | None:
    """The generation to go on with, as far as can be said without Kafka; None: there is none.

    Raises:
        FingerprintChanged: rules, window, lateness or topic are not those of the stored numbers.
        StoreAndCheckpointDisagree: see `checkpoint.require_agreement`.
    """
    stored = store.generation()
    last = store.last_batch()
    require_agreement(checkpoint, stored, None if last is None else last.batch_id)
    if stored is not None:
        asked = settings.stream.lateness_hours
        wanted = replace(
            Fingerprint.of(stored),
            topic=settings.kafka.topic,
            lateness_s=stored.lateness_s if asked is None else int(asked * 3600),
            window_minutes=settings.stream.window_minutes,
            rules_version=RULES_VERSION,
        )
        wanted.require_same(Fingerprint.of(stored), "the store")
    return stored


def prepare_generation(job: StreamJob, checkpoint: Checkpoint) -> Generation:
    """The generation to go on with, or a new one; topic, store and checkpoint must agree.

    Raises:
        FingerprintChanged: the topic is another one of the same name; see `stored_generation`.
        StoreAndCheckpointDisagree: see `stored_generation`.
    """
    stored = stored_generation(job.settings, job.store, checkpoint)
    topic = describe_topic(job.kafka)
    asked = job.settings.stream.lateness_hours
    if stored is not None:
        kept = Fingerprint.of(stored)
        replace(kept, topic_id=topic.topic_id).require_same(kept, "the store")
        return stored
    origin = topic_origin(job.kafka)
    generation = Generation(
        query_id=str(uuid.uuid4()),
        topic=topic.name,
        topic_id=topic.topic_id,
        start_offsets=first_offsets(job.kafka),
        lateness_s=lateness_of_topic(origin, asked),
        window_minutes=job.settings.stream.window_minutes,
        rules_version=RULES_VERSION,
        source_name=origin.identity.name if origin.identity else "",
        source_title=origin.identity.title if origin.identity else f"topic {topic.name}",
        synthetic=bool(origin.identity and origin.identity.synthetic),
        shuffle_partitions=shuffle_partitions(job.settings),
        created_ms=time.time_ns() // 1_000_000,
    )
    checkpoint.create(generation.query_id, Fingerprint.of(generation))
    job.store.create_generation(generation)
    return generation


def lateness_of_topic(origin: TopicOrigin, asked_hours: float | None) -> int | None:
    """Allowed lateness in seconds; None: no record can be late.

    Records can be late on a topic of our producer, whose timestamps are the virtual time of
    publication; elsewhere old calls may carry today's timestamps. `asked_hours` decides otherwise.
    """
    if asked_hours is not None:
        return int(asked_hours * 3600)
    return DEFAULT_LATENESS_S if origin.kind is OriginKind.OURS else None


def run_query(
    spark: RunningSpark,
    job: StreamJob,
    generation: Generation,
    on_progress: Callable[[BatchProgress], None],
) -> Mapping[int, int]:
    """Runs the query until it is told to stop, is caught up, or fails.

    Returns:
        By partition, the first offset that is not accounted for.

    Raises:
        AccountingBroken: a batch did not add up; it was rolled back.
        SfcrimeError: the store or Kafka failed under way.
        ChildFailed: Spark ended the query for a reason of its own, or its JVM ended.
    """
    sink = StoreSink(spark.session, job.store, generation, job.stop)
    query = start_query(spark, job, generation, sink)
    reports = ProgressReports(query)

    def show_progress() -> None:
        for progress in reports.new():
            job.store.record_progress(progress)
            on_progress(progress)

    def should_end() -> bool:
        if job.until_caught_up and is_caught_up(sink.ends, job.kafka):
            job.stop.set()
        return job.stop.is_set()

    try:
        await_end(query, should_end, show_progress)
    except StreamingQueryException as failure:
        _raise_cause(failure, sink, spark)
    except (Py4JError, OSError) as failure:
        if not spark.jvm.ends_within(_DEATH_SEEN_S):
            raise
        raise _jvm_ended(spark.jvm) from failure
    return sink.ends


def start_query(
    spark: RunningSpark, job: StreamJob, generation: Generation, sink: StoreSink
) -> StreamingQuery:
    """The query, step by step: read, judge, remove repeats, hand every batch to the sink."""
    session = spark.session
    session.conf.set("spark.sql.shuffle.partitions", str(generation.shuffle_partitions))
    choose_state_store(session, generation.lateness_s)
    records = records_of_topic(
        session,
        TopicRead(
            options=spark_options(job.kafka),
            topic=generation.topic,
            start_offsets=generation.start_offsets,
            max_records_per_batch=job.settings.stream.max_records_per_batch,
        ),
    )
    judged = judged_records(records, generation.lateness_s)
    calls = calls_without_repeats(judged, generation.lateness_s)
    return (
        calls.writeStream.queryName("calls")
        .foreachBatch(sink)
        .option("checkpointLocation", str(checkpoint_path(job.settings.data_dir)))
        .trigger(processingTime=f"{job.settings.stream.trigger_ms} milliseconds")
        .start()
    )


def choose_state_store(session: SparkSession, lateness_s: int | None) -> None:
    """Keeps the ids in memory where a watermark bounds them, else on disk."""
    if lateness_s is None:  # every id is kept: more than fits in memory
        session.conf.set("spark.sql.streaming.stateStore.providerClass", _ROCKSDB)


def checkpoint_path(data_dir: Path) -> Path:
    """Where the query's checkpoint lies."""
    return data_dir / CHECKPOINT_FOLDER


def await_end(
    query: StreamingQuery, should_end: Callable[[], bool], show_progress: Callable[[], None]
) -> None:
    """Returns when the query has ended, or was ended between two batches.

    Args:
        query: a running one.
        should_end: asked five times a second, between two batches.
        show_progress: called five times a second, and at the end.
    """
    try:
        # PySpark takes fractions of a second, its stubs do not say so.
        while not query.awaitTermination(_POLL_S):  # type: ignore[arg-type]
            show_progress()
            if not query.status["isTriggerActive"] and should_end():
                query.stop()
    finally:
        show_progress()


def is_caught_up(ends: Mapping[int, int], kafka: KafkaSettings) -> bool:
    """Whether the ledger ends at the last stable offset of every partition."""
    return all(ends.get(p, 0) >= end for p, end in end_offsets(kafka).items())


def _raise_cause(failure: StreamingQueryException, sink: StoreSink, spark: RunningSpark) -> None:
    """Spark wraps what the sink raised; the sink has kept it as it was."""
    if isinstance(sink.failure, StopRequested):
        return
    if isinstance(sink.failure, SfcrimeError):
        raise sink.failure from failure
    raise ChildFailed(
        f"Spark ended the query: {last_word(sink.failure or failure)}",
        next_step=f"read {spark.jvm.log_path}; starting again goes on behind the last batch",
    ) from failure


def _jvm_ended(jvm: DriverJvm) -> ChildFailed:
    next_step = f"read {jvm.log_path}; starting again goes on behind the last batch"
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
