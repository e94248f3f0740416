"""What was rejected or late, in sums that last, beside the rows of the newest of them. Pure.

Rows are bounded (`retention`), sums are kept for ever: what is dropped stays in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sfcrime.domain.outcomes import Outcome


class SetAsideSum(NamedTuple):
    """What one reason set aside in one partition since counting began.

    Of these records the first ones committed may have no row any more: of the records at or after
    `kept_from` each has its row, and of those before it none has.
    """

    partition: int
    reason: str
    """A value of `domain.outcomes.Reason`; of late records, "late"."""
    records: int
    dropped: int = 0
    """Those without a row."""
    kept_from: int = 0
    """The offset after the last of those; 0: none was dropped."""

    @property
    def is_late(self) -> bool:
        return self.reason == Outcome.LATE.value

    @property
    def kept(self) -> int:
        """Those with a row."""
        return self.records - self.dropped


@dataclass(frozen=True, slots=True)
class SetAsideKept:
    """How many records were rejected, or late, and of which of them the rows are kept."""

    records: int
    by_reason: Mapping[str, int]
    """Of all, whether their rows are kept or not; reasons that never applied are not there."""
    dropped: int
    kept_from: Mapping[int, int]
    """By partition, where a row was dropped: the first offset of which rows are kept."""

    @classmethod
    def of(cls, sums: Iterable[SetAsideSum]) -> SetAsideKept:
        """What the sums come to."""
        by_reason, dropped = Counter[str](), 0
        for each in (sums := list(sums)):
            by_reason[each.reason] += each.records
            dropped += each.dropped
        return cls(by_reason.total(), dict(by_reason), dropped, kept_from(sums))


def kept_from(sums: Iterable[SetAsideSum]) -> dict[int, int]:
    """By partition, where a row was dropped: the first offset of which rows of all these reasons
    are kept."""
    starts: dict[int, int] = {}
    for each in sums:
        if each.dropped:
            starts[each.partition] = max(each.kept_from, starts.get(each.partition, 0))
    return starts


@dataclass(frozen=True, slots=True)
class SetAsidePlaces:
    """Where records were set aside, from some offsets on."""

    places: frozenset[tuple[int, int]]
    """Partition and offset of those whose rows are kept."""
    kept_from: Mapping[int, int]
    """By partition: of what stands before it, any may have been set aside."""

    def __contains__(self, place: object) -> bool:
        """Whether a record was set aside there, as far as the store still knows: True where its
        row may have been dropped."""
        if not isinstance(place, tuple):
            return False
        partition, offset = place
        return offset < self.kept_from.get(partition, 0) or place in self.places
