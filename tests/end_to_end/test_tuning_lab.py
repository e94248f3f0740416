"""The tuning lab through real queries: two short trials with a Ctrl-C between them, and the report
they make."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from running import Sfcrime, alive

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.end_to_end]

SETTINGS = {
    "SFCRIME_STREAM_STATE_STORE": "rocksdb",
    "SFCRIME_STREAM_SPARK_PROPERTIES": '{"spark.streaming.backpressure.enabled": "true"}',
    "SFCRIME_STREAM_SOURCE_OPTIONS": '{"maxRatePerPartition": "100"}',
}


def test_a_lab_that_is_stopped_goes_on_counts_exactly_and_reports(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    sfcrime.environment = SETTINGS
    out = tmp_path / "tuning"
    lab = ["tune", "--quick", "--repeats", "1", "--records", "4000", "--out", str(out)]
    lab += ["--set", "trigger_ms=250", "--json"]  # the base's own value: nothing but the base

    with sfcrime.started(*lab) as stopped:
        stopped.wait_for(lambda: "trial 2 of 2" in stopped.log(), "the second trial")
        processes = stopped.tree()
        stopped.signal(signal.SIGINT)
        assert stopped.wait() == 130
        assert "The same command goes on behind the last trial." in stopped.log()
        assert alive(processes) == []

    first = sfcrime(*lab)

    assert "1 trials to run, 1 are done" in first.err
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
