"""Judges the records of one share, and writes what they are to the spill.

Memory holds up to 100,000 records as numbers, and the share's labels: some 200 bytes for each
different pair of call type and disposition.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.judge import ValidCall
from sfcrime.audit.shares import (
    LATE,
    REJECTED,
    ROW,
    SEQUENCE,
    CountPlan,
    CountShares,
    OffsetRange,
    OnPassed,
    ReadRange,
    Share,
    ShareResult,
    SliceCount,
    file_of,
    offsets_of,
)
from sfcrime.audit.spill import Rows
from sfcrime.domain.outcomes import Reason
from sfcrime.errors import AccountingBroken
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.records import LateRecord

_FLUSHED_RECORDS = 100_000
_NUMBER_OF_REASON = {reason: number for number, reason in enumerate(Reason)}


def _numbers() -> array[int]:
    return array("q")


@dataclass(slots=True)
class _Slice:
    """A share's part of one partition; the columns of a row stand side by side."""

    number: int
    span: OffsetRange
    next_offset: int
    read: int = 0
    rejected: array[int] = field(default_factory=_numbers)
    late: array[int] = field(default_factory=_numbers)
    sequences: array[int] = field(default_factory=_numbers)

    def pass_record(self, offset: int) -> None:
        """Counts a record as read.

        Raises:
            AccountingBroken: an offset outside of the range, or not above the one before it.
        """
        if not self.next_offset <= offset < self.span.end:
            raise AccountingBroken(
                f"Partition {self.number} was read out of order: offset {offset}, "
                f"where one of [{self.next_offset}, {self.span.end}) was due.",
                rule="A partition is read once, in the order of its offsets.",
                next_step="run `sfcrime audit` again; if it stays, report it",
            )
        self.next_offset = offset + 1
        self.read += 1


class ShareCount:
    """A share under way.

    Args:
        plan: names the rules, and the spill that takes the rows.
        share: what is to be added.
    """

    def __init__(self, plan: CountPlan, share: Share) -> None:
        self._spill, self._share, self._piles = plan.spill, share.number, plan.piles
        self._rules: CountingRules = plan.rules
        self._slices = {
            partition: _Slice(partition, span, span.start)
            for partition, span in share.ranges.items()
        }
        self._labels: dict[tuple[str, str], int] = {}
        self._rows = [_numbers() for _ in ROW.names or ()]
        self._kept = 0

    def add(self, batch: Iterable[TopicRecord]) -> None:
        """Judges records, each partition's in the order of offsets.

        Raises:
            AccountingBroken: an offset outside of the range, or not above the one before it.
            Unreachable: there is no room for the rows.
        """
        judge, labels, slices = self._rules.judge, self._labels, self._slices
        call_ids, calls_us, offsets, partitions, numbers = self._rows
        for record in batch:
            of_partition = slices[record.partition]
            of_partition.pass_record(record.offset)
            if record.sequence is not None:
                of_partition.sequences.extend((record.offset, record.sequence))
            judged = judge(record)
            if isinstance(judged, ValidCall):
                call_ids.append(judged.call_id)
                calls_us.append(judged.call_us)
                offsets.append(record.offset)
                partitions.append(record.partition)
                numbers.append(labels.setdefault(judged[2:], len(labels)))
            elif isinstance(judged, LateRecord):
                of_partition.late.extend((record.offset, judged.call_us, judged.published_ms))
            else:
                of_partition.rejected.extend((record.offset, _NUMBER_OF_REASON[judged]))
            self._kept += 1
        if self._kept >= _FLUSHED_RECORDS:
            self._flush()

    def finish(self) -> ShareResult:
        """Writes what is left; to be called once, after the last record."""
        self._flush()
        return ShareResult(
            tuple(
                SliceCount(each.number, each.span.start, each.span.end, each.read)
                for each in self._slices.values()
            ),
            tuple(self._labels),
            dict(self._spill.sizes),
        )

    def _flush(self) -> None:
        self._kept = 0
        rows = np.empty(len(self._rows[0]), ROW)
        for name, column in zip(ROW.names or (), self._rows, strict=True):
            rows[name] = np.asarray(column)
        self._rows = [_numbers() for _ in self._rows]
        for pile, some in in_piles(rows, pile_of_identity(rows, self._piles)):
            self._spill.append(file_of("rows", self._share, pile), some)
        for each in self._slices.values():
            self._write("rejected", REJECTED, each.number, each.rejected)
            self._write("late", LATE, each.number, each.late)
            self._write("sequences", SEQUENCE, each.number, each.sequences)

    def _write(self, kind: str, row: np.dtype[Any], partition: int, columns: array[int]) -> None:
        if columns:
            rows = np.frombuffer(columns.tobytes(), row)
            self._spill.append(file_of(kind, self._share, partition), rows)
            del columns[:]


def count_share(plan: CountPlan, share: Share, read: ReadRange, passed: OnPassed) -> ShareResult:
    """Reads and judges one share.

    Args:
        plan, share: what is counted.
        read: reads the topic.
        passed: told once a batch of records was worked on, in offsets: a run of them may hold no
            record.
    """
    count = ShareCount(plan, share)
    starts = {partition: span.start for partition, span in share.ranges.items()}
    ends = {partition: span.end for partition, span in share.ranges.items()}
    first, reached = sum(starts.values()), dict(starts)
    for batch in read(starts, ends, source_name=plan.source_name):
        count.add(batch)
        reached.update({record.partition: record.offset + 1 for record in batch})
        passed(sum(reached.values()) - first)
    return count.finish()


def pile_of_identity(rows: Rows, piles: int) -> NDArray[np.int64]:
    """Which pile each row belongs to; all copies of an identity are in one."""
    return _mixed(rows["call_us"], rows["call_id"], piles)


def pile_of_window(window_s: NDArray[np.int64], piles: int) -> NDArray[np.int64]:
    """Which pile each cell belongs to, by the start of its window."""
    return _mixed(window_s, np.zeros(1, np.int64), piles)


def _mixed(one: NDArray[np.int64], other: NDArray[np.int64], piles: int) -> NDArray[np.int64]:
    # Odd constants of 64 bits (of the finalizer of MurmurHash3): every bit reaches the highest.
    mixed = one.astype(np.uint64) * np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= other.astype(np.uint64)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return (mixed % np.uint64(piles)).astype(np.int64)


def in_piles(rows: Rows, piles: NDArray[np.int64]) -> Iterator[tuple[int, Rows]]:
    """The rows of each pile that has any, in the order they came in."""
    order = np.argsort(piles, kind="stable")
    rows, sorted_piles = rows[order], piles[order]
    starts = np.flatnonzero(np.diff(sorted_piles, prepend=-1)).tolist()
    for start, end in pairwise([*starts, len(rows)]):
        yield int(sorted_piles[start]), rows[start:end]


def count_here(read: ReadRange, shares: int = 1) -> CountShares:
    """Counts in this process.

    Args:
        read: reads the topic.
        shares: read one after the other.
    """
    return partial(_count_here, read, shares)


def _count_here(read: ReadRange, most: int, plan: CountPlan, passed: OnPassed) -> list[ShareResult]:
    results, before = list[ShareResult](), 0
    for share in plan.shares(most):

        def passed_of_all(of_share: int, before: int = before) -> None:
            passed(before + of_share)

        results.append(count_share(plan, share, read, passed_of_all))
        before += offsets_of(share.ranges)
    return results
