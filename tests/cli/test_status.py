"""`sfcrime status` without a broker."""

from __future__ import annotations

import json
import time
from pathlib import Path

from cli.conftest import Run
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import GENERATION


def test_status_has_the_accounting_and_all_that_shaped_it(data_dir, run) -> None:
    document = json.loads(run("status", "--json").out)
    assert document["accounting"] == {
        "read": 15, "counted": 10, "duplicate": 1, "late": 1, "rejected": 3, "gaps": 1,
    }  # fmt: skip
    assert document["settings"] == {
        "window_minutes": 60,
        "lateness_rule": "on",
        "lateness_s": 604_800,
        "rules_version": 2,
    }
    assert (document["topic"], document["topic_id"]) == (GENERATION.topic, GENERATION.topic_id)
    assert (document["source"], document["synthetic"]) == ("synthetic city", True)
    assert document["freshness"]["as_of"] == "2018-10-02T10:01:00"
    assert document["freshness"]["committed_at"] == "2018-10-02T17:07:41.789Z"
    assert document["freshness"]["seconds_since_commit"] > 0
    assert document["rates"]["recent_records_per_s"] == 625.0
    assert document["versions"]["pyspark"] == "4.2.0"
    assert document["versions"]["java"] is not None


def test_status_says_how_often_a_job_was_started_and_how_far_behind_its_last_batch_was(
    data_dir: Path, run: Run
) -> None:
    open_writer(data_dir / STORE_FILE, history_rows=100).close()
    document = json.loads(run("status", "--json").out)
    assert document["job"]["starts"] == 2
    assert document["job"]["started_at"] <= document["job"]["ended_at"]
    assert document["rates"]["lag_by_partition"] == {"0": 12, "1": 5}


def test_without_a_broker_the_lag_is_null_with_its_reason(data_dir, run) -> None:
    document = json.loads(run("status", "--json").out)
    assert document["lag"] is None
    assert document["lag_reason"] == "the embedded broker of this data folder does not run"
    assert [each["lag"] for each in document["partitions"]] == [None, None]


def test_a_broker_that_does_not_answer_costs_three_seconds_and_no_more(data_dir, run) -> None:
    started = time.monotonic()
    ran = run("status", "--json", "--bootstrap-servers", "127.0.0.1:1")
    assert time.monotonic() - started < 5
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["lag"] is None
    assert "127.0.0.1:1" in document["lag_reason"]


def test_duplicates_of_a_partition_are_not_guessed_where_there_are_gaps(data_dir, run) -> None:
    partitions = json.loads(run("status", "--json").out)["partitions"]
    assert partitions[0] == {
        "partition": 0,
        "start_offset": 0,
        "end_offset": 11,
        "counted": 7,
        "duplicate": None,
        "late": 1,
        "rejected": 2,
        "lag": None,
    }


def test_the_text_names_every_outcome_and_fits_eighty_columns(data_dir, run) -> None:
    out = run("status", "--progress", "2").out
    assert "15 read = 10 counted + 1 duplicate + 1 late + 3 rejected" in out
    assert "SYNTHETIC DATA: synthetic city" in out
    assert "addBatch 300" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_progress_is_given_for_as_many_batches_as_asked(data_dir, run) -> None:
    assert "progress" not in json.loads(run("status", "--json").out)
    document = json.loads(run("status", "--json", "--progress", "1").out)
    assert [each["batch_id"] for each in document["progress"]] == [1]


def test_progress_json_is_a_line_a_batch_oldest_first(data_dir, run) -> None:
    lines = [json.loads(line) for line in run("status", "--progress-json").out.splitlines()]
    assert [line["batch_id"] for line in lines] == [0, 1]
    assert lines[0]["phases_ms"] == {"addBatch": 300, "queryPlanning": 20, "walCommit": 12}


def test_no_store_is_exit_code_four(run) -> None:
    assert run("status", "--json").code == 4
