"""What the Flink peer makes before any Flink runs: its statements, its reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from flink_sql import LATENCY, THROUGHPUT, Mark, Tuning, configuration, progress_between, statements

NAMES = {
    "topic": "calls",
    "bootstrap_servers": "127.0.0.1:9092",
    "jdbc_url": "jdbc:postgresql://127.0.0.1:5432/postgres",
    "user": "peer",
    "password": "secret",
    "flush_rows": 20_000,
    "flush_interval": "1 s",
    "read_until": "latest-offset",
}


def test_there_are_two_tables_and_the_query_that_fills_the_second() -> None:
    source, sink, query = statements(NAMES)

    assert "CREATE TABLE calls (" in source
    assert "'topic' = 'calls'" in source
    assert "'scan.bounded.mode' = 'latest-offset'" in source
    assert "'properties.bootstrap.servers' = '127.0.0.1:9092'" in source
    assert sink.startswith("CREATE TABLE cell (")
    assert "'url' = 'jdbc:postgresql://127.0.0.1:5432/postgres'" in sink
    assert "'sink.buffer-flush.max-rows' = '20000'" in sink
    assert query.startswith("INSERT INTO cell\nSELECT")
    assert "$" not in source + sink + query


def test_a_name_that_was_forgotten_is_refused() -> None:
    with pytest.raises(KeyError, match="topic"):
        statements({name: value for name, value in NAMES.items() if name != "topic"})


def test_reports_cover_all_the_time_and_every_record() -> None:
    # Nothing is read in the first second, nor in the last two, in which the sink is written.
    marks = [Mark(100, 0), Mark(101, 0), Mark(102, 700), Mark(103, 1000), Mark(105, 1000)]

    reports = progress_between(marks)

    assert [(each.started_ms, each.duration_ms, each.input_rows) for each in reports] == [
        (100_000, 2000, 700),
        (102_000, 3000, 300),
    ]


def test_a_job_that_ends_before_the_first_look_is_one_report() -> None:
    (report,) = progress_between([Mark(100, 0), Mark(100.5, 40)])

    assert (report.started_ms, report.duration_ms, report.input_rows) == (100_000, 500, 40)
    assert report.processed_rows_per_s == 80


def test_without_a_mini_batch_flink_keeps_its_own_settings(tmp_path: Path) -> None:
    def batching(tuning: Tuning) -> list[str]:
        return [name for name in configuration(tuning, tmp_path, 8081) if "mini-batch" in name]

    assert batching(LATENCY) == []
    assert batching(THROUGHPUT) == [
        "table.exec.mini-batch.enabled",
        "table.exec.mini-batch.allow-latency",
        "table.exec.mini-batch.size",
    ]
