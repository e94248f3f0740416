"""From a ledger to figures: rate, latency, and whether the count was exact. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import LedgerRow, PartitionLedger, PartitionRange
from sfcrime.tuning.scales import Workload


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


def whole_stretch(rows: Sequence[LedgerRow], started_ms: int) -> Stretch:
    """From the start of the first batch to the last commit with records.

    Args:
        rows: of the ledger, in any order, at least one with records.
        started_ms: when the first batch began.
    """
    filled = _filled(rows)
    return Stretch(started_ms, filled[-1].committed_ms, sum(row.accounting.read for row in filled))


def warm_stretch(rows: Sequence[LedgerRow], workload: Workload) -> Stretch | None:
    """What is left without the warm-up, from commit to commit; None: nothing is.

    The warm-up ends with the first commit behind `warm_records` records, or `warm_s` seconds
    after the first commit.
    """
    filled = _filled(rows)
    read = 0
    for at, row in enumerate(filled[:-1]):
        read += row.accounting.read
        if (
            read >= workload.warm_records
            or row.committed_ms >= filled[0].committed_ms + workload.warm_s * 1000
        ):
            rest = sum(later.accounting.read for later in filled[at + 1 :])
            return Stretch(row.committed_ms, filled[-1].committed_ms, rest)
    return None


def _filled(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Batches with records, oldest first: those that only forget old identities count nothing."""
    return sorted((row for row in rows if row.accounting.read), key=lambda row: row.batch_id)


def latencies_ms(
    sent_ms: Mapping[int, Sequence[int]],
    ranges: Iterable[tuple[int, PartitionRange]],
    committed_ms: Mapping[int, int],
    since_ms: int,
) -> list[int]:
    """From the send of each record to the commit of the ledger row that covers it, ascending.

    Args:
        sent_ms: by partition, the wall clock at the send of each offset from 0 on.
        ranges: what each batch read, with its batch id.
        committed_ms: by batch id.
        since_ms: records that were sent before are left out.
    """
    found = []
    for batch_id, covered in ranges:
        sends = sent_ms.get(covered.partition, ())
        for sent in sends[covered.start : covered.end]:
            if sent >= since_ms:
                found.append(committed_ms[batch_id] - sent)
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


def inexactness(
    ledger: Sequence[PartitionLedger], accounting: Accounting, calls: int, expected: Expected
) -> str:
    """What is wrong with a count; empty where it is exact.

    Args:
        ledger: where it ends, by partition.
        accounting: its totals.
        calls: the sum over all its cells.
        expected: what the topic holds.
    """
    if any(part.start != 0 for part in ledger):
        return "it did not begin with the topic"
    should = expected.accounting({part.partition: part.end for part in ledger})
    if accounting != should:
        return f"it came to {accounting}, and should have come to {should}"
    if calls != accounting.counted:
        return f"its cells hold {calls} calls, and {accounting.counted} were counted"
    return ""
