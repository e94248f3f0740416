"""Spark's report of each batch, as a frozen record: for showing only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from pyspark.sql.streaming.query import StreamingQuery

from sfcrime.store.records import BatchProgress
from sfcrime.streaming.batches import BatchStorer

Report = TypeVar("Report")


class Reports(Generic[Report]):
    """The reports of a running query, each once.

    Asked for, not listened to: PySpark builds a listener's event over hundreds of calls into the
    JVM, 6 % of the driver's CPU time in a backlog; the newest report's text is one call.

    Args:
        query: a running one.
        read: makes a report of a `StreamingQueryProgress` in its JSON form.
    """

    def __init__(self, query: StreamingQuery, read: Callable[[dict[str, Any]], Report]) -> None:
        self._query = query._jsq
        self._read = read
        self._last_id = -1

    def awaits(self, batch_id: int) -> bool:
        """Whether this batch's report was not given yet; costs no call into the JVM."""
        return batch_id > self._last_id

    def new(self) -> list[Report]:
        """Reports that were not given before, oldest first. Spark keeps the newest few."""
        newest = self._query.lastProgress()
        if newest is None or newest.batchId() <= self._last_id:
            return []
        reports = (
            [newest] if newest.batchId() == self._last_id + 1 else self._query.recentProgress()
        )
        found = [json.loads(report.json()) for report in reports]
        # What Spark reports of a wait for records bears the number of the batch to come.
        fresh = [
            each
            for each in found
            if each["batchId"] > self._last_id and "addBatch" in each.get("durationMs", {})
        ]
        if fresh:
            self._last_id = fresh[-1]["batchId"]
        return [self._read(each) for each in fresh]


class ProgressReports(Reports[BatchProgress]):
    """The same as `BatchProgress` records."""

    def __init__(self, query: StreamingQuery) -> None:
        super().__init__(query, progress_of_report)


class StoredReports:
    """Spark's reports of the batches that are in the ledger, under the ledger's numbers.

    Args:
        query: a running one.
        storer: stores its batches.
    """

    def __init__(self, query: StreamingQuery, storer: BatchStorer) -> None:
        self._reports = ProgressReports(query)
        self._storer = storer
        self._waiting: list[BatchProgress] = []

    def new(self, last_spark_batch: int) -> list[BatchProgress]:
        """Those that were not given before, oldest first.

        Args:
            last_spark_batch: the newest that was begun; where its report is known, Spark is not
                asked.
        """
        if self._reports.awaits(last_spark_batch):
            self._waiting += self._reports.new()
        stored = {each.spark_batch_id: each for each in self._storer.stored()}
        newest = max(stored, default=-1)
        given = [
            replace(
                report,
                batch_id=stored[report.batch_id].batch_id,
                phases_ms={**report.phases_ms, **stored[report.batch_id].phases_ms},
            )
            for report in self._waiting
            if report.batch_id in stored
        ]
        # A batch that had nothing to store is passed over.
        self._waiting = [report for report in self._waiting if report.batch_id > newest]
        return given


def progress_of_report(report: dict[str, Any]) -> BatchProgress:
    """A `StreamingQueryProgress` in its JSON form."""
    started = datetime.fromisoformat(report["timestamp"])
    lag = {number: n for source in report.get("sources", []) for number, n in _lag(source).items()}
    return BatchProgress(
        batch_id=report["batchId"],
        started_ms=int(started.timestamp() * 1000),
        duration_ms=report["batchDuration"],
        input_rows=report["numInputRows"],
        input_rows_per_s=rate_of(report.get("inputRowsPerSecond")),
        processed_rows_per_s=rate_of(report.get("processedRowsPerSecond")),
        phases_ms=dict(report.get("durationMs", {})),
        lag_records=sum(lag.values()),
        lag_by_partition=lag,
    )


def rate_of(value: float | str | None) -> float:
    """Spark writes a rate over no time as "NaN" or "Infinity"."""
    return value if isinstance(value, int | float) and abs(value) < float("inf") else 0.0


def _lag(source: dict[str, Any]) -> dict[int, int]:
    """By partition, offsets between where the batch ended and the end of the topic; empty where
    that was not reported."""
    if source.get("latestOffset") is None:
        return {}
    newest, ends = offsets_of(source["latestOffset"]), offsets_of(source["endOffset"])
    return {number: end - ends.get(number, 0) for number, end in newest.items()}


def offsets_of(by_topic: object) -> dict[int, int]:
    """{topic: {partition: offset}} of the one topic, as JSON text or already parsed."""
    found = json.loads(by_topic) if isinstance(by_topic, str) else by_topic
    if not isinstance(found, dict):
        return {}
    return {int(p): int(end) for offsets in found.values() for p, end in offsets.items()}
