"""What a recount keeps of each partition: its range, its sums, and the records set aside. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from sfcrime.domain.outcomes import Reason
from sfcrime.errors import AccountingBroken
from sfcrime.store.records import LateRecord, RejectedRecord

_REASONS = tuple(Reason)


def _offsets() -> array[int]:
    return array("q")


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets [start, end) of a partition."""

    start: int
    end: int


@dataclass(slots=True)
class PartitionCount:
    """What one partition holds within its range."""

    number: int
    start: int
    end: int
    next_offset: int
    read: int = 0
    identities: int = 0
    """Different (call id, call time) among its records that are neither rejected nor late."""
    shared: int = 0
    """Those of them that another partition holds as well: any one of these counted it."""
    _rejected_offsets: array[int] = field(default_factory=_offsets)
    _rejected_reasons: array[int] = field(default_factory=lambda: array("B"))
    _late_offsets: array[int] = field(default_factory=_offsets)
    _late_calls_us: array[int] = field(default_factory=_offsets)
    _late_published_ms: array[int] = field(default_factory=_offsets)

    def pass_record(self, offset: int) -> None:
        """Counts a record as read.

        Raises:
            AccountingBroken: an offset outside of the range, or not above the one before it.
        """
        if not self.next_offset <= offset < self.end:
            raise AccountingBroken(
                f"Partition {self.number} was read out of order: offset {offset}, "
                f"where one of [{self.next_offset}, {self.end}) was due.",
                rule="A partition is read once, in the order of its offsets.",
                next_step="run `sfcrime audit` again; if it stays, report it",
            )
        self.next_offset = offset + 1
        self.read += 1

    def reject(self, offset: int, reason: Reason) -> None:
        self._rejected_offsets.append(offset)
        self._rejected_reasons.append(_REASONS.index(reason))

    def note_late(self, record: LateRecord) -> None:
        self._late_offsets.append(record.offset)
        self._late_calls_us.append(record.call_us)
        self._late_published_ms.append(record.published_ms)

    @property
    def gaps(self) -> int:
        return self.end - self.start - self.read

    @property
    def rejected(self) -> int:
        return len(self._rejected_offsets)

    @property
    def late(self) -> int:
        return len(self._late_offsets)

    def rejected_records(self) -> Iterator[RejectedRecord]:
        """Every one, by offset."""
        for offset, reason in zip(self._rejected_offsets, self._rejected_reasons, strict=True):
            yield RejectedRecord(self.number, offset, _REASONS[reason].value)

    def late_records(self) -> Iterator[LateRecord]:
        """Every one, by offset."""
        columns = (self._late_offsets, self._late_calls_us, self._late_published_ms)
        for offset, call_us, published_ms in zip(*columns, strict=True):
            yield LateRecord(self.number, offset, call_us, published_ms)

    def rejected_within(self, start: int, end: int) -> int:
        """Rejected records at offsets [start, end)."""
        return _within(self._rejected_offsets, start, end)

    def late_within(self, start: int, end: int) -> int:
        """Late records at offsets [start, end)."""
        return _within(self._late_offsets, start, end)


def _within(ascending: array[int], start: int, end: int) -> int:
    return bisect_left(ascending, end) - bisect_left(ascending, start)
