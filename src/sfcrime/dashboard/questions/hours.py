"""Answers about hours: the counted span, hours in a row, hours that stand out. Pure."""

from __future__ import annotations

from dataclasses import asdict

from sfcrime.dashboard.answers import records as answers
from sfcrime.dashboard.answers.api_error import ApiError, bad_parameter
from sfcrime.dashboard.memory.hours import Hour, HourTotals
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.meta import meta_of
from sfcrime.dashboard.questions.parameters import (
    Bounds,
    HoursForm,
    SpanForm,
    span_of,
    wall_s,
    wall_text,
)
from sfcrime.statistics.rollups import HOUR_S

_STAND_OUT_HOURS = 28 * 24
_MOST_STAND_OUTS = 200


def counted_span(hours: HourTotals) -> Bounds:
    """From the first counted hour to the end of that of the newest call.

    Raises:
        ApiError: `store_empty` where no call was counted.
    """
    if hours.newest_s is None:
        raise ApiError(
            503,
            "store_empty",
            "No call was counted yet.",
            "wait for the first batch, or look at /api/v1/overview for what became of the records",
        )
    return Bounds(hours.first_s, hours.newest_s + HOUR_S)


def span_answer_of(seen: Seen) -> answers.Span:
    """From when to when there are counted calls."""
    newest_s = seen.hours.newest_s
    return answers.Span(
        meta=meta_of(seen),
        first_hour=None if newest_s is None else wall_text(seen.hours.first_s),
        last_hour=None if newest_s is None else wall_text(newest_s),
        calls=seen.hours.total,
    )


def hours_of(seen: Seen, form: HoursForm) -> answers.Hours:
    """Hours in a row, up to the one that is asked for; fewer where counting began later."""
    if seen.hours.newest_s is None and form.at is None:
        return answers.Hours(meta=meta_of(seen), hours=[])
    counted = counted_span(seen.hours)
    last_s = counted.until_s - HOUR_S if form.at is None else wall_s("at", form.at)
    if not counted.since_s <= last_s < counted.until_s:
        raise bad_parameter(
            f"The parameter at cannot be {form.at!r}: the count goes from {counted.since} to "
            f"{counted.until}.",
            "ask for an hour of that span",
        )
    since_s = max(counted.since_s, last_s - (form.count - 1) * HOUR_S)
    found = seen.hours.hours(since_s, last_s + HOUR_S)
    return answers.Hours(meta=meta_of(seen), hours=[hour_answer(each) for each in found])


def newest_hours(hours: HourTotals, count: int) -> list[answers.Hour]:
    """The newest hours, oldest first."""
    newest_s = hours.newest_s
    if newest_s is None:
        return []
    since_s = max(hours.first_s, newest_s - (count - 1) * HOUR_S)
    return [hour_answer(each) for each in hours.hours(since_s, newest_s + HOUR_S)]


def stand_outs_of(seen: Seen, form: SpanForm) -> answers.StandOuts:
    """The hours of a span that stand out."""
    span = span_of(form.since, form.until, counted_span(seen.hours), _STAND_OUT_HOURS)
    found = seen.hours.stand_outs(span.since_s, span.until_s, _MOST_STAND_OUTS)
    return answers.StandOuts(
        meta=meta_of(seen),
        since=span.since,
        until=span.until,
        hours=[hour_answer(each) for each in found.hours],
        left_out=found.left_out,
        compared=found.compared,
    )


def hour_answer(hour: Hour) -> answers.Hour:
    """An hour as it is sent."""
    usual = hour.usual
    return answers.Hour(
        hour=wall_text(hour.start_s),
        calls=hour.calls,
        state=hour.state,
        usual=None if usual is None else answers.Usual(**asdict(usual)),
        stands_out=hour.stands_out,
    )
