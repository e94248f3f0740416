"""A batch, from Spark to the ledger: read in the thread that Spark calls, stored in another.

Reading is one Spark action; storing is repeats, counts, proof, one transaction. One thread stores
batch after batch; Spark reads the next batch meanwhile, and never more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from sfcrime.domain.topic_state import CountedEnd
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.topic import NO_EPOCHS, Topic, TopicHead
from sfcrime.machine.freed_memory import FreedMemory, trim_heap
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import Generation, counted_ends
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.arrival import judged_records
from sfcrime.streaming.batch_outcome import outcome_of_batch, valid_identities
from sfcrime.streaming.execution import scan_of_batch
from sfcrime.streaming.generation_choice import next_offsets
from sfcrime.streaming.handover import Handover
from sfcrime.streaming.held_records import require_as_long, require_still_held
from sfcrime.streaming.leader_epochs import LeaderEpochs
from sfcrime.streaming.other_client import read_packets
from sfcrime.streaming.packets import from_row
from sfcrime.streaming.read_batch import PhaseClock, ReadBatch, Scan

_BATCHES_REMEMBERED = 20
"""As many as Spark keeps reports of (spark.sql.streaming.numRecentProgressUpdates)."""
_MOST_ELECTIONS = 10


class StopRequested(Exception):
    """Ends the query between two batches: raised into Spark, which passes on only its text. The job
    recognizes it by `BatchReader.failure`, and raises nothing."""


class BatchReader:
    """Reads batches and hands them over; waits only where the one before is still being stored.

    Args:
        session: the one that the query runs in (a batch's own is a copy that does not know it).
        storing: takes the batches.
        is_over: asked before each batch; True: no further one is read.
    """

    def __init__(
        self, session: SparkSession, storing: Handover[ReadBatch], is_over: Callable[[], bool]
    ) -> None:
        self._session = session
        self._storing = storing
        self._is_over = is_over
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
        if self._is_over():
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
        epochs: by partition, the epoch of the leader under which the ledger was found to fit the
            topic.
    """

    def __init__(
        self,
        store: StoreWriter,
        generation: Generation,
        topic: Topic,
        epochs: Mapping[int, int] = NO_EPOCHS,
    ) -> None:
        self._store = store
        self.generation = generation
        self._topic = topic
        last = store.last_batch_id()
        self._next_id = 0 if last is None else last + 1
        self.counted: Mapping[int, CountedEnd] = counted_ends(store.partition_ledger())
        """By partition, what is in the ledger."""
        self.epochs = LeaderEpochs(epochs)
        self.needs_new_query = False
        """Whether a partition got another leader: what this query reads from now on may be of the
        one before, so each batch would be read again."""
        self._stored: deque[StoredBatch] = deque(maxlen=_BATCHES_REMEMBERED)
        self._freed = FreedMemory(_give_back)

    @property
    def ends(self) -> Mapping[int, int]:
        """By partition, the first offset that is not accounted for."""
        return {number: each.end for number, each in self.counted.items()}

    def stored(self) -> list[StoredBatch]:
        """The newest batches that were committed, oldest first."""
        return list(self._stored)

    def store(self, read: ReadBatch) -> None:
        """Counts a batch and commits it.

        A batch during which a partition got another leader is read again, by the other client:
        Spark does not say from which leader it got which record, and one that was elected uncleanly
        may hold others at the same offsets.

        Raises:
            AccountingBroken: something does not fit; nothing was written.
            ExecutorRefused: it was judged by other code; nothing was written.
            TopicRefused: the topic is another, lost what was read or counted, or is compacted.
            KafkaUnavailable: the topic cannot be asked, no longer holds what was read, or a stop
                came while it was read again; nothing was written.
            StoreUnavailable, Refused: nothing was written.
        """
        clock = PhaseClock()
        outcome, head = self._counted(read, clock)
        elections, known = 0, None
        while self.epochs.changed(head.epochs, known):
            if elections == _MOST_ELECTIONS:
                raise _no_lasting_leader(self._topic.name)
            elections += 1
            self.needs_new_query = True
            again, known = self._read_again(read)
            clock.ends("readAgain")
            outcome, head = self._counted(again, clock)
        if outcome.accounting.gaps:  # they may be records that were compacted meanwhile
            self._topic.require_lasting_offsets()
        clock.ends("topicCheck")
        proved = self.epochs.proved_by(head.epochs)
        ranges = [
            each._replace(leader_epoch=proved.get(each.partition, each.leader_epoch))
            for each in outcome.ranges
        ]
        self._store.commit_batch(replace(outcome, ranges=ranges))
        clock.ends("storing")
        phases_ms = {**read.clock.spent_ms, **clock.spent_ms}
        self._next_id += 1
        self.counted = {**self.counted, **counted_ends(ranges)}
        self.epochs.committed(proved)
        self._stored.append(StoredBatch(read.spark_batch_id, outcome.batch_id, phases_ms))
        self._freed.after(outcome.accounting.read)

    def _counted(self, read: ReadBatch, clock: PhaseClock) -> tuple[BatchOutcome, TopicHead]:
        """What the batch comes to, and the topic as it was asked after it had been read."""
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
        found = head()
        require_still_held(self.generation, found.topic_id, found.firsts, starts)
        clock.ends("topicCheck")
        return outcome, found

    def _read_again(self, read: ReadBatch) -> tuple[ReadBatch, Mapping[int, int]]:
        """The batch as it stands in the topic, once what was counted before it does so too, and the
        epochs that were known before this reading."""
        seen = self._topic.state(self.counted)
        next_offsets(self.generation, self.ends, seen)
        require_as_long(self.generation.topic, read.planned, seen.ends)
        found = read_packets(
            self._topic.kafka, read.planned, self.generation.lateness_us, self._topic.stop
        )
        scan = Scan(read.planned, found.scanned, is_exact=True)
        return replace(read, packets=found.packets, scan=scan), seen.epochs


def _no_lasting_leader(topic: str) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"Partitions of {topic} got other leaders {_MOST_ELECTIONS} times while a batch was read.",
        rule="A batch counts once it was read under one leader of each partition.",
        next_step="see why the brokers of the cluster come and go",
    )


def _give_back() -> None:
    pa.default_memory_pool().release_unused()
    trim_heap()
