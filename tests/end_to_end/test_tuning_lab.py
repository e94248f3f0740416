"""The tuning lab through real queries: two short trials, and the report they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from running import Sfcrime

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.end_to_end]

SETTINGS = {
    "SFCRIME_STREAM_STATE_STORE": "rocksdb",
    "SFCRIME_STREAM_SPARK_PROPERTIES": '{"spark.streaming.backpressure.enabled": "true"}',
    "SFCRIME_STREAM_SOURCE_OPTIONS": '{"maxRatePerPartition": "100"}',
}


def test_a_backlog_and_a_paced_trial_count_exactly_and_are_reported(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    sfcrime.environment = SETTINGS
    out = tmp_path / "tuning"
    lab = ["tune", "--quick", "--repeats", "1", "--records", "4000", "--out", str(out)]
    lab += ["--set", "trigger_ms=500", "--json"]  # the base's own value: nothing but the base

    first = sfcrime(*lab)

    assert first.json["failed"] == []
    assert (first.json["trials"], first.json["not_run"]) == (2, 0)
    trials = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    setup, backlog, paced = sorted(trials, key=lambda each: each.get("kind", ""))
    assert setup["base"]["state_store"] == "rocksdb"
    assert setup["settings"]["SFCRIME_STREAM_SOURCE_OPTIONS"] == '{"maxRatePerPartition": "100"}'
    assert backlog["read"] == 4000
    assert backlog["whole_per_s"] > 100
    assert backlog["cpu_us"] > 1
    assert backlog["peak_mb"] > 200
    assert len(backlog["cells"]) == 16
    assert paced["latencies"] >= 150  # of 300 that are sent in the measuring time
    assert 10 < paced["p50_ms"] <= paced["p99_ms"] < 60_000
    assert "2 trials of 1 configurations" in (out / "report.md").read_text()
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert not (out / "work").exists()

    again = sfcrime(*lab)

    assert "0 trials to run" in again.err
    assert again.json == first.json
