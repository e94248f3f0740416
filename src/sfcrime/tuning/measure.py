"""From what a query counted to figures: rate, latency, and whether it was exact. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sfcrime.domain.outcomes import Accounting
from sfcrime.tuning.scales import Workload


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch whose part of the count stands."""

    batch_id: int
    read: int
    done_ms: int
    """Of the product, the commit of its ledger row; of the exercise, the end of Spark's batch."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Offsets [start, end) of a partition that one batch counted."""

    partition: int
    start: int
    end: int
    done_ms: int
    """Of the batch."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a query came to, in whichever form it keeps that."""

    started_ms: int
    """When the first batch began."""
    batches: Sequence[CountedBatch]
    covered: Sequence[Covered]
    starts: Mapping[int, int]
    """By partition, the first offset that was read."""
    ends: Mapping[int, int]
    """By partition, the first offset that was not read."""
    accounting: Accounting
    """Each number found by itself: their sum proves something."""
    calls: int
    """The sum over all cells or groups."""
    digest: str
    """Of all of them; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a count, between two moments."""

    start_ms: int
    end_ms: int
    records: int

    @property
    def per_s(self) -> float:
        """0 where no time passed."""
        passed_ms = self.end_ms - self.start_ms
        return self.records * 1000 / passed_ms if passed_ms > 0 else 0.0


def whole_stretch(batches: Sequence[CountedBatch], started_ms: int) -> Stretch:
    """From the start of the first batch to the end of the last one with records.

    Args:
        batches: in any order, at least one with records.
        started_ms: when the first batch began.
    """
    filled = _filled(batches)
    return Stretch(started_ms, filled[-1].done_ms, sum(batch.read for batch in filled))


def warm_stretch(batches: Sequence[CountedBatch], workload: Workload) -> Stretch | None:
    """What is left without the warm-up, from batch end to batch end; None: nothing is.

    The warm-up ends with the first batch behind `warm_records` records, or `warm_s` seconds
    after the end of the first batch.
    """
    filled = _filled(batches)
    read = 0
    for at, batch in enumerate(filled[:-1]):
        read += batch.read
        if (
            read >= workload.warm_records
            or batch.done_ms >= filled[0].done_ms + workload.warm_s * 1000
        ):
            rest = sum(later.read for later in filled[at + 1 :])
            return Stretch(batch.done_ms, filled[-1].done_ms, rest)
    return None


def _filled(batches: Sequence[CountedBatch]) -> list[CountedBatch]:
    """Batches with records, oldest first: those that only forget old identities count nothing."""
    return sorted((batch for batch in batches if batch.read), key=lambda batch: batch.batch_id)


def latencies_ms(
    sent_ms: Mapping[int, Sequence[int]], covered: Iterable[Covered], since_ms: int
) -> list[int]:
    """From the send of each record to the end of the batch that covers it, ascending.

    Args:
        sent_ms: by partition, the wall clock at the send of each offset from 0 on.
        covered: what each batch read.
        since_ms: records that were sent before are left out.
    """
    found = []
    for part in covered:
        sends = sent_ms.get(part.partition, ())
        for sent in sends[part.start : part.end]:
            if sent >= since_ms:
                found.append(part.done_ms - sent)
    return sorted(found)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the least value that so large a share of all does not exceed.

    Args:
        ordered: ascending, not empty.
        share: above 0, at most 1.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


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

    def add(self, partition: int, key: bytes) -> int:
        """Notes the next record of a partition; its offset."""
        offset = self.length.get(partition, 0)
        self.length[partition] = offset + 1
        if key in self.keys:
            self.repeats.setdefault(partition, []).append(offset)
        self.keys.add(key)
        return offset

    def accounting(self, ends: Mapping[int, int]) -> Accounting:
        """Of the offsets below `ends`."""
        read = sum(ends.values())
        again = sum(bisect_left(self.repeats.get(p, []), end) for p, end in ends.items())
        return Accounting(read=read, counted=read - again, duplicate=again)


def inexactness(count: Count, expected: Expected) -> str:
    """What is wrong with a count; empty where it is exact.

    Args:
        count: of a beginning of the topic.
        expected: what the topic holds.
    """
    if any(count.starts.values()):
        return "it did not begin with the topic"
    accounting, should = count.accounting, expected.accounting(count.ends)
    if accounting != should:
        return f"it came to {accounting}, and should have come to {should}"
    if count.calls != accounting.counted:
        return f"its cells hold {count.calls} calls, and {accounting.counted} were counted"
    return ""
