"""Counts a topic from the beginning, in plain Python: cells, repeats and records set aside.

Pure: it is handed the records. Memory is what bounds an audit, so identities and cells are packed
into whole numbers and records set aside into arrays: some 200 bytes a record of real shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from sfcrime.audit.judge import ValidCall, judge_time, judge_value
from sfcrime.audit.partitions import OffsetRange, PartitionCount
from sfcrime.domain.outcomes import Accounting, Outcome, Reason
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.records import CellCount, LateRecord, RejectedRecord

_MINUTE_US = 60_000_000

# An identity is call id (below 2**60) and call time (below 2**52 us until the year 2112); a cell
# is the number of its window and the number of its label; a sighting is partition, mark and label.
_CALL_TIME_BITS = 52
_END_OF_TIME_US = 1 << _CALL_TIME_BITS
_LABEL_BITS = 32
_MARKED = 1 << 31
_LABEL_MASK = _MARKED - 1


@dataclass(frozen=True, slots=True)
class CountingRules:
    """What a generation was counted by."""

    lateness_s: int | None
    """Allowed lateness; None: rules R15 and L1 are off."""
    window_minutes: int

    def judge(self, record: TopicRecord) -> ValidCall | Reason | LateRecord:
        """The call a record holds, the reason for rejecting it, or its row among the late."""
        call = judge_value(record.value)
        if isinstance(call, Reason) or self.lateness_s is None:
            return call
        outcome = judge_time(call.call_us, record.timestamp_ms, self.lateness_s)
        if outcome is Outcome.COUNTED:
            return call
        if outcome is Outcome.REJECTED:
            return Reason.FROM_THE_FUTURE
        return LateRecord(record.partition, record.offset, call.call_us, record.timestamp_ms)

    def window_of(self, call_us: int) -> int:
        """Start of the window that a call time falls into, microseconds on the wall."""
        return call_us - call_us % (self.window_minutes * _MINUTE_US)


class Mark(Enum):
    """What marking an identity found."""

    KNOWN = "known"
    """The recount holds it, and it was not marked before."""
    UNKNOWN = "unknown"
    """The recount does not hold it."""
    REPEATED = "repeated"
    """It was marked before."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Copies of one identity in several partitions which fall into different cells.

    Either may be the one that was counted, so either cell is accepted.
    """

    call_id: int
    call_us: int
    choices: tuple[tuple[int, CellCount], ...]
    """(partition, the cell of its first copy with `calls` 1), by partition."""


class Recount:
    """A count under way, and what came of it once every record was added."""

    def __init__(self, ranges: Mapping[int, OffsetRange], rules: CountingRules) -> None:
        self.rules = rules
        self.partitions = {
            number: PartitionCount(number, span.start, span.end, span.start)
            for number, span in sorted(ranges.items())
        }
        self._window_us = rules.window_minutes * _MINUTE_US
        self._labels: dict[tuple[str, str], int] = {}
        self._cells: dict[int, int] = {}
        self._first_seen: dict[int, int] = {}
        self._seen_elsewhere: dict[int, dict[int, int]] = {}
        self._marked: dict[int, int] = {}
        """A sighting with its mark, by the one without: one object for all that are alike."""

    def add(self, record: TopicRecord) -> None:
        """Judges and counts one record.

        Raises:
            AccountingBroken: an offset outside of the range, or not above the one before it.
        """
        partition = self.partitions[record.partition]
        partition.pass_record(record.offset)
        judged = self.rules.judge(record)
        if isinstance(judged, ValidCall):
            self._count(partition, judged)
        elif isinstance(judged, LateRecord):
            partition.note_late(judged)
        else:
            partition.reject(record.offset, judged)

    def _count(self, partition: PartitionCount, call: ValidCall) -> None:
        number = partition.number
        labels = (call.call_type, call.disposition)
        label = self._labels.setdefault(labels, len(self._labels))
        identity = call.call_id << _CALL_TIME_BITS | call.call_us
        first = self._first_seen.get(identity)
        if first is None:
            self._first_seen[identity] = number << _LABEL_BITS | label
            partition.identities += 1
            cell = call.call_us // self._window_us << _LABEL_BITS | label
            self._cells[cell] = self._cells.get(cell, 0) + 1
        elif first >> _LABEL_BITS != number:
            elsewhere = self._seen_elsewhere.setdefault(identity, {})
            if number not in elsewhere:
                elsewhere[number] = label
                partition.identities += 1

    def finish(self) -> tuple[Conflict, ...]:
        """Settles what several partitions hold; to be called once, after the last record.

        Returns:
            the conflicts; their calls are in no cell of `cells` and remain to be settled.
        """
        texts = list(self._labels)
        found = []
        for identity, elsewhere in sorted(self._seen_elsewhere.items()):
            first = self._first_seen[identity]
            copies = {first >> _LABEL_BITS: first & _LABEL_MASK, **elsewhere}
            for number in copies:
                self.partitions[number].shared += 1
            if len(set(copies.values())) == 1:
                continue
            call_us = identity & (_END_OF_TIME_US - 1)
            self._take_out(call_us // self._window_us << _LABEL_BITS | first & _LABEL_MASK)
            window_us = self.rules.window_of(call_us)
            choices = tuple(
                (number, CellCount(window_us, *texts[label], 1))
                for number, label in sorted(copies.items())
            )
            found.append(Conflict(identity >> _CALL_TIME_BITS, call_us, choices))
        return tuple(found)

    def _take_out(self, cell: int) -> None:
        self._cells[cell] -= 1
        if not self._cells[cell]:
            del self._cells[cell]

    def mark(self, call_id: int, call_us: int) -> Mark:
        """Marks one identity, for `unmarked`; to be done after the last record."""
        identity = _packed(call_id, call_us)
        first = self._first_seen.get(identity)
        if first is None:
            return Mark.UNKNOWN
        if first & _MARKED:
            return Mark.REPEATED
        self._first_seen[identity] = self._marked.setdefault(first, first | _MARKED)
        return Mark.KNOWN

    def unmarked(self) -> Iterator[tuple[int, int]]:
        """Call id and call time of every identity without a mark, as they were first seen."""
        for identity, first in self._first_seen.items():
            if not first & _MARKED:
                yield identity >> _CALL_TIME_BITS, identity & (_END_OF_TIME_US - 1)

    @property
    def accounting(self) -> Accounting:
        """What became of all records read so far; a conflict counts once, like any identity."""
        parts = self.partitions.values()
        read = sum(part.read for part in parts)
        late = sum(part.late for part in parts)
        rejected = sum(part.rejected for part in parts)
        counted = len(self._first_seen)
        gaps = sum(part.gaps for part in parts)
        return Accounting(read, counted, read - late - rejected - counted, late, rejected, gaps)

    def cells(self) -> Iterator[CellCount]:
        """Every cell, ordered by window, call type and disposition as SQLite orders text."""
        texts = sorted(self._labels)
        label_of_rank = [self._labels[text] for text in texts]
        rank_of_label = [0] * len(texts)
        for rank, label in enumerate(label_of_rank):
            rank_of_label[label] = rank
        ranked = [cell & ~_LABEL_MASK | rank_of_label[cell & _LABEL_MASK] for cell in self._cells]
        ranked.sort()
        for cell in ranked:
            window, rank = cell >> _LABEL_BITS, cell & _LABEL_MASK
            calls = self._cells[window << _LABEL_BITS | label_of_rank[rank]]
            yield CellCount(window * self._window_us, *texts[rank], calls)

    def calls_by_window(self) -> Counter[int]:
        """The calls of all cells by the start of their window, microseconds on the wall."""
        calls = Counter[int]()
        for cell, n in self._cells.items():
            calls[(cell >> _LABEL_BITS) * self._window_us] += n
        return calls

    def rejected(self) -> Iterator[RejectedRecord]:
        """Every rejected record, by partition and offset."""
        return chain.from_iterable(part.rejected_records() for part in self.partitions.values())

    def late(self) -> Iterator[LateRecord]:
        """Every late record, by partition and offset."""
        return chain.from_iterable(part.late_records() for part in self.partitions.values())


def _packed(call_id: int, call_us: int) -> int:
    """An identity in one number; -1 for one that no valid record has, so it is taken for none."""
    if call_id < 0 or not 0 <= call_us < _END_OF_TIME_US:
        return -1
    return call_id << _CALL_TIME_BITS | call_us


def recount(
    batches: Iterable[Sequence[TopicRecord]],
    ranges: Mapping[int, OffsetRange],
    rules: CountingRules,
) -> Recount:
    """Counts all records of a topic's ranges.

    Args:
        batches: the records, each partition's in the order of its offsets.
        ranges: what is to be read of each partition.
        rules: what the stored numbers were counted by.
    """
    count = Recount(ranges, rules)
    for record in chain.from_iterable(batches):
        count.add(record)
    return count
