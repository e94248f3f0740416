"""The tuning lab through both real queries: short trials with a Ctrl-C among them, and the report
they make."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from running import Sfcrime, alive, command_line, wait_until
from sfcrime.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.end_to_end]

SETTINGS = {
    "SFCRIME_STREAM_MAX_RECORDS_PER_BATCH": "30000",
    "SFCRIME_STREAM_SPARK_PROPERTIES": '{"spark.streaming.backpressure.enabled": "true"}',
    "SFCRIME_STREAM_SOURCE_OPTIONS": '{"maxRatePerPartition": "100"}',
}


RECORDS = 50_000
"""Of the synthetic city, two of which repeat others: so repeats are looked for."""
SECOND = "trial 2 of 4: base, backlog of the exercise's query"
SEED = 8
"""Of an order that begins with the product's backlog and this."""
JVM = "org.apache.spark.deploy.SparkSubmit"


def test_a_lab_that_is_stopped_goes_on_counts_exactly_and_reports(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    sfcrime.environment = SETTINGS
    out = tmp_path / "tuning"
    lab = ["tune", "--quick", "--repeats", "1", "--records", str(RECORDS), "--out", str(out)]
    lab += ["--seed", str(SEED), "--json"]
    own = Settings().stream.trigger_ms
    lab += ["--set", f"trigger_ms={own}"]  # the base's own value: nothing but the bases

    with sfcrime.started(*lab) as stopped:
        stopped.wait_for(lambda: SECOND in stopped.log(), "the second trial")
        stopped.wait_for(lambda: JVM in " ".join(map(command_line, stopped.tree())), "its JVM")
        processes = stopped.tree()
        stopped.signal(signal.SIGINT)
        assert stopped.wait() == 130
        assert "The same command goes on after the last trial." in stopped.log()
        wait_until(lambda: not alive(processes), "the end of all that it had started", 30)

    first = sfcrime(*lab)

    assert "3 trials to run, 1 are done" in first.err
    assert first.json["failed"] == []
    assert (first.json["trials"], first.json["not_run"]) == (4, 0)
    setup, *trials = map(json.loads, (out / "trials.jsonl").read_text().splitlines())
    assert setup["base"]["exercise"]["state_store"] == "memory"
    assert "state_store" not in setup["base"]["product"]
    assert setup["settings"]["SFCRIME_STREAM_SOURCE_OPTIONS"] == '{"maxRatePerPartition": "100"}'
    for query in ("product", "exercise"):
        own = [trial for trial in trials if trial["query"] == query]
        backlog, paced = sorted(own, key=lambda each: str(each["kind"]))
        _require_backlog(backlog)
        assert paced["latencies"] >= 150  # of 300 that are sent in the measuring time
        assert 10 < paced["p50_ms"] <= paced["p99_ms"] < 60_000
    text = (out / "report.md").read_text()
    assert "2 trials of 1 configurations of the product's query (`sfcrime stream`) and 2 " in text
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert not (out / "work").exists()

    again = sfcrime(*lab)

    assert "0 trials to run" in again.err
    assert again.json == first.json


def _require_backlog(trial: dict[str, Any]) -> None:
    """Counted whole, and exactly: a trial that is not exact has failed."""
    assert trial["read"] == RECORDS
    assert trial["batches"] >= 2  # 30,000 records at most
    assert trial["whole_per_s"] > 100
    assert trial["cpu_us"] > 1
    assert trial["peak_mb"] > 200
    assert len(trial["cells"]) == 16
