"""Spans: whole hours on the wall, clipped to what was counted, refused where nothing was."""

from __future__ import annotations

import pytest

from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.questions.parameters import Bounds, span_of, wall_s

COUNTED = Bounds(wall_s("at", "2018-10-01T08:00"), wall_s("at", "2018-10-03T10:00"))


def span(
    since: str | None = None, until: str | None = None, hours: int | None = None
) -> tuple[str, str]:
    found = span_of(since, until, COUNTED, hours)
    return found.since, found.until


def test_a_day_begins_at_midnight() -> None:
    assert span("2018-10-02", "2018-10-03") == ("2018-10-02T00:00:00", "2018-10-03T00:00:00")
    assert span("2018-10-02T09:00", "2018-10-02T11:00:00") == (
        "2018-10-02T09:00:00",
        "2018-10-02T11:00:00",
    )


def test_without_bounds_a_span_is_the_whole_count_or_its_last_hours() -> None:
    assert span() == ("2018-10-01T08:00:00", "2018-10-03T10:00:00")
    assert span(hours=24) == ("2018-10-02T10:00:00", "2018-10-03T10:00:00")
    assert span(until="2018-10-03", hours=24) == ("2018-10-02T00:00:00", "2018-10-03T00:00:00")
    assert span(until="2018-10-03") == ("2018-10-01T08:00:00", "2018-10-03T00:00:00")
    assert span(since="2018-10-03", hours=24) == ("2018-10-03T00:00:00", "2018-10-03T10:00:00")


def test_what_was_not_counted_is_left_out() -> None:
    assert span("2018-09-01", "2018-10-02") == ("2018-10-01T08:00:00", "2018-10-02T00:00:00")
    assert span("2018-10-03", "2099-12-31") == ("2018-10-03T00:00:00", "2018-10-03T10:00:00")
    assert span(hours=1000) == ("2018-10-01T08:00:00", "2018-10-03T10:00:00")


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2018-10-03", "2018-10-02", "since=2018-10-03T00:00:00 is not before until=2018-10-02T00"),
        ("2018-10-02", "2018-10-02", "since=2018-10-02T00:00:00 is not before until=2018-10-02T00"),
        ("2018-02-30", None, "since cannot be '2018-02-30'"),
        ("2018-10-02T25:00", None, "since cannot be '2018-10-02T25:00'"),
        (None, "2018-13-01", "until cannot be '2018-13-01'"),
        ("2017-01-01", "2017-01-02", "the count goes from 2018-10-01T08:00:00 to 2018-10-03T10:00"),
        ("2019-01-01", None, "the count goes from 2018-10-01T08:00:00 to 2018-10-03T10:00:00"),
        (None, "2018-09-01", "the count goes from 2018-10-01T08:00:00 to 2018-10-03T10:00:00"),
    ],
)
def test_a_span_that_cannot_be_is_refused_with_what_can(
    since: str | None, until: str | None, said: str
) -> None:
    with pytest.raises(ApiError) as refused:
        span(since, until)

    assert (refused.value.status, refused.value.name) == (400, "bad_parameter")
    assert said in refused.value.happened
    assert refused.value.next_step
