"""What a recount knows of each partition: its range, its sums, and the records set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.shares import LATE, REJECTED, SEQUENCE, OffsetRange, file_of
from sfcrime.audit.spill import Rows, Spill
from sfcrime.domain.outcomes import Reason
from sfcrime.store.records import LateRecord, RejectedRecord

_REASONS = [reason.value for reason in Reason]


class PartitionCount:
    """What one partition holds within its range.

    Args:
        number: of the partition.
        span: its range.
        spill: holds the shares' files.
        shares: those that read a part of it, in the order of its offsets.
    """

    def __init__(self, number: int, span: OffsetRange, spill: Spill, shares: Sequence[int]) -> None:
        self.number, self.start, self.end = number, span.start, span.end
        self.read = 0
        self.identities = 0
        """Different (call id, call time) among its records that are neither rejected nor late."""
        self.shared = 0
        """Those of them that another partition holds as well: any one of these counted it."""
        self._spill, self._shares = spill, shares

    @property
    def gaps(self) -> int:
        return self.end - self.start - self.read

    @cached_property
    def rejected(self) -> int:
        return self._rows_of("rejected", REJECTED)

    @cached_property
    def late(self) -> int:
        return self._rows_of("late", LATE)

    def rejected_records(self) -> Iterator[RejectedRecord]:
        """Every one, by offset."""
        for rows in self._chunks("rejected", REJECTED):
            for offset, reason in rows.tolist():
                yield RejectedRecord(self.number, offset, _REASONS[reason])

    def late_records(self) -> Iterator[LateRecord]:
        """Every one, by offset."""
        for rows in self._chunks("late", LATE):
            for row in rows.tolist():
                yield LateRecord(self.number, *row)

    def sequences(self, most_rows: int) -> Iterator[Rows]:
        """Offset and sequence of each record of the source, by offset, up to so many at a time."""
        return self._chunks("sequences", SEQUENCE, most_rows)

    def rejected_within(self, start: int, end: int) -> int:
        """Rejected records at offsets [start, end)."""
        return _within(self._rejected_offsets, start, end)

    def late_within(self, start: int, end: int) -> int:
        """Late records at offsets [start, end)."""
        return _within(self._late_offsets, start, end)

    @cached_property
    def _rejected_offsets(self) -> NDArray[np.int64]:
        return self._offsets("rejected", REJECTED)

    @cached_property
    def _late_offsets(self) -> NDArray[np.int64]:
        return self._offsets("late", LATE)

    def forget_offsets(self) -> None:
        """Frees what `rejected_within` and `late_within` keep: 8 bytes a record set aside."""
        self.__dict__.pop("_rejected_offsets", None)
        self.__dict__.pop("_late_offsets", None)

    def _offsets(self, kind: str, row: np.dtype[Any]) -> NDArray[np.int64]:
        none = np.empty(0, np.int64)
        return np.concatenate([none, *(rows["offset"] for rows in self._chunks(kind, row))])

    def _rows_of(self, kind: str, row: np.dtype[Any]) -> int:
        return sum(self._spill.rows(file_of(kind, each, self.number), row) for each in self._shares)

    def _chunks(
        self, kind: str, row: np.dtype[Any], most_rows: int | None = None
    ) -> Iterator[Rows]:
        for share in self._shares:
            yield from self._spill.chunks(file_of(kind, share, self.number), row, most_rows)


def _within(ascending: NDArray[np.int64], start: int, end: int) -> int:
    first, last = np.searchsorted(ascending, [start, end])
    return int(last - first)
