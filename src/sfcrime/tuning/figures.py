"""From what a query counted to the figures of its trial, once it was found to be exact."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from sfcrime.domain.outcomes import Accounting
from sfcrime.machine.usage import UsageMeter
from sfcrime.tuning.plan import Workload
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.workload import Sends

OWN = "query"
"""The role of a trial's own processes, as the meter has it; the broker is all trials'."""


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


def backlog_figures(
    known: TrialResult, count: Count, workload: Workload, sends: Sends, meter: UsageMeter
) -> TrialResult:
    """The result with rates, CPU time a record and memory.

    Args:
        known: the result without figures.
        count: what the trial came to.
        workload: tells where the warm-up ends.
        sends: what the topic holds.
        meter: watched the trial's processes, which are `OWN`.

    Raises:
        TrialFailed: the count is not exact.
    """
    require_exact(count, sends)
    warm = warm_stretch(count.batches, workload)
    whole = whole_stretch(count.batches, count.started_ms)
    measured = warm or whole
    cpu_s = meter.cpu_between(measured.start_ms / 1000, measured.end_ms / 1000)[OWN]
    return msgspec.structs.replace(
        _with_usage(known, count, meter),
        warm_per_s=round(warm.per_s, 1) if warm else None,
        whole_per_s=round(whole.per_s, 1),
        cpu_us=round(cpu_s * 1e6 / measured.records, 2),
        cells=count.digest if count.accounting.read == sends.records else "",
    )


def paced_figures(known: TrialResult, count: Count, sends: Sends, meter: UsageMeter) -> TrialResult:
    """The result with latencies and memory.

    Args:
        known, count, meter: as of `backlog_figures`.
        sends: what the trial was fed with.

    Raises:
        TrialFailed: the count is not exact, or nothing was sent after the warm-up.
    """
    require_exact(count, sends)
    latencies = latencies_ms(sends.at_ms, count.batches, sends.since_ms)
    if not latencies:
        raise TrialFailed("no record was sent and counted after the warm-up")
    return msgspec.structs.replace(
        _with_usage(known, count, meter),
        p50_ms=percentile(latencies, 0.5),
        p99_ms=percentile(latencies, 0.99),
        latencies=len(latencies),
    )


def require_exact(count: Count, sends: Sends) -> None:
    """Compares a count of a beginning of a topic with what the topic holds.

    Raises:
        TrialFailed: something is wrong with it.
    """
    accounting, should = count.accounting, sends.accounting(count.ends)
    if accounting != should:
        raise TrialFailed(f"not exact: it came to {accounting}, and should have come to {should}")
    if count.calls != accounting.counted:
        raise TrialFailed(
            f"not exact: its cells hold {count.calls} calls, and {accounting.counted} were counted"
        )


def _with_usage(known: TrialResult, count: Count, meter: UsageMeter) -> TrialResult:
    return msgspec.structs.replace(
        known,
        read=count.accounting.read,
        batches=len(count.batches),
        peak_mb=round(meter.peak_mb_by_role()[OWN], 1),
        others_share=round(meter.others_share(), 3),
    )


def whole_stretch(batches: Sequence[CountedBatch], started_ms: int) -> Stretch:
    """To the end of the last batch with records.

    Args:
        batches: oldest first, at least one with records.
        started_ms: when the first of them began.
    """
    filled = [batch for batch in batches if batch.read]
    return Stretch(started_ms, filled[-1].done_ms, sum(batch.read for batch in filled))


def warm_stretch(batches: Sequence[CountedBatch], workload: Workload) -> Stretch | None:
    """What is left without the warm-up, from batch end to batch end; None: nothing is.

    The warm-up ends with the first batch after `warm_records` records, or `warm_s` seconds
    after the end of the first batch. Batches that only forget old identities count nothing.
    """
    filled = [batch for batch in batches if batch.read]
    for at, read in enumerate(accumulate(batch.read for batch in filled[:-1])):
        passed_s = (filled[at].done_ms - filled[0].done_ms) / 1000
        if read >= workload.warm_records or passed_s >= workload.warm_s:
            return whole_stretch(filled[at + 1 :], filled[at].done_ms)
    return None


def latencies_ms(
    sent_ms: Mapping[int, Sequence[int]], batches: Iterable[CountedBatch], since_ms: int
) -> list[int]:
    """From the send of each record to the end of the batch that covers it, ascending.

    Args:
        sent_ms: by partition, the wall clock at the send of each offset from 0 on.
        batches: in any order.
        since_ms: records that were sent before are left out.
    """
    return sorted(
        batch.done_ms - sent
        for batch in batches
        for partition, offsets in batch.offsets.items()
        for sent in sent_ms.get(partition, ())[offsets.start : offsets.stop]
        if sent >= since_ms
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the least value that so large a share of all does not exceed.

    Args:
        ordered: ascending, not empty.
        share: above 0, at most 1.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
