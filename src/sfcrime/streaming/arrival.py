"""Proves that a batch arrived whole: every scanned record, once, from where it was planned.

Pure. Every judged record carries its offset, so that one that is lost and another that arrives
twice cannot cancel out: within a partition offsets ascend strictly, are within the planned range,
and are as many as the executed plan's scan put out. What the range holds beyond them are gaps:
offsets without a record.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcrime.errors import AccountingBroken
from sfcrime.streaming.judged_rows import JUDGED, rows_of

Integers = NDArray[np.int64]

READING_PHASES = ("action", "proof", "handover")
"""Parts of Spark's phase addBatch: its one action, the executed plan, and the wait until the batch
before is stored."""
STORING_PHASES = ("arrival", "repeats", "counting", "topicCheck", "storing")
"""What follows in the thread that stores, while Spark reads on: the records put together and
proved, repeats, cells, the wait for the topic's answer, the transaction."""


class PhaseClock:
    """Times the parts of a piece of work, one after another."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self.spent_ms: dict[str, int] = {}

    def ends(self, phase: str) -> None:
        """Notes what passed since the phase before as this one's time."""
        now = time.monotonic()
        self.spent_ms[phase] = round((now - self._at) * 1000)
        self._at = now


class Planned(NamedTuple):
    """What a batch reads of a partition: offsets [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What Spark's one action on a batch gave."""

    spark_batch_id: int
    """Spark's own number, from 0 at every start."""
    packets: Sequence[tuple[int, bytes]]
    """Partition and records (`intake.PACKET_SCHEMA`)."""
    planned: Mapping[int, Planned]
    """By partition, from the executed scan."""
    scanned: int
    """Records that the executed scan put out."""
    clock: PhaseClock
    """Of the reading."""

    @property
    def is_empty(self) -> bool:
        """Nothing was there to read, not even an offset without a record."""
        return all(span.start == span.end for span in self.planned.values())


@dataclass(frozen=True, slots=True)
class JudgedRecords:
    """The records of a batch by partition and offset; columns of one length."""

    partition: Integers
    offset: Integers
    is_valid: NDArray[np.bool_]
    call_id: Integers
    """0 where the record is set aside."""
    call_us: Integers
    """On the wall; 0 where it is rejected."""
    published_ms: Integers
    label: Integers
    """Numbers of `labels`."""
    labels: Sequence[str]
    """`judged_rows.JudgedColumns.label`, each once."""

    def __len__(self) -> int:
        return len(self.offset)


def judged_records(batch: ReadBatch) -> JudgedRecords:
    """Puts the packets of a batch together, and proves that they are what was planned.

    Raises:
        AccountingBroken: a record was lost, arrived twice, or comes from elsewhere.
    """
    found = [(partition, rows_of(packet)) for partition, packet in batch.packets]
    found = [(partition, records) for partition, records in found if len(records)]
    found.sort(key=lambda each: (each[0], each[1]["offset"][0].as_py()))
    lengths = [len(records) for _, records in found]
    table = pa.concat_tables([JUDGED.empty_table(), *(records for _, records in found)])
    table = table.unify_dictionaries().combine_chunks()
    partition = np.repeat(np.array([each for each, _ in found], np.int64), lengths)
    offset = _integers(table["offset"])
    _require_all(batch, partition, offset)
    label = _only_chunk(table["label"])
    return JudgedRecords(
        partition=partition,
        offset=offset,
        is_valid=np.asarray(table["call_id"].is_valid(), bool),
        call_id=_integers(table["call_id"]),
        call_us=_integers(table["call_us"]),
        published_ms=_integers(table["published_ms"]),
        label=_integers(label.indices),
        labels=label.dictionary.to_pylist(),
    )


def _require_all(batch: ReadBatch, partition: Integers, offset: Integers) -> None:
    if len(offset) != batch.scanned:
        raise _broken(batch, f"{batch.scanned:,} records were scanned, {len(offset):,} arrived")
    same = partition[1:] == partition[:-1]
    backwards = np.flatnonzero(same & (offset[1:] <= offset[:-1]))
    if len(backwards):
        at = int(backwards[0]) + 1
        raise _broken(
            batch,
            f"offset {offset[at]:,} of partition {partition[at]} arrived after {offset[at - 1]:,}",
        )
    for number in np.unique(partition).tolist():
        first, last = np.searchsorted(partition, [number, number + 1])
        span = batch.planned.get(number, Planned(0, 0))
        if not span.start <= offset[first] <= offset[last - 1] < span.end:
            raise _broken(
                batch,
                f"offsets {offset[first]:,} to {offset[last - 1]:,} of partition {number} arrived, "
                f"{span.start:,} to {span.end - 1:,} were planned",
            )


def _broken(batch: ReadBatch, what: str) -> AccountingBroken:
    return AccountingBroken(
        f"Batch {batch.spark_batch_id} of this start did not arrive as it was read: {what}.",
        rule="Every scanned record arrives once, with its outcome.",
        next_step="start the job again; if it happens again, `sfcrime audit` shows where",
    )


def _only_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _integers(column: pa.ChunkedArray | pa.Array) -> Integers:
    """A column of whole numbers as numpy has it; 0 for null."""
    return np.asarray(column.fill_null(0), np.int64)


def gaps(planned: Iterable[Planned], records: int) -> int:
    """Offsets without a record: transaction markers, aborted or compacted records."""
    return sum(span.end - span.start for span in planned) - records
