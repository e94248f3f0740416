"""What a query counted, and what its topic holds: the two must be the same. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sfcrime.domain.outcomes import Accounting


class TrialFailed(Exception):
    """A trial that gives no figures; becomes a result.

    Args:
        reason: why it gives none.
        log: the last lines of its query's log, where the query ended by itself.
    """

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.log = log


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch whose part of the count stands."""

    read: int
    done_ms: int
    """Of the product, the commit of its ledger row; of the exercise, the end of Spark's batch."""
    offsets: Mapping[int, range]
    """By partition, those it counted; without those of which it read none."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a query came to, in whichever form it keeps that."""

    started_ms: int
    """When the first batch began."""
    batches: Sequence[CountedBatch]
    """Oldest first."""
    accounting: Accounting
    """Each number found by itself: their sum proves something."""
    calls: int
    """The sum over all cells or groups."""
    digest: str
    """Of all of them; empty where it is not known."""

    @property
    def ends(self) -> dict[int, int]:
        """By partition, the first offset that was not read."""
        return {p: offsets.stop for batch in self.batches for p, offsets in batch.offsets.items()}


@dataclass(slots=True)
class Expected:
    """What a count of a topic must come to, for any beginning of its partitions.

    Every record of the synthetic city is valid and in time; some are published twice.
    """

    repeats: dict[int, list[int]] = field(default_factory=dict)
    """By partition, the offsets of second copies, ascending."""
    keys: set[bytes] = field(default_factory=set)
    length: dict[int, int] = field(default_factory=dict)
    """By partition, how many records there are."""

    @property
    def records(self) -> int:
        return sum(self.length.values())

    def add(self, partition: int, key: bytes) -> None:
        """Notes the next record of a partition."""
        offset = self.length.get(partition, 0)
        self.length[partition] = offset + 1
        if key in self.keys:
            self.repeats.setdefault(partition, []).append(offset)
        self.keys.add(key)

    def accounting(self, ends: Mapping[int, int]) -> Accounting:
        """Of the offsets below `ends`."""
        read = sum(ends.values())
        again = sum(bisect_left(self.repeats.get(p, []), end) for p, end in ends.items())
        return Accounting(read=read, counted=read - again, duplicate=again)


@dataclass(slots=True)
class Sends:
    """When each record of a topic was handed to Kafka's client."""

    expected: Expected = field(default_factory=Expected)
    at_ms: dict[int, list[int]] = field(default_factory=dict)
    """By partition, the wall clock of each offset from 0 on."""
    since_ms: int = 0
    """Records sent before belong to the warm-up."""

    def note(self, partition: int, key: bytes, at_ms: int) -> None:
        """The next record of a partition is sent."""
        self.expected.add(partition, key)
        self.at_ms.setdefault(partition, []).append(at_ms)


def require_exact(count: Count, expected: Expected) -> None:
    """Compares a count of a beginning of a topic with what the topic holds.

    Raises:
        TrialFailed: something is wrong with it.
    """
    accounting, should = count.accounting, expected.accounting(count.ends)
    if accounting != should:
        raise TrialFailed(f"not exact: it came to {accounting}, and should have come to {should}")
    if count.calls != accounting.counted:
        raise TrialFailed(
            f"not exact: its cells hold {count.calls} calls, and {accounting.counted} were counted"
        )
