"""The job: runs the query to its end, and says why where it ended otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from py4j.protocol import Py4JError

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.client import spark_options
from sfcrime.spark.cluster import is_local
from sfcrime.spark.executors import executors_are_ready
from sfcrime.spark.session import RunningSpark, throw_away_checkpoint
from sfcrime.store.records import BatchProgress, Generation
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.executors import needs_of_executors
from sfcrime.streaming.generation_choice import next_offsets
from sfcrime.streaming.intake import ReadPlan
from sfcrime.streaming.query_end import TooMuchForSpark, jvm_ended
from sfcrime.streaming.query_run import DEATH_SEEN_S, QueryOutdated, QueryRun, StreamJob
from sfcrime.streaming.run_facts import facts_of_run
from sfcrime.streaming.without_spark import count_without_spark


def run_query(
    spark: RunningSpark,
    job: StreamJob,
    generation: Generation,
    seen: TopicState,
    on_progress: Callable[[BatchProgress], None],
) -> Mapping[int, int]:
    """Runs the query until it is told to stop, is caught up, or fails.

    A batch that Spark cannot read is read without it (`without_spark`), and the query goes on
    after it. After an election a new query is begun, which holds nothing of the leader before.

    Args:
        spark: where it runs; gets another JVM where memory ran out.
        job: what it needs.
        generation: what is counted.
        seen: the topic as it was found, shortly before.
        on_progress: told of every batch that is in the ledger.

    Returns:
        By partition, the first offset that is not accounted for.

    Raises:
        AccountingBroken: a batch did not add up; it was rolled back.
        SparkUnavailable, ExecutorRefused: a cluster has no executor, or one that could not count.
        SfcrimeError: the store or Kafka failed meanwhile; KafkaUnavailable where Spark lost Kafka.
        ChildFailed: Spark ended the query for a reason of its own, or its JVM ended.
    """
    try:
        return _run_queries(spark, job, generation, seen, on_progress)
    except KafkaUnavailable:  # after a stop, what was in hand is read again by the next start
        if not job.stop.is_set():
            raise
        return job.store.partition_ends()


def _run_queries(
    spark: RunningSpark,
    job: StreamJob,
    generation: Generation,
    seen: TopicState,
    on_progress: Callable[[BatchProgress], None],
) -> Mapping[int, int]:
    """One after the other; arguments, result and errors are those of `run_query`."""
    plan = ReadPlan(
        options=spark_options(job.topic.kafka),
        topic=generation.topic,
        start_offsets={},
        max_records_per_batch=job.settings.stream.max_records_per_batch,
        further_options=job.settings.stream.source_options,
    )
    while True:
        job.store.describe_run(facts_of_run(job.settings, spark.ui_url))
        storer = BatchStorer(job.store, generation, job.topic, seen.epochs)
        if not _has_executors(spark, job, plan):
            return storer.ends
        plan = replace(plan, start_offsets=next_offsets(generation, storer.ends, seen))
        with throw_away_checkpoint(job.settings.data_dir) as checkpoint:
            try:
                return QueryRun(spark, job, storer, plan, checkpoint).to_its_end(on_progress)
            except QueryOutdated:
                seen = job.topic.state(storer.counted)
                continue
            except TooMuchForSpark as failure:
                error = failure.error
        counted = count_without_spark(storer, job.topic, plan)
        if counted is None:
            raise error
        job.store.record_progress(counted.progress)
        on_progress(counted.progress)
        if job.stop.is_set():
            return storer.ends
        spark.renew(job.settings)
        plan = replace(plan, records_per_poll=counted.records_per_poll)
        seen = job.topic.state(storer.counted)


def _has_executors(spark: RunningSpark, job: StreamJob, plan: ReadPlan) -> bool:
    """Whether there are executors that fit, and no stop came meanwhile; raises as `run_query`."""
    stream = job.settings.stream
    if is_local(stream.master):
        return True

    def goes_on() -> bool:
        job.store.beat()
        return not job.stop.is_set()

    context = spark.session.sparkContext._jsc
    try:
        return executors_are_ready(context, stream, needs_of_executors(plan.options), goes_on)
    except (Py4JError, OSError) as failure:
        if not spark.jvm.ends_within(DEATH_SEEN_S):
            raise
        ended = jvm_ended(spark.jvm)
        raise (ended.error if isinstance(ended, TooMuchForSpark) else ended) from failure
