"""The figures of a trial, from its store and its process tree, once its query has ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import CellCount, LedgerRow, Totals
from sfcrime.tuning.measure import (
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

LEDGER_ROWS = 1_000_000
"""Kept of a trial: all."""


class TrialFailed(Exception):
    """A trial that gives no figures; becomes a result."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a paced trial was fed with."""

    sends: Sends
    since_ms: int
    """Records sent before belong to the warm-up."""


@dataclass(frozen=True, slots=True)
class _Exact:
    """A count that was checked."""

    reader: StoreReader
    totals: Totals
    rows: list[LedgerRow]
    digest: str
    """Of every cell."""


def backlog_figures(
    known: TrialResult, store: Path, workload: Workload, expected: Expected, meter: UsageMeter
) -> TrialResult:
    """The result with rates, CPU time a record and memory.

    Args:
        known: the result without figures.
        store: what the trial has written.
        workload: tells where the warm-up ends.
        expected: what the topic holds.
        meter: watched the trial.

    Raises:
        TrialFailed: the count is not exact.
        StoreUnavailable: nothing can be read.
    """
    with _exact(store, expected) as count:
        read = count.totals.accounting.read
        warm = warm_stretch(count.rows, workload)
        whole = whole_stretch(count.rows, _first_batch_began_ms(count.reader))
    measured = warm or whole
    cpu_s = _own(meter.cpu_between(measured.start_ms / 1000, measured.end_ms / 1000))
    return msgspec.structs.replace(
        _with_usage(known, count.totals, meter),
        warm_per_s=round(warm.per_s, 1) if warm else None,
        whole_per_s=round(whole.per_s, 1),
        cpu_us=round(cpu_s * 1e6 / measured.records, 2),
        cells=count.digest if read == sum(expected.length.values()) else "",
    )


def paced_figures(known: TrialResult, store: Path, sent: Sent, meter: UsageMeter) -> TrialResult:
    """The result with latencies, cores kept busy and memory; errors as `backlog_figures`."""
    sends = sent.sends
    with _exact(store, sends.expected) as count:
        committed = {row.batch_id: row.committed_ms for row in count.rows}
        ranges = count.reader.batch_ranges()
        latencies = latencies_ms(sends.at_ms, ranges, committed, sent.since_ms)
    if not latencies:
        raise TrialFailed("no record was sent and counted behind the warm-up")
    start_s, end_s = sent.since_ms / 1000, max(times[-1] for times in sends.at_ms.values()) / 1000
    return msgspec.structs.replace(
        _with_usage(known, count.totals, meter),
        p50_ms=percentile(latencies, 0.5),
        p99_ms=percentile(latencies, 0.99),
        latencies=len(latencies),
        cpu_share=round(_own(meter.cpu_between(start_s, end_s)) / (end_s - start_s or 1.0), 3),
    )


@contextmanager
def _exact(store: Path, expected: Expected) -> Iterator[_Exact]:
    with open_reader(store) as reader:
        totals = reader.totals()
        calls, digest = _calls_and_digest(reader.cells())
        wrong = inexactness(reader.partition_ledger(), totals.accounting, calls, expected)
        if wrong:
            raise TrialFailed(f"not exact: {wrong}")
        yield _Exact(reader, totals, reader.ledger_rows(LEDGER_ROWS), digest)


def _first_batch_began_ms(reader: StoreReader) -> int:
    """By Spark's report; where it did not come any more, the query's own beginning."""
    first = [report for report in reader.progress() if report.batch_id == 0]
    return first[0].started_ms if first else reader.generation().created_ms


def _calls_and_digest(cells: Iterable[CellCount]) -> tuple[int, str]:
    # One cell at a time: 670,000 of them take 2 s so, and 11 s in a list.
    hashed, calls = hashlib.sha256(), 0
    for cell in cells:
        calls += cell.calls
        hashed.update(f"{tuple(cell)}\n".encode())
    return calls, hashed.hexdigest()[:16]


def _with_usage(known: TrialResult, totals: Totals, meter: UsageMeter) -> TrialResult:
    return msgspec.structs.replace(
        known,
        read=totals.accounting.read,
        batches=totals.batches,
        peak_mb=round(_own(meter.usage.peak_rss_mb_by_role), 1),
        others_share=round(meter.usage.others_share, 3),
    )


def _own(by_role: Mapping[str, float]) -> float:
    """The sum without the broker, which all trials share."""
    return sum(value for role, value in by_role.items() if role != "broker")
