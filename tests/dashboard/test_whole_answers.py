"""Answers about the whole: freshness, accounts, hours, batches, changes, the last audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from api_samples import LIVE, cell, count, outcome_of, seen_in, seen_of
from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.answers.proofs import LastAudit
from sfcrime.dashboard.answers.records import Accounts, Batch, Hour, Partition, Usual
from sfcrime.dashboard.memory.changes import Change, Changes
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.hours import hours_of, span_answer_of, stand_outs_of
from sfcrime.dashboard.questions.overview import (
    batches_of,
    changes_of,
    last_audit_of,
    overview_of,
    snapshot_of,
)
from sfcrime.dashboard.questions.parameters import BatchesForm, ChangesForm, HoursForm, SpanForm
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import RunFacts
from sfcrime.store.verdict import AuditVerdict
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, progress_of


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Two batches with everything in them, counted by a job that still runs."""
    folder = tmp_path_factory.mktemp("data")
    with open_writer(folder / "sfcrime.db", history_rows=100) as writer:
        writer.create_generation(GENERATION)
        for outcome in (FIRST, SECOND):
            writer.commit_batch(outcome)
            progress = progress_of(outcome.batch_id)
            writer.record_progress(replace(progress, lag_by_partition={0: 12, 1: 5}))
        writer.describe_run(RunFacts(spark_ui="http://127.0.0.1:3000"))
        return seen_in(folder)


BATCH = Batch(
    batch=1,
    started_at="2023-11-14T22:13:21.000Z",
    duration_ms=400,
    input_rows=250,
    input_rows_per_s=250.0,
    processed_rows_per_s=625.0,
    phases_ms={"addBatch": 300, "queryPlanning": 20, "walCommit": 12},
    lag=17,
    lag_by_partition={0: 12, 1: 5},
)
ACCOUNTS = Accounts(read=15, counted=10, duplicate=1, late=1, rejected=3, gaps=1)


def test_the_overview_has_accounts_outcomes_and_the_newest_batch(seen: Seen) -> None:
    found = overview_of(seen, LIVE)

    assert found.meta.model_dump(exclude={"committed_at"}) == {
        "generation": 1,
        "batch": 1,
        "as_of": "2018-10-02T10:01:00",
        "source": "synthetic city",
        "synthetic": True,
        "window_minutes": 60,
    }
    assert found.accounts == ACCOUNTS
    assert (found.batches, found.last_batch, found.state) == (2, BATCH, LIVE)
    assert found.rejected_by_reason == {"bad-call-id": 1, "not-json": 2}
    assert found.partitions == [
        Partition(partition=0, start=0, end=11, counted=7, late=1, rejected=2),
        Partition(partition=1, start=10, end=15, counted=3, late=0, rejected=1),
    ]
    assert found.spark_ui == "http://127.0.0.1:3000"


def test_where_the_job_has_ended_there_is_no_address_of_spark(seen: Seen) -> None:
    ended = replace(seen, writer=replace(seen.writer, ended_ms=1_700_000_000_000))

    assert overview_of(ended, LIVE).spark_ui is None


def test_a_topic_of_someone_else_is_named_where_there_is_no_title(seen: Seen) -> None:
    foreign = replace(seen.generation, source_title="", synthetic=False)

    meta = overview_of(replace(seen, generation=foreign), LIVE).meta

    assert (meta.source, meta.synthetic) == ("topic org.sf.police.calls", False)


def test_batches_are_the_newest_oldest_first(seen: Seen) -> None:
    assert [each.batch for each in batches_of(seen, BatchesForm()).batches] == [0, 1]
    assert batches_of(seen, BatchesForm(limit=1)).batches == [BATCH]


def test_the_span_goes_from_the_first_hour_to_that_of_the_newest_call(seen: Seen) -> None:
    found = span_answer_of(seen)

    assert (found.first_hour, found.last_hour) == ("2018-10-02T09:00:00", "2018-10-02T10:00:00")
    assert found.calls == 10


WEEKS = ("2018-10-01", "2018-10-08", "2018-10-15", "2018-10-22")


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Four Mondays with 40, 50, 60 and 200 calls at 9 o'clock, and one at midnight before."""
    cells = [cell("2018-09-30T00:00", "Alarm", "HAN", 1)]
    nine = zip(WEEKS, (40, 50, 60, 200), strict=True)
    cells += [cell(f"{day}T09:00", "Alarm", "HAN", calls) for day, calls in nine]
    cells += [cell("2018-10-22T10:00", "Alarm", "HAN", 3)]
    return seen_of(tmp_path_factory.mktemp("weeks"), *cells)


UNUSUAL = Hour(
    hour="2018-10-22T09:00:00",
    calls=200,
    state="complete",
    usual=Usual(median=50.0, low=45.0, high=55.0, n=3),
    stands_out="high",
)
SO_FAR = Hour(hour="2018-10-22T10:00:00", calls=3, state="so_far", usual=None, stands_out=None)


def test_hours_end_with_the_newest_and_have_what_is_usual(weeks: Seen) -> None:
    found = hours_of(weeks, HoursForm(count=2)).hours

    assert found[0] == UNUSUAL
    assert (found[1].hour, found[1].calls, found[1].state) == (SO_FAR.hour, 3, "so_far")
    assert found[1].stands_out is None


