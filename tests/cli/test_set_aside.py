"""`sfcrime rejected` and `sfcrime late`, without the bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND


def test_rejected_records_are_listed_with_reason_and_rule(data_dir, run) -> None:
    document = json.loads(run("rejected", "--json").out)
    assert document["rejected"] == [
        {"partition": 0, "offset": 4, "reason": "bad-call-id", "rule": "R11"},
        {"partition": 0, "offset": 10, "reason": "not-json", "rule": "R6"},
        {"partition": 1, "offset": 12, "reason": "not-json", "rule": "R6"},
    ]
    assert document["total"] == 3
    assert list(document["by_reason"].items()) == [("not-json", 2), ("bad-call-id", 1)]


def test_rejected_records_are_filtered_and_bounded(data_dir, run) -> None:
    filtered = json.loads(run("rejected", "--json", "--reason", "not-json", "--limit", "1").out)
    assert [(each["partition"], each["offset"]) for each in filtered["rejected"]] == [(0, 10)]
    assert filtered["total"] == 3
    partition = json.loads(run("rejected", "--json", "--partition", "1").out)
    assert [each["offset"] for each in partition["rejected"]] == [12]


def test_rejected_records_do_not_change_the_exit_code(data_dir, run) -> None:
    ran = run("rejected")
    assert ran.code == 0
    assert "Rejected records: 3" in ran.out
    assert "bad-call-id" in ran.out


def test_an_unknown_reason_is_a_usage_error(data_dir, run) -> None:
    assert run("rejected", "--reason", "ugly").code == 2


def test_late_records_are_listed_with_their_lateness_on_the_wall(data_dir, run) -> None:
    document = json.loads(run("late", "--json").out)
    assert document["late"] == [
        {
            "partition": 0,
            "offset": 5,
            "call_time": "2018-09-24T09:00:00",
            "published_at": "2018-10-02T17:06:40.000Z",
            "published_ms": 1_538_500_000_000,
            "lateness_s": 695_200,
        }
    ]
    assert (document["total"], document["allowed_lateness_s"]) == (1, 604_800)
    assert "allowed lateness: 168 hours" in run("late").out


def test_what_was_dropped_is_in_the_sums_and_said(tmp_path, run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    with open_writer(tmp_path / STORE_FILE, history_rows=10, rejected_rows=1) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)

    said = run("rejected").out
    assert "Rejected records: 3" in said
    assert (
        "1 of 3 listed.\nThe newest 1 of 3 are kept, from offset 5 of partition 0, offset 13 of "
        in said
    )
    document = json.loads(run("rejected", "--json").out)
    assert [(each["partition"], each["offset"]) for each in document["rejected"]] == [(0, 10)]
    assert document["by_reason"] == {"not-json": 2, "bad-call-id": 1}
    assert (document["total"], document["dropped"]) == (3, 2)
    assert document["kept_from"] == {"0": 5, "1": 13}
    late = json.loads(run("late", "--json").out)
    assert (late["total"], late["dropped"], late["kept_from"]) == (1, 0, {})
    assert "are kept" not in run("late").out


@pytest.mark.parametrize("published_ms", [253_402_300_800_000, 2**63 - 1, -1, -(2**63)])
def test_a_timestamp_that_is_no_date_is_shown_as_its_number(
    published_ms, tmp_path, run, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    late = [FIRST.late[0]._replace(published_ms=published_ms)]
    with open_writer(tmp_path / STORE_FILE, history_rows=10) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(replace(FIRST, late=late))

    ran = run("late")
    assert (ran.code, f" {published_ms} ms " in ran.out) == (0, True)
    (record,) = json.loads(run("late", "--json").out)["late"]
    assert (record["published_at"], record["published_ms"]) == (None, published_ms)


@pytest.mark.parametrize("command", ["rejected", "late"])
def test_no_store_is_exit_code_four(command, run) -> None:
    assert run(command).code == 4


@pytest.mark.parametrize("command", ["rejected", "late", "status", "report"])
def test_help_ends_with_an_example(command, run) -> None:
    assert f"Example:  sfcrime {command}" in run(command, "--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        "rejected --partition",
        "rejected --limit",
        "late --partition",
        "late --limit",
        "status --progress",
    ],
)
def test_a_number_that_is_too_large_is_a_usage_error(data_dir, run, arguments) -> None:
    assert run(*arguments.split(), str(2**31 - 1)).code == 0
    for number in (2**31, 10**30):
        assert run(*arguments.split(), str(number)).code == 2
