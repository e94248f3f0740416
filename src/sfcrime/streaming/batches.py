"""A batch, from Spark to the ledger: read in the thread that Spark calls, stored in another.

Reading is one Spark action; storing is repeats, counts, proof, one transaction. One thread stores
batch after batch; Spark reads the next batch meanwhile, and never more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock
from typing import Generic, TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from sfcrime.errors import RecordsDeleted
from sfcrime.kafka.topic import Topic, require_same
from sfcrime.machine.freed_memory import FreedMemory, trim_heap
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.arrival import judged_records
from sfcrime.streaming.batch_outcome import outcome_of_batch, valid_identities
from sfcrime.streaming.execution import scan_of_batch
from sfcrime.streaming.packets import from_row
from sfcrime.streaming.read_batch import PhaseClock, ReadBatch

Work = TypeVar("Work")

_BATCHES_REMEMBERED = 20
"""As many as Spark keeps reports of (spark.sql.streaming.numRecentProgressUpdates)."""


class StopRequested(Exception):
    """Ends the query between two batches: raised into Spark, which passes on only its text. The job
    recognizes it by `BatchReader.failure`, and raises nothing."""


class BatchReader:
    """Reads batches and hands them over; waits only where the one before is still being stored.

    Args:
        session: the one that the query runs in (a batch's own is a copy that does not know it).
        storing: takes the batches.
        stop: set: no further batch is read.
    """

    def __init__(self, session: SparkSession, storing: Handover[ReadBatch], stop: Event) -> None:
        self._session = session
        self._storing = storing
        self._stop = stop
        self.failure: BaseException | None = None
        """What ended the query, as it was raised: Spark passes on only its text."""
        self.last_batch_id = -1
        """Spark's number of the newest batch that was begun; -1 before the first."""

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        try:
            self._take(batch, batch_id)
        except BaseException as failure:
            self.failure = failure
            raise

    def _take(self, batch: DataFrame, batch_id: int) -> None:
        self._storing.check()
        if self._stop.is_set():
            raise StopRequested(f"stopped before batch {batch_id}")
        self.last_batch_id = batch_id
        clock = PhaseClock()
        packets = [from_row(row) for row in batch.collect()]
        clock.ends("action")
        scan = scan_of_batch(self._session, batch_id)
        clock.ends("proof")
        read = ReadBatch(batch_id, packets, scan, clock)
        if not read.is_empty:
            self._storing.wait()
            clock.ends("handover")
            self._storing.hand_over(read)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that is in the ledger."""

    spark_batch_id: int
    batch_id: int
    """Its number in the ledger."""
    phases_ms: Mapping[str, int]
    """Where its time went, in order (`read_batch.STORING_PHASES`)."""


class BatchStorer:
    """Stores batches in the generation that the store writes.

    Args:
        store: its one writer.
        generation: the one it writes.
        topic: asked before each commit.
    """

    def __init__(self, store: StoreWriter, generation: Generation, topic: Topic) -> None:
        self._store = store
        self.generation = generation
        self._topic = topic
        last = store.last_batch_id()
        self._next_id = 0 if last is None else last + 1
        self.ends: Mapping[int, int] = store.partition_ends()
        """By partition, the first offset that is not accounted for."""
        self._stored: deque[StoredBatch] = deque(maxlen=_BATCHES_REMEMBERED)
        self._freed = FreedMemory(_give_back)

    def stored(self) -> list[StoredBatch]:
        """The newest batches that were committed, oldest first."""
        return list(self._stored)

    def store(self, read: ReadBatch) -> None:
        """Counts a batch and commits it.

        Raises:
            AccountingBroken: something does not fit; nothing was written.
            ExecutorRefused: it was judged by other code; nothing was written.
            TopicRefused: the topic is another, lost what was read, or is compacted.
            KafkaUnavailable: the topic cannot be asked; nothing was written.
            StoreUnavailable, Refused: nothing was written.
        """
        clock = PhaseClock()
        starts = {
            number: span.start for number, span in read.planned.items() if span.start < span.end
        }
        # Asked now that the batch has been read, answered while it is counted.
        head = self._topic.ask_head(starts)
        records = judged_records(read)
        clock.ends("arrival")
        first_copies = self._store.first_copies(valid_identities(records))
        clock.ends("repeats")
        outcome = outcome_of_batch(
            self._next_id, records, first_copies, read.planned, self.generation.window_minutes
        )
        clock.ends("counting")
        require_still_held(self.generation, *head(), starts)
        if outcome.accounting.gaps:  # they may be records that were compacted meanwhile
            self._topic.require_lasting_offsets()
        clock.ends("topicCheck")
        self._store.commit_batch(outcome)
        clock.ends("storing")
        phases_ms = {**read.clock.spent_ms, **clock.spent_ms}
        self._next_id += 1
        self.ends = {**self.ends, **{number: span.end for number, span in read.planned.items()}}
        self._stored.append(StoredBatch(read.spark_batch_id, outcome.batch_id, phases_ms))
        self._freed.after(len(records))


def require_still_held(
    counted: Generation, topic_id: str, firsts: Mapping[int, int], starts: Mapping[int, int]
) -> None:
    """Refuses a batch whose records were deleted while it was read: they would pass as gaps.

    Args:
        counted: what is counted.
        topic_id: of the topic, asked for after the reading.
        firsts: by partition, the first offset that the topic still held then.
        starts: by partition, where the batch began, where it read anything.

    Raises:
        TopicMadeAgain: the topic was deleted and made again.
        TopicRefused: naming the range.
    """
    require_same(counted.topic, counted.topic_id, topic_id)
    for partition, start in starts.items():
        if firsts.get(partition, 0) > start:
            raise RecordsDeleted(counted.topic, partition, start, firsts[partition])


def _give_back() -> None:
    pa.default_memory_pool().release_unused()
    trim_heap()


class HandoverClosed(Exception):
    """Nothing more is taken: the end has begun. It ends whatever still hands work over; no caller
    of the job sees it."""


class Handover(Generic[Work]):
    """Takes pieces of work in order, and does each once the one before it is done.

    Once a piece has failed, no further one is taken. A context manager: its end waits for what was
    handed over.

    Args:
        do: does one piece, in a thread of its own.
        name: of the thread.
    """

    def __init__(self, do: Callable[[Work], None], name: str) -> None:
        self._do = do
        self._thread = ThreadPoolExecutor(1, name)
        self._pending: Future[None] | None = None
        self._taking = Lock()
        self._closed = False

    def __enter__(self) -> Handover[Work]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes nothing more, and waits for what was handed over. Repeatable."""
        with self._taking:
            self._closed = True
        self._thread.shutdown(wait=True)

    def hand_over(self, work: Work) -> None:
        """Waits for the piece before, and hands over the next.

        Raises:
            BaseException: what the piece before failed with; this one is not taken.
            HandoverClosed: the end has begun; neither is this one.
        """
        self.wait()
        with self._taking:
            if self._closed:
                raise HandoverClosed
            self._pending = self._thread.submit(self._do, work)

    def wait(self) -> None:
        """Returns when everything that was handed over is done.

        Raises:
            BaseException: what a piece failed with; again at every call.
        """
        if self._pending is not None:
            self._pending.result()

    def check(self) -> None:
        """Raises what a piece failed with, without waiting for one that is being done."""
        if self._pending is not None and self._pending.done():
            self._pending.result()
