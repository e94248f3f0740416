"""One start of the query, from where the ledger ends: until it stops, is caught up, or fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import NoReturn

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from sfcrime.domain.topic_state import is_caught_up
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.client import REQUEST_TIMEOUT_S
from sfcrime.kafka.topic import Topic
from sfcrime.settings import Settings
from sfcrime.spark.session import RunningSpark
from sfcrime.store.records import BatchProgress
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.batches import BatchReader, BatchStorer, StopRequested
from sfcrime.streaming.generation_choice import next_offsets
from sfcrime.streaming.handover import Handover
from sfcrime.streaming.intake import ReadPlan, judged_packets, records_of_topic
from sfcrime.streaming.progress import StoredReports
from sfcrime.streaming.query_end import LostBroker, await_end, cause_of, jvm_ended, not_started
from sfcrime.streaming.read_batch import ReadBatch

DEATH_SEEN_S = 5.0
"""A call into the JVM fails a moment before the system says that its process has ended."""


@dataclass(frozen=True, slots=True)
class StreamJob:
    """What a run of the query needs."""

    settings: Settings
    """Of a Kafka that answers."""
    topic: Topic
    store: StoreWriter
    stop: Event
    """Set: finish the batches in hand and end."""
    until_caught_up: bool = False
    """Ends between two batches when every record is accounted for; else only `stop` ends it."""
    due: Mapping[int, int] | None = None
    """By partition, up to where they are to be then; None: up to where the topic ends."""


class QueryOutdated(Exception):
    """A new query is to be begun: the topic was given partitions between the look at it and the
    start of this one, or a partition got another leader (`BatchStorer.needs_new_query`)."""


class QueryRun:
    """One start of the query, from where the ledger ends."""

    def __init__(
        self,
        spark: RunningSpark,
        job: StreamJob,
        storer: BatchStorer,
        plan: ReadPlan,
        checkpoint: Path,
    ) -> None:
        self._spark = spark
        self._job = job
        self._storer = storer
        self._plan = plan
        self._checkpoint = checkpoint

    def to_its_end(self, on_progress: Callable[[BatchProgress], None]) -> Mapping[int, int]:
        """Arguments, result and errors are those of `job.run_query`; QueryOutdated and
        TooMuchForSpark as well."""
        with Handover(self._storer.store, "store-batches") as storing:
            reader = BatchReader(self._spark.session, storing, self._is_over)
            query = self._start(reader)
            reports = StoredReports(query, self._storer)

            def show_progress() -> None:
                for progress in reports.new(reader.last_batch_id):
                    self._job.store.record_progress(progress)
                    on_progress(progress)

            try:
                self._await(query, storing, show_progress)
            except StreamingQueryException as failure:
                self._settle(storing.wait)
                if not self._is_a_stop(reader.failure):
                    self._settle(partial(self._raise_reason, failure, reader))
            except (Py4JError, OSError) as failure:
                if not self._spark.jvm.ends_within(DEATH_SEEN_S):
                    raise
                self._settle(storing.wait)
                raise jvm_ended(self._spark.jvm) from failure
            storing.close()  # a query that was given up may still be reading
            self._settle(storing.wait)
            show_progress()
        if self._storer.needs_new_query and not self._job.stop.is_set():
            raise QueryOutdated
        return self._storer.ends

    def _is_over(self) -> bool:
        return self._job.stop.is_set() or self._storer.needs_new_query

    def _start(self, reader: BatchReader) -> StreamingQuery:
        """The query, step by step: read, judge, hand every batch over."""
        job, generation = self._job, self._storer.generation
        records = records_of_topic(self._spark.session, self._plan)
        query = (
            judged_packets(records, generation.lateness_us)
            .writeStream.queryName("calls")
            .foreachBatch(reader)
            # A folder of this machine, whatever file system a cluster's configuration names.
            .option("checkpointLocation", self._checkpoint.as_uri())
            .trigger(processingTime=f"{job.settings.stream.trigger_ms} milliseconds")
        )
        try:
            return query.start()
        except (Py4JJavaError, PySparkException) as failure:
            raise not_started(failure, self._spark.jvm) from failure

    def _await(
        self,
        query: StreamingQuery,
        storing: Handover[ReadBatch],
        show_progress: Callable[[], None],
    ) -> None:
        job = self._job

        def look() -> None:
            self._settle(storing.check)  # no further batch may come that would meet a failure
            show_progress()
            job.store.beat()
            # Looked at within batches too: of a topic that is written to, they follow at once.
            if job.due is not None and is_caught_up(self._storer.ends, job.due):
                job.stop.set()

        def should_end() -> bool:
            asks = job.until_caught_up and job.due is None and not self._is_over()
            if asks and is_caught_up(self._storer.ends, job.topic.end_offsets()):
                job.stop.set()
            return self._is_over()

        def may_end() -> bool:
            return self._is_over() or job.until_caught_up

        await_end(query, should_end, look, LostBroker(job.topic.kafka, job.stop), may_end)

    def _settle(self, ask: Callable[[], None]) -> None:
        """Raises what it raises, but for a stop without a broker."""
        try:
            ask()
        except KafkaUnavailable as failure:
            if not self._is_a_stop(failure):
                raise

    def _is_a_stop(self, failure: BaseException | None) -> bool:
        """Whether a failure is no more than a stop: without a broker, what was handed over cannot
        be checked against the topic then, and the next start reads it again."""
        lost = isinstance(failure, KafkaUnavailable) and self._job.stop.is_set()
        return lost or isinstance(failure, StopRequested)

    def _raise_reason(self, failure: StreamingQueryException, reader: BatchReader) -> NoReturn:
        """Raises why a query ended by itself."""
        # Whoever looks at the store hears nothing of the job meanwhile.
        storer, topic = self._storer, self._job.topic.within(REQUEST_TIMEOUT_S)
        has_begun = reader.last_batch_id >= 0 or reader.failure is not None
        if not has_begun and topic.state().ends.keys() != self._plan.start_offsets.keys():
            raise QueryOutdated from failure
        raise cause_of(
            failure,
            reader.failure,
            self._spark.jvm,
            lambda: next_offsets(storer.generation, storer.ends, topic.state(storer.counted)),
        ) from failure
