"""What a recount keeps of each partition: its range, its sums, and the records set aside. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets [start, end) of a partition."""

    start: int
    end: int


@dataclass(slots=True)
class PartitionCount:
    """What one partition holds within its range."""

    start: int
    end: int
    next_offset: int
    read: int = 0
    late: int = 0
    rejected: int = 0
    identities: int = 0
    """Different (call id, call time) among its records that are neither rejected nor late."""
    shared: int = 0
    """Those of them that another partition holds as well: any one of these counted it."""
    rejected_offsets: array[int] = field(default_factory=lambda: array("q"))
    rejected_reasons: array[int] = field(default_factory=lambda: array("B"))
    late_offsets: array[int] = field(default_factory=lambda: array("q"))
    late_calls_us: array[int] = field(default_factory=lambda: array("q"))
    late_published_ms: array[int] = field(default_factory=lambda: array("q"))

    @property
    def gaps(self) -> int:
        return self.end - self.start - self.read

    def late_within(self, start: int, end: int) -> int:
        """Late records at offsets [start, end)."""
        return bisect_left(self.late_offsets, end) - bisect_left(self.late_offsets, start)

    def rejected_within(self, start: int, end: int) -> int:
        """Rejected records at offsets [start, end)."""
        return bisect_left(self.rejected_offsets, end) - bisect_left(self.rejected_offsets, start)
