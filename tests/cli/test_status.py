"""`sfcrime status` without a broker."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from cli.conftest import Run
from sfcrime.cli import status
from sfcrime.cli.status_facts import Status
from sfcrime.pipeline.activity import PartState, SupervisionActivity, write_activity
from sfcrime.pipeline.liveness import LIVE, STUCK, Liveness
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


def test_a_broker_that_does_not_answer_is_named(data_dir, run, monkeypatch) -> None:
    monkeypatch.setattr("sfcrime.pipeline.counted_topic.ANSWER_WITHIN_S", 0.3)
    ran = run("status", "--json", "--bootstrap-servers", "127.0.0.1:1")
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


def supervise(data_dir: Path, seen_ms: int) -> None:
    """A run that has been there for a while: its broker is down, its stream works."""
    began_ms = 1_795_999_600_000  # 2026-11-30T00:46:40Z
    broker = PartState("broker", "down", began_ms + 60_000, 1, "was killed by signal 9")
    producer = PartState("producer", "done", began_ms + 2_000, 0, "")
    stream = PartState("stream", "up", began_ms + 2_000, 3, "was killed by signal 9")
    parts = (broker, producer, stream)
    write_activity(data_dir, SupervisionActivity(began_ms, seen_ms, parts))


def test_a_part_that_is_down_is_named_with_since_and_restarts(data_dir: Path, run: Run) -> None:
    with open_writer(data_dir / STORE_FILE, history_rows=100):
        supervise(data_dir, time.time_ns() // 1_000_000)
        document = json.loads(run("status", "--json").out)
        text = " ".join(run("status").out.split())

    assert document["state"]["state"] == "stale"
    assert document["supervision"]["started_at"] == "2026-11-30T00:46:40.000Z"
    assert document["supervision"]["parts"] == [
        {
            "name": "broker",
            "state": "down",
            "since": "2026-11-30T00:47:40.000Z",
            "restarts": 1,
            "reason": "was killed by signal 9",
        },
        {
            "name": "producer",
            "state": "done",
            "since": "2026-11-30T00:46:42.000Z",
            "restarts": 0,
            "reason": "",
        },
        {
            "name": "stream",
            "state": "up",
            "since": "2026-11-30T00:46:42.000Z",
            "restarts": 3,
            "reason": "was killed by signal 9",
        },
    ]
    assert document["state"] == {
        "state": "stale",
        "since": "2026-11-30T00:47:40.000Z",
        "reason": "The broker is down: it was killed by signal 9.",
    }
    assert (
        "State stale since 2026-11-30T00:47:40Z: the broker is down: it was killed by signal 9"
        in text
    )
    assert (
        "Parts broker down since 2026-11-30T00:47:40Z (was killed by signal 9), producer done, "
        "stream up" in text
    )
    assert (
        "Restarts broker 1, producer 0, stream 3 since 2026-11-30T00:46:40Z; "
        "the job began 2 times in all" in text
    )


def test_a_job_that_nobody_supervises_is_live_while_it_writes(data_dir: Path, run: Run) -> None:
    with open_writer(data_dir / STORE_FILE, history_rows=100):
        supervise(data_dir, time.time_ns() // 1_000_000 - 16_000)
        document = json.loads(run("status", "--json").out)
        text = run("status").out

    assert document["state"] == {
        "state": "live",
        "since": None,
        "reason": "A job writes to the store.",
    }
    assert document["supervision"] is None
    assert "State        live\n" in "\n".join(line.rstrip() for line in text.splitlines())
    assert "Parts        nobody supervises them" in text
    assert "Restarts     the job began 2 times in all" in text


def test_after_the_job_has_ended_the_state_is_stale_since_then(data_dir: Path, run: Run) -> None:
    state = json.loads(run("status", "--json").out)["state"]

    assert state["state"] == "stale"
    assert state["since"] == json.loads(run("status", "--json").out)["job"]["ended_at"]
    assert state["reason"] == "No job writes to the store: the last one has ended."


def test_records_that_came_only_now_are_given_a_moment_to_be_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(status, "_PAUSE_S", 0.0)
    looks = [Liveness(1, STUCK), Liveness(1, STUCK), Liveness(None, LIVE), Liveness(1, STUCK)]
    shown = status._settled(lambda: cast("Status", SimpleNamespace(liveness=looks.pop(0))))
    assert shown.liveness.state == "live"

    monkeypatch.setattr(status, "_LOOKS_AGAIN_S", 0.01)
    stuck = cast("Status", SimpleNamespace(liveness=Liveness(1, STUCK)))
    assert status._settled(lambda: stuck).liveness.reason == STUCK


def test_no_store_is_exit_code_four(run) -> None:
    assert run("status", "--json").code == 4
