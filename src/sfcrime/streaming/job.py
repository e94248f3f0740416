"""The job: runs the query to its end, and says why where it ended otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event

from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from sfcrime.kafka.client import spark_options
from sfcrime.kafka.connection import answers
from sfcrime.kafka.topic_watch import TopicWatch
from sfcrime.kafka.topics import describe_topic, require_lasting_offsets
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import BatchProgress, Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.checkpoint import Fingerprint
from sfcrime.streaming.failures import cause_of, jvm_ended
from sfcrime.streaming.generations import (
    checkpoints_of,
    new_generation,
    require_next_records,
)
from sfcrime.streaming.intake import (
    TopicRead,
    calls_without_repeats,
    judged_records,
    records_of_topic,
)
from sfcrime.streaming.progress import ProgressReports
from sfcrime.streaming.properties import STATE_STORE_PROPERTY, STATE_STORES
from sfcrime.streaming.session import RunningSpark
from sfcrime.streaming.sink import StopRequested, StoreSink

_POLL_S = 0.2
_BROKER_ANSWERS_S = 2.0
_DEATH_SEEN_S = 5.0
"""A call into the JVM fails a moment before the system says that its process has ended."""


@dataclass(frozen=True, slots=True)
class StreamJob:
    """What a run of the query needs."""

    settings: Settings
    kafka: KafkaSettings
    """With the bootstrap servers filled in."""
    store: StoreWriter
    stop: Event
    """Set: finish the batch in hand and end."""
    is_done: Callable[[Mapping[int, int]], bool] | None = None
    """Asked between two batches whether to end, with the first offset of every partition that is
    not accounted for; None: only `stop` ends it."""


def prepare_generation(job: StreamJob) -> Generation:
    """The generation to go on with, or a new one; the topic must agree with it.

    What `stored_generation` checks was checked before, and the job's lock is held since.

    Raises:
        FingerprintChanged: the topic is another one of the same name.
        TopicRefused: the topic is compacted; see also `require_next_records`.
    """
    stored = job.store.generation()
    require_lasting_offsets(describe_topic(job.kafka))
    topic = TopicWatch(job.kafka).state()
    if stored is not None:
        require_next_records(stored, job.store.partition_ends(), topic)
        return stored
    generation = new_generation(job.settings, job.kafka, topic)
    checkpoints_of(job.settings.data_dir).create(generation.query_id, Fingerprint.of(generation))
    job.store.create_generation(generation)
    return generation


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
        SfcrimeError: the store or Kafka failed under way; KafkaUnavailable where Spark lost it.
        ChildFailed: Spark ended the query for a reason of its own, or its JVM ended.
    """
    topic = TopicWatch(job.kafka)
    sink = StoreSink(spark.session, job.store, generation, topic, job.stop)
    query = start_query(spark, job, generation, sink)
    reports = ProgressReports(query)

    def show_progress() -> None:
        if not reports.awaits(sink.last_batch_id):
            return
        for report in reports.new():
            phases_ms = {**report.phases_ms, **sink.phases_ms(report.batch_id)}
            progress = replace(report, phases_ms=phases_ms)
            job.store.record_progress(progress)
            on_progress(progress)

    def should_end() -> bool:
        if job.is_done is not None and job.is_done(sink.ends):
            job.stop.set()
        return job.stop.is_set()

    def may_end() -> bool:
        return job.stop.is_set() or job.is_done is not None

    try:
        await_end(query, should_end, show_progress, _LostBroker(job), may_end)
    except StreamingQueryException as failure:
        if not isinstance(sink.failure, StopRequested):
            raise cause_of(
                failure,
                sink.failure,
                spark.jvm,
                lambda: require_next_records(generation, sink.ends, topic.state()),
            ) from failure
    except (Py4JError, OSError) as failure:
        if not spark.jvm.ends_within(_DEATH_SEEN_S):
            raise
        raise jvm_ended(spark.jvm) from failure
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
            further_options=job.settings.stream.source_options,
        ),
    )
    judged = judged_records(records, generation.lateness_s)
    calls = calls_without_repeats(judged, generation.lateness_s)
    checkpoint = checkpoints_of(job.settings.data_dir).of(generation.query_id)
    return (
        calls.writeStream.queryName("calls")
        .foreachBatch(sink)
        .option("checkpointLocation", str(checkpoint.path))
        .trigger(processingTime=f"{job.settings.stream.trigger_ms} milliseconds")
        .start()
    )


def choose_state_store(session: SparkSession, lateness_s: int | None) -> None:
    """Keeps the ids where the setting says while a watermark bounds them, else on disk."""
    if lateness_s is None:  # every id is kept: more than fits in memory
        session.conf.set(STATE_STORE_PROPERTY, STATE_STORES["rocksdb"])


class _LostBroker:
    """Whether a stop has to leave the batch in hand, which then runs again at the next start:
    without a broker, Spark's client would hold the query for minutes."""

    def __init__(self, job: StreamJob) -> None:
        self._job = job
        self._ask_at = 0.0

    def __call__(self) -> bool:
        if not self._job.stop.is_set() or time.monotonic() < self._ask_at:
            return False
        lost = not answers(self._job.kafka, _BROKER_ANSWERS_S)
        self._ask_at = time.monotonic() + _BROKER_ANSWERS_S
        return lost


def await_end(
    query: StreamingQuery,
    should_end: Callable[[], bool],
    show_progress: Callable[[], None],
    gives_up: Callable[[], bool] = lambda: False,
    may_end: Callable[[], bool] = lambda: True,
) -> None:
    """Returns when the query has ended, or was ended between two batches.

    Args:
        query: a running one.
        should_end: asked five times a second, between two batches.
        show_progress: called five times a second, and at the end.
        gives_up: asked five times a second within a batch; True leaves it unfinished.
        may_end: asked before these two: Spark's own answer, whether it is in a batch, costs calls
            into the JVM that an idle job need not make.
    """
    try:
        # PySpark takes fractions of a second, its stubs do not say so.
        while not query.awaitTermination(_POLL_S):  # type: ignore[arg-type]
            show_progress()
            if not may_end():
                continue
            if query.status["isTriggerActive"]:
                if gives_up():
                    return
            elif should_end():
                query.stop()
    finally:
        show_progress()


def has_reached(reached: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Whether the ledger is at or behind an offset of every partition."""
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())
