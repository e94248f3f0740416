"""The stream's judge against docs/rules.md, and against the audit's judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hostile_records import (
    GOOD,
    HOSTILE_RECORDS,
    LEGACY_RECORD,
    MEANINGS,
    OTHER_FIELDS,
    TIMED_RECORDS,
    HostileRecord,
    Meaning,
    TimedRecord,
    timed_value,
    with_id,
    with_time,
    with_type,
)
from sfcrime.audit.judge import ValidCall, judge_time, judge_value
from sfcrime.domain.outcomes import Outcome, Reason
from sfcrime.streaming.judge import judge_records
from sfcrime.streaming.judged_rows import LABEL_SEPARATOR, LATE

WEEK_US = 604_800_000_000
OCTOBER_MS = 1_538_496_660_000
"""2018-10-02T09:11:00 in San Francisco, when `GOOD` was called."""

Verdict = ValidCall | Reason | tuple[int, int]
"""A call, why it was rejected, or (call time, publication) of a late one."""


def _verdicts(
    values: Sequence[bytes | None], published_ms: Sequence[int], lateness_us: int | None
) -> list[Verdict]:
    """One verdict a record, of one run of the judge over all of them."""
    columns = judge_records(values, np.array(published_ms, np.int64), lateness_us)
    found: list[Verdict] = []
    for call_id, call_us, label, published in zip(
        columns.call_id, columns.call_us, columns.label, published_ms, strict=True
    ):
        if call_id is not None:
            assert call_us is not None
            call_type, disposition = label.split(LABEL_SEPARATOR)
            found.append(ValidCall(call_id, call_us, call_type, disposition))
        elif label == LATE:
            assert call_us is not None
            found.append((call_us, published))
        else:
            assert call_us is None
            found.append(Reason(label))
    return found


def _judged(
    value: bytes | None, published_ms: int = OCTOBER_MS, lateness_us: int | None = None
) -> Verdict:
    """Judged twice: labels and times seen before take another way through the judge."""
    first, second = _verdicts([value] * 2, [published_ms] * 2, lateness_us)
    assert first == second
    return first


def _outcome(verdict: Verdict) -> Outcome:
    if isinstance(verdict, Reason):
        return Outcome.REJECTED
    return Outcome.COUNTED if isinstance(verdict, ValidCall) else Outcome.LATE


def _audited(value: bytes | None, published_ms: int, lateness_us: int | None) -> Verdict:
    """What the audit makes of a record, in the same words."""
    call = judge_value(value)
    if isinstance(call, Reason) or lateness_us is None:
        return call
    outcome = judge_time(call.call_us, published_ms, lateness_us // 1_000_000)
    if outcome is Outcome.REJECTED:
        return Reason.FROM_THE_FUTURE
    return (call.call_us, published_ms) if outcome is Outcome.LATE else call


@pytest.mark.parametrize("record", HOSTILE_RECORDS, ids=lambda record: record.name)
def test_the_first_rule_that_a_record_breaks_is_its_reason(record: HostileRecord) -> None:
    verdict = _judged(record.value)
    assert (verdict if isinstance(verdict, Reason) else None) is record.reason


def _in_legacy_form(record: HostileRecord) -> HostileRecord:
    """The same record with all fields of the legacy file; an odd member becomes its city."""
    value = record.value or b""
    names = [name for name in OTHER_FIELDS if name != "city" or b'"x":' not in value]
    others = b"".join(b'"%s":"x",' % name.encode() for name in names)
    renamed = value[1:].replace(b'"x":', b'"city":')
    return HostileRecord(record.name, b"{" + others + renamed, record.reason)


LEGACY_FORMS = [
    _in_legacy_form(record)
    for record in HOSTILE_RECORDS
    if (record.value or b"").startswith(b'{"') and len(record.value or b"") < 60_000
]


@pytest.mark.parametrize("record", LEGACY_FORMS, ids=lambda record: record.name)
def test_a_record_of_the_legacy_form_breaks_the_same_rule(record: HostileRecord) -> None:
    """Records with exactly the legacy file's fields take a short way through the judge."""
    verdict = _judged(record.value)
    assert (verdict if isinstance(verdict, Reason) else None) is record.reason
    assert verdict == _audited(record.value, OCTOBER_MS, None)


