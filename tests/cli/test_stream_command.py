"""`sfcrime stream`: the line of a batch, and what is refused before Spark starts."""

from __future__ import annotations

from dataclasses import replace

from running import Sfcrime
from sfcrime.cli.stream import batch_line
from sfcrime.store.records import BatchProgress

BATCH = BatchProgress(
    batch_id=12,
    started_ms=1_795_509_043_125,
    duration_ms=1480,
    input_rows=250_000,
    input_rows_per_s=161_290.3,
    processed_rows_per_s=168_918.9,
    phases_ms={"addBatch": 1320, "queryPlanning": 18, "triggerExecution": 1480, "walCommit": 44},
    lag_records=1_027,
)


def test_a_batch_is_one_line_with_its_slowest_phase_first() -> None:
    assert batch_line(BATCH) == (
        "batch 12: 250,000 records in 1,480 ms (168,919/s), lag 1,027; "
        "addBatch 1320 ms, walCommit 44 ms, queryPlanning 18 ms"
    )


def test_a_batch_without_phases_is_a_line_too() -> None:
    assert batch_line(replace(BATCH, phases_ms={}, input_rows=0, processed_rows_per_s=0.0)) == (
        "batch 12: 0 records in 1,480 ms (0/s), lag 1,027; "
    )


def test_a_flag_that_cannot_be_is_a_usage_error(sfcrime: Sfcrime) -> None:
    ran = sfcrime("stream", "--lateness-hours", "-1")
    assert ran.code == 2
    assert "lateness_hours" in ran.err
    assert not sfcrime.data_dir.exists()