def test_hours_end_with_the_one_that_is_asked_for(weeks: Seen) -> None:
    found = hours_of(weeks, HoursForm(count=3, at="2018-10-01T09:00")).hours

    assert [(each.hour, each.calls) for each in found] == [
        ("2018-10-01T07:00:00", 0),
        ("2018-10-01T08:00:00", 0),
        ("2018-10-01T09:00:00", 40),
    ]


def test_there_are_fewer_hours_where_counting_began_later(weeks: Seen) -> None:
    found = hours_of(weeks, HoursForm(count=48, at="2018-09-30T01:00")).hours

    assert [each.hour for each in found] == ["2018-09-30T00:00:00", "2018-09-30T01:00:00"]


@pytest.mark.parametrize("at", ["2018-09-29T23:00", "2018-10-22T11:00", "2018-02-29"])
def test_an_hour_that_was_not_counted_is_refused(weeks: Seen, at: str) -> None:
    with pytest.raises(ApiError) as refused:
        hours_of(weeks, HoursForm(at=at))

    assert refused.value.name == "bad_parameter"
    assert at in refused.value.happened


def test_hours_that_stand_out_are_told_with_how_many_were_compared(weeks: Seen) -> None:
    found = stand_outs_of(weeks, SpanForm())

    assert (found.since, found.until) == ("2018-09-30T00:00:00", "2018-10-22T11:00:00")
    assert (found.hours, found.left_out) == ([UNUSUAL], 0)
    assert found.compared == 10  # of Monday, October 22, from 0 to 9 o'clock


NEWEST = tuple(
    Change(
        batch_id=batch,
        committed_ms=1_700_000_000_000,
        window_s=1_538_470_800,
        label=label,
        reading=reading,
        disposition="HAN",
        added=added,
        calls=added + 10,
    )
    for batch, label, reading, added in (
        (7, "22500e", "Traf Violation Cite", 3),
        (7, "Poss", "Poss", 1),
        (6, "Alarm", "Alarm", 2),
    )
)
CHANGES = Changes(NEWEST, {7: 5, 6: 1})


def test_changes_are_listed_with_how_many_of_their_batches_are_not(seen: Seen) -> None:
    changed = replace(seen, changes=CHANGES)

    whole = changes_of(changed, ChangesForm())
    cut = changes_of(changed, ChangesForm(limit=1))

    assert [(each.batch, each.label, each.added) for each in whole.changes] == [
        (7, "22500e", 3), (7, "Poss", 1), (6, "Alarm", 2),
    ]  # fmt: skip
    assert whole.left_out == 3
    assert ([each.label for each in cut.changes], cut.left_out) == (["22500e"], 4)
    first = whole.changes[0]
    assert (first.window, first.type, first.calls) == (
        "2018-10-02T09:00:00",
        "Traf Violation Cite",
        13,
    )
    assert first.committed_at == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    ("text", "labels"), [("traf", ["22500e"]), ("poss", ["Poss"]), ("alarmhan", []), ("zzz", [])]
)
def test_changes_are_filtered_by_type_label_and_disposition(
    seen: Seen, text: str, labels: list[str]
) -> None:
    found = changes_of(replace(seen, changes=CHANGES), ChangesForm(q=text))

    assert [each.label for each in found.changes] == labels


def test_a_snapshot_has_the_newest_six_hours_and_thirty_changes(weeks: Seen) -> None:
    many = Changes(NEWEST[:1] * 40, {7: 90})

    found = snapshot_of(replace(weeks, changes=many), LIVE)

    assert [each.hour for each in found.hours] == [
        f"2018-10-22T{hour:02}:00:00" for hour in range(5, 11)
    ]
    assert (len(found.changes), found.changes_left_out) == (30, 60)
    assert (found.accounts.counted, found.batches, found.last_batch) == (354, 1, None)


def test_a_count_without_calls_has_accounts_and_no_hours(tmp_path: Path) -> None:
    count(tmp_path, [outcome_of([])], replace(GENERATION, start_offsets={0: 0}))
    seen = seen_in(tmp_path)

    assert snapshot_of(seen, LIVE).hours == []
    assert hours_of(seen, HoursForm()).hours == []
    assert span_answer_of(seen).first_hour is None
    with pytest.raises(ApiError) as refused:
        stand_outs_of(seen, SpanForm())
    assert (refused.value.status, refused.value.name) == (503, "store_empty")


VERDICT = AuditVerdict(
    equal=True,
    audited_ms=1_700_000_000_000,
    generation=1,
    created_ms=GENERATION.created_ms,
    batch=0,
    cells=4,
    differing=0,
    accounting=Accounting(read=11, counted=7, duplicate=1, late=1, rejected=2, gaps=1),
)


def test_the_last_audit_is_told_with_the_batches_since(seen: Seen) -> None:
    found = last_audit_of(seen, VERDICT)

    assert found.batches_since == 1
    assert found.audit is not None
    assert (found.audit.equal, found.audit.cells, found.audit.differing) == (True, 4, 0)
    assert found.audit.audited_at == "2023-11-14T22:13:20.000Z"
    assert found.audit.accounts.read == 11


@pytest.mark.parametrize("change", [{"generation": 2}, {"created_ms": 1}])
def test_an_audit_of_another_count_says_nothing_of_this_one(
    seen: Seen, change: dict[str, int]
) -> None:
    assert last_audit_of(seen, replace(VERDICT, **change)).batches_since is None


def test_without_an_audit_there_is_none(seen: Seen) -> None:
    assert last_audit_of(seen, None) == LastAudit(audit=None, batches_since=None)
