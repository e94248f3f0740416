"""What becomes of a batch once it has been read: repeats, counts, proof, one transaction.

Called in one thread, batch after batch; Spark reads the next batch meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from sfcrime.domain.topic_state import require_still_held
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import require_lasting_offsets
from sfcrime.machine.freed_memory import FreedMemory, trim_heap
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.arrival import ReadBatch, judged_records
from sfcrime.streaming.batch_outcome import outcome_of_batch, valid_identities
from sfcrime.streaming.phases import PhaseClock

_BATCHES_REMEMBERED = 20
"""As many as Spark keeps reports of (spark.sql.streaming.numRecentProgressUpdates)."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that is in the ledger."""

    spark_batch_id: int
    batch_id: int
    """Its number in the ledger."""
    phases_ms: Mapping[str, int]
    """Where its time went, in order (`streaming.phases`)."""


class BatchStorer:
    """Stores batches in the generation that the store writes.

    Args:
        store: its one writer.
        generation: the one it writes.
        topic: asked before each commit.
    """

    def __init__(self, store: StoreWriter, generation: Generation, topic: Topic) -> None:
        self._store = store
        self._generation = generation
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
            self._next_id, records, first_copies, read.planned, self._generation.window_minutes
        )
        clock.ends("counting")
        require_still_held(self._generation, *head(), starts)
        if outcome.accounting.gaps:  # they may be records that were compacted meanwhile
            require_lasting_offsets(self._topic.name, self._topic.settings())
        clock.ends("topicCheck")
        self._store.commit_batch(outcome)
        clock.ends("storing")
        phases_ms = {**read.clock.spent_ms, **clock.spent_ms}
        self._next_id += 1
        self.ends = {**self.ends, **{number: span.end for number, span in read.planned.items()}}
        self._stored.append(StoredBatch(read.spark_batch_id, outcome.batch_id, phases_ms))
        self._freed.after(len(records))


def _give_back() -> None:
    pa.default_memory_pool().release_unused()
    trim_heap()