@pytest.mark.parametrize(("size", "reason"), [(65_536, None), (65_537, Reason.TOO_LARGE)])
def test_a_record_of_the_legacy_form_has_the_same_bound_on_its_size(
    size: int, reason: Reason | None
) -> None:
    padding = b"x" * (size - len(LEGACY_RECORD))
    value = LEGACY_RECORD.replace(b"Nowhere", b"Nowhere" + padding)
    assert len(value) == size
    (_, verdict) = _verdicts([LEGACY_RECORD, value], [OCTOBER_MS] * 2, None)
    assert (verdict if isinstance(verdict, Reason) else None) is reason


def test_one_run_of_records_gives_each_the_verdict_it_gets_alone() -> None:
    """The judge remembers dates, times and labels: what it saw before must change nothing."""
    run = HOSTILE_RECORDS * 2
    verdicts = _verdicts([record.value for record in run], [OCTOBER_MS] * len(run), None)
    reasons = [each if isinstance(each, Reason) else None for each in verdicts]
    assert reasons == [record.reason for record in run]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.name)
def test_a_valid_record_means_its_id_its_time_and_its_folded_labels(meaning: Meaning) -> None:
    assert _judged(meaning.value) == ValidCall(
        meaning.call_id, meaning.call_us, meaning.call_type, meaning.disposition
    )


@pytest.mark.parametrize("record", TIMED_RECORDS, ids=lambda record: record.name)
def test_lateness_compares_the_call_with_the_wall_clock_at_its_publication(
    record: TimedRecord,
) -> None:
    lateness_us = None if record.lateness_s is None else record.lateness_s * 1_000_000
    verdict = _judged(timed_value(record.call_time), record.published_ms, lateness_us)
    assert _outcome(verdict) is record.outcome
    if record.outcome is Outcome.REJECTED:
        assert verdict is Reason.FROM_THE_FUTURE


def test_seven_days_are_not_late_and_a_millisecond_more_is() -> None:
    week_ms = 604_800_000
    on_time = _judged(GOOD, OCTOBER_MS + week_ms, WEEK_US)
    late = _judged(GOOD, OCTOBER_MS + week_ms + 1, WEEK_US)

    assert on_time == ValidCall(182750001, 1_538_471_460_000_000, "Passing Call", "HAN")
    assert late == (1_538_471_460_000_000, OCTOBER_MS + week_ms + 1)


def test_an_hour_ahead_is_fine_and_a_microsecond_more_is_from_the_future() -> None:
    hour_ms = 3_600_000
    assert isinstance(_judged(GOOD, OCTOBER_MS - hour_ms, WEEK_US), ValidCall)
    assert _judged(GOOD, OCTOBER_MS - hour_ms - 1, WEEK_US) is Reason.FROM_THE_FUTURE
    ahead = with_time(b'"2018-10-02T09:11:00.000001"')
    assert _judged(ahead, OCTOBER_MS - hour_ms, WEEK_US) is Reason.FROM_THE_FUTURE


@pytest.mark.parametrize("published_ms", [-(2**62), -1, 0, OCTOBER_MS, 2**62])
def test_with_the_rule_off_no_publication_matters(published_ms: int) -> None:
    assert isinstance(_judged(GOOD, published_ms, None), ValidCall)


def test_a_record_that_breaks_a_rule_is_rejected_and_not_late() -> None:
    assert _judged(with_id(b'"x"'), 2**62, WEEK_US) is Reason.BAD_CALL_ID


def test_the_offset_of_the_wall_is_that_of_each_publication_not_of_the_one_before() -> None:
    """Half past one of 4 November 2018 in summer time, in winter time, and in summer time again:
    the wall says the same, the instants are an hour apart."""
    summer_ms, winter_ms = 1_541_320_200_000, 1_541_323_800_000
    published_ms = [summer_ms, summer_ms + 1, winter_ms, winter_ms + 1, summer_ms, summer_ms + 1]

    verdicts = _verdicts([timed_value("2018-11-04T01:30:00")] * 6, published_ms, 0)

    assert [_outcome(verdict) for verdict in verdicts] == [Outcome.COUNTED, Outcome.LATE] * 3


def test_more_labels_than_are_remembered_change_nothing() -> None:
    values = [with_type(b'"Type  %d"' % (number % 100_003)) for number in range(100_010)]
    labels = [f"Type {number % 100_003}{LABEL_SEPARATOR}HAN" for number in range(100_010)]
    assert judge_records(values, np.zeros(100_010, np.int64), None).label == labels
