"""The figures of a trial, from its count and its process tree, once its query has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from sfcrime.tuning.measure import (
    Count,
    Expected,
    inexactness,
    latencies_ms,
    percentile,
    warm_stretch,
    whole_stretch,
)
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.scales import Workload
from sfcrime.tuning.workload import Sends


class TrialFailed(Exception):
    """A trial that gives no figures; becomes a result."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a paced trial was fed with."""

    sends: Sends
    since_ms: int
    """Records sent before belong to the warm-up."""


def backlog_figures(
    known: TrialResult, count: Count, workload: Workload, expected: Expected, meter: UsageMeter
) -> TrialResult:
    """The result with rates, CPU time a record and memory.

    Args:
        known: the result without figures.
        count: what the trial came to.
        workload: tells where the warm-up ends.
        expected: what the topic holds.
        meter: watched the trial.

    Raises:
        TrialFailed: the count is not exact.
    """
    _require_exact(count, expected)
    warm = warm_stretch(count.batches, workload)
    whole = whole_stretch(count.batches, count.started_ms)
    measured = warm or whole
    cpu_s = _own(meter.cpu_between(measured.start_ms / 1000, measured.end_ms / 1000))
    is_whole = count.accounting.read == sum(expected.length.values())
    return msgspec.structs.replace(
        _with_usage(known, count, meter),
        warm_per_s=round(warm.per_s, 1) if warm else None,
        whole_per_s=round(whole.per_s, 1),
        cpu_us=round(cpu_s * 1e6 / measured.records, 2),
        cells=count.digest if is_whole else "",
    )


def paced_figures(known: TrialResult, count: Count, sent: Sent, meter: UsageMeter) -> TrialResult:
    """The result with latencies, cores kept busy and memory; errors as `backlog_figures`."""
    sends = sent.sends
    _require_exact(count, sends.expected)
    latencies = latencies_ms(sends.at_ms, count.covered, sent.since_ms)
    if not latencies:
        raise TrialFailed("no record was sent and counted behind the warm-up")
    start_s, end_s = sent.since_ms / 1000, max(times[-1] for times in sends.at_ms.values()) / 1000
    return msgspec.structs.replace(
        _with_usage(known, count, meter),
        p50_ms=percentile(latencies, 0.5),
        p99_ms=percentile(latencies, 0.99),
        latencies=len(latencies),
        cpu_share=round(_own(meter.cpu_between(start_s, end_s)) / (end_s - start_s or 1.0), 3),
    )


def _require_exact(count: Count, expected: Expected) -> None:
    wrong = inexactness(count, expected)
    if wrong:
        raise TrialFailed(f"not exact: {wrong}")


def _with_usage(known: TrialResult, count: Count, meter: UsageMeter) -> TrialResult:
    return msgspec.structs.replace(
        known,
        read=count.accounting.read,
        batches=len(count.batches),
        peak_mb=round(_own(meter.usage.peak_rss_mb_by_role), 1),
        others_share=round(meter.usage.others_share, 3),
    )


def _own(by_role: Mapping[str, float]) -> float:
    """The sum without the broker, which all trials share."""
    return sum(value for role, value in by_role.items() if role != "broker")
