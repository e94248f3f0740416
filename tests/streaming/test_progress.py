"""Spark's report of a batch as a record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfcrime.store.records import BatchProgress
from sfcrime.streaming.progress import ProgressReports, progress_of_report

REPORT: dict[str, Any] = {
    "id": "0b5f2f6e-6a1c-4a43-9a3e-1d6b5a1f0a01",
    "runId": "4a4b6a2e-6f36-4b0e-8f35-6d6c1c9f3f0e",
    "name": "calls",
    "timestamp": "2026-11-24T08:30:43.125Z",
    "batchId": 12,
    "batchDuration": 1480,
    "numInputRows": 250000,
    "inputRowsPerSecond": 161290.3,
    "processedRowsPerSecond": 168918.9,
    "durationMs": {"addBatch": 1320, "queryPlanning": 18, "triggerExecution": 1480},
    "eventTime": {},
    "stateOperators": [],
    "sources": [
        {
            "description": "KafkaV2[Subscribe[calls]]",
            "startOffset": {"calls": {"0": 0, "1": 0}},
            "endOffset": {"calls": {"0": 100, "1": 150}},
            "latestOffset": {"calls": {"0": 120, "1": 157}},
            "numInputRows": 250000,
        }
    ],
    "sink": {"description": "ForeachBatchSink", "numOutputRows": -1},
}


def test_a_report_becomes_a_record() -> None:
    assert progress_of_report(REPORT) == BatchProgress(
        batch_id=12,
        started_ms=1_795_509_043_125,
        duration_ms=1480,
        input_rows=250_000,
        input_rows_per_s=161_290.3,
        processed_rows_per_s=168_918.9,
        phases_ms={"addBatch": 1320, "queryPlanning": 18, "triggerExecution": 1480},
        lag_records=27,
        lag_by_partition={0: 20, 1: 7},
    )


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "-Infinity", None, float("nan"), float("inf")])
def test_a_rate_over_no_time_is_shown_as_none(rate: float | str | None) -> None:
    progress = progress_of_report(
        {**REPORT, "inputRowsPerSecond": rate, "processedRowsPerSecond": rate}
    )
    assert (progress.input_rows_per_s, progress.processed_rows_per_s) == (0.0, 0.0)


def test_rates_that_are_not_reported_are_shown_as_none() -> None:
    report = {k: v for k, v in REPORT.items() if not k.endswith("PerSecond")}
    progress = progress_of_report(report)
    assert (progress.input_rows_per_s, progress.processed_rows_per_s) == (0.0, 0.0)


@pytest.mark.parametrize("latest", ["absent", None])
def test_a_source_that_reports_no_latest_offset_shows_no_lag(latest: str | None) -> None:
    source = {k: v for k, v in REPORT["sources"][0].items() if k != "latestOffset"}
    if latest is None:
        source["latestOffset"] = None
    assert progress_of_report({**REPORT, "sources": [source]}).lag_records == 0


def test_offsets_that_come_as_text_mean_the_same() -> None:
    source = {
        **REPORT["sources"][0],
        "endOffset": json.dumps({"calls": {"0": 100, "1": 150}}),
        "latestOffset": json.dumps({"calls": {"0": 120, "1": 157}}),
    }
    assert progress_of_report({**REPORT, "sources": [source]}).lag_records == 27


def test_a_batch_without_sources_is_shown_without_lag() -> None:
    report = {k: v for k, v in REPORT.items() if k != "sources"}
    assert progress_of_report(report).lag_records == 0


class JvmReport:
    """A report as the JVM hands it over: of a batch, or of a wait for the one to come."""

    def __init__(self, batch_id: int, *, of_a_wait: bool = False) -> None:
        self._batch_id = batch_id
        self._phases = {"latestOffset": 2} if of_a_wait else REPORT["durationMs"]

    def batchId(self) -> int:
        return self._batch_id

    def json(self) -> str:
        return json.dumps({**REPORT, "batchId": self._batch_id, "durationMs": self._phases})


class JvmQuery:
    """A query that has finished some batches and keeps the reports of the newest three."""

    def __init__(self) -> None:
        self.finished: list[int] = []
        self.waits_for: int | None = None
        self._jsq = self  # what PySpark's query wraps

    def lastProgress(self) -> JvmReport | None:
        if self.waits_for is not None:
            return JvmReport(self.waits_for, of_a_wait=True)
        return JvmReport(self.finished[-1]) if self.finished else None

    def recentProgress(self) -> list[JvmReport]:
        return [JvmReport(batch_id) for batch_id in self.finished[-3:]]


def test_every_report_is_given_once_and_in_order_as_long_as_spark_keeps_it() -> None:
    query = JvmQuery()
    reports = ProgressReports(query)  # type: ignore[arg-type]
    given = []
    for finished in ([], [7], [7], [7, 8], [7, 8, 9, 10], [7, 8, 9, 10, 11, 12, 13, 14]):
        query.finished = finished
        given.append([progress.batch_id for progress in reports.new()])
    assert given == [[], [7], [], [8], [9, 10], [12, 13, 14]]


def test_a_wait_for_records_is_not_taken_for_the_batch_that_ends_it() -> None:
    query = JvmQuery()
    reports = ProgressReports(query)  # type: ignore[arg-type]
    query.waits_for = 0
    assert reports.new() == []
    query.waits_for, query.finished = None, [0]
    (report,) = reports.new()
    assert "addBatch" in report.phases_ms


def test_a_report_is_awaited_from_the_batch_on_until_it_was_given() -> None:
    query = JvmQuery()
    reports = ProgressReports(query)  # type: ignore[arg-type]
    assert not reports.awaits(-1)
    assert reports.awaits(0)
    query.finished = [0]

    reports.new()

    assert not reports.awaits(0)
    assert reports.awaits(1)
