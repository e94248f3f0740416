"""Spark's report of a batch, as a line and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from batch_reports import BatchReport, ReportFile, line_of, report_of
from pyspark.sql import Row

PROGRESS: dict[str, Any] = {
    "timestamp": "2018-10-02T16:11:00.250Z",
    "batchId": 3,
    "batchDuration": 480,
    "numInputRows": 1000,
    "processedRowsPerSecond": 2083.3,
    "durationMs": {"triggerExecution": 480, "addBatch": 400, "walCommit": 20},
    "stateOperators": [
        {"numRowsTotal": 12, "numRowsDroppedByWatermark": 0, "customMetrics": {}},
        {
            "numRowsTotal": 900,
            "numRowsDroppedByWatermark": 0,
            "customMetrics": {"numDroppedDuplicateRows": 10},
        },
    ],
    "sources": [
        {
            "endOffset": {"calls": {"0": 600, "1": 500}},
            "latestOffset": {"calls": {"0": 700, "1": 550}},
        }
    ],
}
REPORT = BatchReport(
    batch_id=3,
    started_ms=1_538_496_660_250,
    duration_ms=480,
    records=1000,
    records_per_s=2083.3,
    ends={0: 600, 1: 500},
    lag=150,
    repeats=10,
    behind_watermark=0,
    state_rows=912,
    phases_ms={"triggerExecution": 480, "addBatch": 400, "walCommit": 20},
)
GROUPS = [
    Row(set_aside=None, call_type="Poss", disposition="ND", count=7, meaning="No Disposition"),
    Row(set_aside=None, call_type="22500e", disposition="", count=2, meaning=None),
    Row(set_aside="late", call_type=None, disposition=None, count=1, meaning=None),
]


def test_a_report_says_where_the_batch_ended_and_what_it_dropped() -> None:
    assert report_of(PROGRESS) == REPORT


def test_offsets_as_text_and_rates_over_no_time_are_read_too() -> None:
    source = {"endOffset": '{"calls": {"0": 5}}', "latestOffset": None}
    found = report_of({**PROGRESS, "sources": [source], "processedRowsPerSecond": "NaN"})

    assert (found.ends, found.lag, found.records_per_s) == ({0: 5}, 0, 0.0)


def test_a_line_names_the_phase_that_took_longest() -> None:
    assert line_of(REPORT) == (
        "batch 3: 1,000 records in 480 ms (2,083/s), 10 repeats, lag 150, "
        "912 rows of state; addBatch 400 ms"
    )


def test_calls_that_the_watermark_dropped_are_told() -> None:
    lost = replace(REPORT, behind_watermark=3)

    assert line_of(lost) == line_of(REPORT) + "; 3 rows were behind the watermark and are lost"


def test_a_file_has_a_line_a_batch_and_a_digest_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_text("of an earlier run\n", encoding="utf-8")
    reports = ReportFile(path)

    reports.counted(3, GROUPS)
    reports.reported(REPORT)
    reports.end()

    batch, end = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert batch == {
        "batch_id": 3,
        "started_ms": 1_538_496_660_250,
        "duration_ms": 480,
        "records": 1000,
        "repeats": 10,
        "ends": {"0": 600, "1": 500},
        "counted": 9,
        "set_aside": 1,
    }
    assert list(end) == ["groups"]
    assert len(end["groups"]) == 16


def test_a_batch_that_was_counted_and_not_committed_is_in_no_line(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    reports = ReportFile(path)
    reports.counted(3, GROUPS)
    reports.reported(REPORT)
    reports.counted(4, [*GROUPS, Row(set_aside="late", call_type=None, disposition="x", count=1)])
    reports.end()
    without = ReportFile(tmp_path / "other.jsonl")
    without.counted(3, list(reversed(GROUPS)))
    without.reported(REPORT)
    without.end()

    assert path.read_text() == (tmp_path / "other.jsonl").read_text()


def test_without_a_file_nothing_is_kept() -> None:
    reports = ReportFile(None)
    reports.counted(3, GROUPS)
    reports.reported(REPORT)
    reports.end()
