"""The audit's judge against docs/rules.md, rule by rule and byte by byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostile_records import (
    HOSTILE_RECORDS,
    MEANINGS,
    TIMED_RECORDS,
    HostileRecord,
    Meaning,
    TimedRecord,
    timed_value,
    with_extra,
    with_time,
    with_type,
)
from sfcrime.audit.judge import ValidCall, judge_time, judge_value
from sfcrime.domain.outcomes import Outcome, Reason


def _reason(value: bytes | None) -> Reason | None:
    judged = judge_value(value)
    return judged if isinstance(judged, Reason) else None


@pytest.mark.parametrize("record", HOSTILE_RECORDS, ids=lambda record: record.name)
def test_the_first_rule_that_a_record_breaks_is_its_reason(record: HostileRecord) -> None:
    assert _reason(record.value) == record.reason


def test_the_table_has_a_record_for_every_reason_that_needs_no_clock() -> None:
    assert {record.reason for record in HOSTILE_RECORDS} == {
        None,
        *(reason for reason in Reason if reason is not Reason.FROM_THE_FUTURE),
    }


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.name)
def test_a_valid_record_means_its_id_its_time_and_its_folded_labels(meaning: Meaning) -> None:
    assert judge_value(meaning.value) == ValidCall(
        meaning.call_id, meaning.call_us, meaning.call_type, meaning.disposition
    )


@pytest.mark.parametrize(
    "record",
    [record for record in TIMED_RECORDS if record.lateness_s is not None],
    ids=lambda record: record.name,
)
def test_lateness_compares_the_call_with_the_wall_clock_at_its_publication(
    record: TimedRecord,
) -> None:
    call = judge_value(timed_value(record.call_time))
    assert isinstance(call, ValidCall)
    assert record.lateness_s is not None
    assert judge_time(call.call_us, record.published_ms, record.lateness_s) is record.outcome


@pytest.mark.parametrize(
    "published_ms, call_time",
    [
        (1_538_496_660_000, "2018-10-02T09:11:00"),  # PDT, UTC-7
        (1_541_318_399_000, "2018-11-04T00:59:59"),  # the last second before the repeated hour
        (1_541_318_400_000, "2018-11-04T01:00:00"),
        (1_541_321_999_000, "2018-11-04T01:59:59"),
        (1_541_322_000_000, "2018-11-04T01:00:00"),  # once more, now PST
        (1_541_325_599_000, "2018-11-04T01:59:59"),
        (1_541_325_600_000, "2018-11-04T02:00:00"),
        (1_520_762_399_000, "2018-03-11T01:59:59"),
        (1_520_762_400_000, "2018-03-11T03:00:00"),  # the wall never shows two
        (1_546_329_599_999, "2018-12-31T23:59:59.999"),  # PST, UTC-8
        (1_143_971_999_000, "2006-04-02T01:59:59"),  # until 2006 summer began in April
        (1_143_972_000_000, "2006-04-02T03:00:00"),
        (946_713_600_000, "2000-01-01T00:00:00"),
        (4_102_473_599_000, "2099-12-31T23:59:59"),
    ],
)
def test_with_no_lateness_allowed_only_the_wall_clock_of_publication_is_not_late(
    published_ms: int, call_time: str
) -> None:
    call = judge_value(timed_value(call_time))
    assert isinstance(call, ValidCall)
    assert judge_time(call.call_us, published_ms, 0) is Outcome.COUNTED
    assert judge_time(call.call_us - 1, published_ms, 0) is Outcome.LATE
    assert judge_time(call.call_us + 3_600_000_000, published_ms, 0) is Outcome.COUNTED
    assert judge_time(call.call_us + 3_600_000_001, published_ms, 0) is Outcome.REJECTED


def test_a_deep_value_is_judged_without_going_deep() -> None:
    assert _reason(b'{"a":' * 13_107) is Reason.NESTED_TOO_DEEP


@given(st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1).map(str.strip))
def test_a_label_without_blanks_is_kept_as_it_is_unless_it_holds_a_control_character(
    label: str,
) -> None:
    value = with_type(json.dumps(label).encode())
    controls = {chr(code) for code in (*range(32), *range(127, 160))}
    if controls & set(label):
        assert judge_value(value) is Reason.CONTROL_CHARACTER
    else:
        assert judge_value(value) == ValidCall(182750001, 1_538_471_460_000_000, label, "HAN")


@given(st.datetimes().map(lambda wall: wall.isoformat(timespec="microseconds")))
@example("1999-12-31T23:59:59.999999")
@example("2000-01-01T00:00:00.000000")
@example("2099-12-31T23:59:59.999999")
@example("2100-01-01T00:00:00.000000")
def test_every_real_time_is_valid_from_2000_on_and_before_2100(call_time: str) -> None:
    reason = _reason(with_time(json.dumps(call_time).encode()))
    in_range = "2000" <= call_time[:4] <= "2099"

    assert reason == (None if in_range else Reason.YEAR_OUT_OF_RANGE)


@given(st.integers(0, 32), st.integers(0, 40))
def test_only_the_deepest_place_counts_not_the_number_of_brackets(deep: int, wide: int) -> None:
    inner = b"[" * deep + b",".join([b"[]"] * wide) + b"]" * deep
    expected_depth = 1 + deep + (1 if wide else 0)
    value = with_extra(b'"x":' + (inner or b"0"))

    reason = _reason(value)

    assert (reason is Reason.NESTED_TOO_DEEP) == (expected_depth > 32)
