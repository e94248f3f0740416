"""Spark's report of each batch: as a line for people, and as a JSON line for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pyspark.sql import Row
from totals import digest, sums

from sfcrime.streaming.progress import offsets_of, rate_of


@dataclass(frozen=True)
class BatchReport:
    """What is shown of a `StreamingQueryProgress`."""

    batch_id: int
    started_ms: int
    """When its trigger fired, milliseconds since 1970 UTC."""
    duration_ms: int
    """Until Spark had committed it."""
    records: int
    records_per_s: float
    ends: Mapping[int, int]
    """By partition, the first offset that is not counted yet."""
    lag: int
    """Records in the topic that this batch had not reached."""
    repeats: int
    behind_watermark: int
    """Rows that the watermark made Spark drop: calls that are in no count."""
    state_rows: int
    phases_ms: Mapping[str, int]


def report_of(progress: dict[str, Any]) -> BatchReport:
    """A `StreamingQueryProgress` in its JSON form; the query has one source."""
    states = progress.get("stateOperators", [])
    (source,) = progress["sources"]
    ends, newest = offsets_of(source.get("endOffset")), offsets_of(source.get("latestOffset"))
    return BatchReport(
        batch_id=progress["batchId"],
        started_ms=int(datetime.fromisoformat(progress["timestamp"]).timestamp() * 1000),
        duration_ms=progress["batchDuration"],
        records=progress["numInputRows"],
        records_per_s=rate_of(progress.get("processedRowsPerSecond")),
        ends=ends,
        lag=sum(newest.values()) - sum(ends.values()) if newest else 0,
        repeats=sum(
            state.get("customMetrics", {}).get("numDroppedDuplicateRows", 0) for state in states
        ),
        behind_watermark=sum(state["numRowsDroppedByWatermark"] for state in states),
        state_rows=sum(state["numRowsTotal"] for state in states),
        phases_ms=dict(progress.get("durationMs", {})),
    )


def line_of(report: BatchReport) -> str:
    """A batch's report in one line; Spark's own has 60."""
    # Apart from the whole ("triggerExecution"), the longest phase; nearly always the work itself.
    phase, ms = sorted(report.phases_ms.items(), key=lambda each: -each[1])[1]
    lost = f"; {report.behind_watermark:,} rows were behind the watermark and are lost"
    return (
        f"batch {report.batch_id}: {report.records:,} records in "
        f"{report.duration_ms:,} ms ({report.records_per_s:,.0f}/s), "
        f"{report.repeats:,} repeats, lag {report.lag:,}, "
        f"{report.state_rows:,} rows of state; {phase} {ms:,} ms"
        f"{lost if report.behind_watermark else ''}"
    )


class ReportFile:
    """One JSON line per batch, and one with a digest of all groups at the end.

    Args:
        path: a file that is emptied first; None: nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._groups: dict[int, list[Row]] = {}
        self._reported = -1
        if path is not None:
            path.write_bytes(b"")

    def counted(self, batch_id: int, groups: list[Row]) -> None:
        """Notes the groups after a batch. Spark reports it later: once it has committed it."""
        if self._path is not None:
            self._groups[batch_id] = groups

    def reported(self, report: BatchReport) -> None:
        """Writes a batch that Spark has committed."""
        if self._path is None:
            return
        self._reported = report.batch_id
        total = sums(self._groups[report.batch_id])
        for older in [each for each in self._groups if each < report.batch_id]:
            del self._groups[older]
        self._append(
            {
                "batch_id": report.batch_id,
                "started_ms": report.started_ms,
                "duration_ms": report.duration_ms,
                "records": report.records,
                "repeats": report.repeats,
                "ends": {str(partition): end for partition, end in report.ends.items()},
                "counted": total.counted,
                "set_aside": total.set_aside,
            }
        )

    def end(self) -> None:
        """Writes the digest of the groups after the last batch that was reported."""
        if self._reported in self._groups:
            self._append({"groups": digest(self._groups[self._reported])})

    def _append(self, line: Mapping[str, object]) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
