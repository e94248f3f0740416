"""One span against another: calls a day of hours that were counted whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.answers.records import Compared
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.comparison import comparison_of
from sfcrime.dashboard.questions.parameters import ComparisonForm

OCTOBER = range(1, 17)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A call at each midnight of 16 days, 40 alarms a day in the first week and 50 in the second,
    a theft on two days, and 900 calls in the hour that is not over."""
    cells = [cell(f"2018-10-{day:02}T00:00", "Test", "HAN", 1) for day in OCTOBER]
    cells += [cell(f"2018-10-{day:02}T12:00", "Alarm", "HAN", 40) for day in range(1, 8)]
    cells += [cell(f"2018-10-{day:02}T12:00", "Alarm", "HAN", 50) for day in range(8, 15)]
    cells += [cell("2018-10-03T12:00", "Petty Theft", "REP", 1)]
    cells += [cell("2018-10-10T12:00", "Petty Theft", "REP", 30)]
    cells += [cell("2018-10-16T01:00", "Alarm", "HAN", 900)]
    return seen_of(tmp_path_factory.mktemp("data"), *cells)


def test_two_spans_are_compared_by_day(seen: Seen) -> None:
    form = ComparisonForm(
        since="2018-10-08",
        until="2018-10-15",
        other_since="2018-10-02",
        other_until="2018-10-08",
    )

    found = comparison_of(seen, form)

    assert (found.days, found.other_days) == (7.0, 6.0)
    assert found.total == Compared(
        name="all calls",
        calls=387,  # 7 x 51 and 30
        per_day=387 / 7,
        other_calls=247,  # 6 x 41 and 1
        other_per_day=247 / 6,
        change=(387 / 7) / (247 / 6) - 1,
    )
    assert found.categories == [
        Compared(
            name="Property",
            calls=30,
            per_day=30 / 7,
            other_calls=1,
            other_per_day=1 / 6,
            change=None,
        ),
        Compared(
            name="Alarms",
            calls=350,
            per_day=50.0,
            other_calls=240,
            other_per_day=40.0,
            change=0.25,
        ),
        Compared(
            name="Service and administration",
            calls=7,
            per_day=1.0,
            other_calls=6,
            other_per_day=1.0,
            change=None,
        ),
    ]
    assert [each.name for each in found.types] == ["Alarm", "Petty Theft", "Test"]


def test_by_default_the_last_seven_days_are_compared_with_those_before(seen: Seen) -> None:
    found = comparison_of(seen, ComparisonForm())

    assert (found.since, found.until) == ("2018-10-09T01:00:00", "2018-10-16T01:00:00")
    assert (found.other_since, found.other_until) == ("2018-10-02T01:00:00", "2018-10-09T01:00:00")
    assert found.total.calls == 337  # 6 x 51, 30, and the midnight of the 16th


def test_the_hour_that_is_not_over_is_left_out(seen: Seen) -> None:
    found = comparison_of(seen, ComparisonForm(since="2018-10-16", until="2018-10-17"))

    assert (found.since, found.until) == ("2018-10-16T00:00:00", "2018-10-16T01:00:00")
    assert (found.total.calls, found.days) == (1, 1 / 24)


def test_of_another_span_its_beginning_is_enough(seen: Seen) -> None:
    form = ComparisonForm(since="2018-10-08", until="2018-10-10", other_since="2018-10-02")

    found = comparison_of(seen, form)

    assert (found.other_since, found.other_until) == ("2018-10-02T00:00:00", "2018-10-04T00:00:00")


def test_days_without_any_call_are_no_days(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Alarm", "HAN", 1),
        cell("2018-10-02T12:00", "Alarm", "HAN", 48),
        cell("2018-10-04T12:00", "Alarm", "HAN", 48),
        cell("2018-10-06T00:00", "Alarm", "HAN", 1),
    )

    found = comparison_of(seen, ComparisonForm(since="2018-10-02", until="2018-10-06"))

    assert (found.days, found.total.calls, found.total.per_day) == (2.0, 96, 48.0)


def test_where_nothing_was_counted_before_there_is_no_change(tmp_path: Path) -> None:
    seen = seen_of(tmp_path, cell("2018-10-01T00:00", "Alarm", "HAN", 100))

    found = comparison_of(seen, ComparisonForm())

    assert (found.days, found.other_days) == (0.0, 0.0)
    assert found.total == Compared(
        name="all calls", calls=0, per_day=0.0, other_calls=0, other_per_day=0.0, change=None
    )


def test_a_refusal_names_the_parameters_of_the_other_span(seen: Seen) -> None:
    form = ComparisonForm(other_since="2018-10-05", other_until="2018-10-04")

    with pytest.raises(ApiError, match="other_since=2018-10-05T00:00:00 is not before other_until"):
        comparison_of(seen, form)
