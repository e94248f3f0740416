"""Spark's report of each batch, as a frozen record handed to a callable: for showing only."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from sfcrime.store.records import BatchProgress


class ProgressListener(StreamingQueryListener):
    """Hands every progress report on; does no Spark work of its own (it would block the bus)."""

    def __init__(self, take: Callable[[BatchProgress], None]) -> None:
        self._take = take

    def onQueryStarted(self, event: QueryStartedEvent) -> None:
        """Nothing to show yet."""

    def onQueryProgress(self, event: QueryProgressEvent) -> None:
        """A batch was finished, with or without data."""
        self._take(progress_of_report(json.loads(event.progress.json)))

    def onQueryIdle(self, event: QueryIdleEvent) -> None:
        """No batch was run, so there is nothing to keep."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:
        """The job sees the end by itself."""


def progress_of_report(report: dict[str, Any]) -> BatchProgress:
    """A `StreamingQueryProgress` in its JSON form."""
    started = datetime.fromisoformat(report["timestamp"])
    states = report.get("stateOperators", [])
    return BatchProgress(
        batch_id=report["batchId"],
        started_ms=int(started.timestamp() * 1000),
        duration_ms=report["batchDuration"],
        input_rows=report["numInputRows"],
        input_rows_per_s=_rate(report.get("inputRowsPerSecond")),
        processed_rows_per_s=_rate(report.get("processedRowsPerSecond")),
        phases_ms=dict(report.get("durationMs", {})),
        lag_records=sum(_lag(source) for source in report.get("sources", [])),
        state_rows=sum(state["numRowsTotal"] for state in states),
        state_bytes=sum(state["memoryUsedBytes"] for state in states),
        rows_dropped_by_watermark=sum(state["numRowsDroppedByWatermark"] for state in states),
        duplicates_dropped=sum(
            state.get("customMetrics", {}).get("numDroppedDuplicateRows", 0) for state in states
        ),
    )


def _rate(value: float | str | None) -> float:
    """Spark writes a rate over no time as "NaN" or "Infinity"."""
    return value if isinstance(value, int | float) and abs(value) < float("inf") else 0.0


def _lag(source: dict[str, Any]) -> int:
    """Records between where the batch ended and the end of the topic; 0 where not reported."""
    if source.get("latestOffset") is None:
        return 0
    return _sum_of_offsets(source["latestOffset"]) - _sum_of_offsets(source["endOffset"])


def _sum_of_offsets(offsets: object) -> int:
    """{topic: {partition: offset}}, as JSON text or already parsed."""
    if isinstance(offsets, str):
        offsets = json.loads(offsets)
    if not isinstance(offsets, dict):
        return 0
    return sum(sum(by_partition.values()) for by_partition in offsets.values())
