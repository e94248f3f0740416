"""Calls by weekday and hour of the day, and by day. Pure."""

from __future__ import annotations

import numpy as np

from sfcrime.dashboard.answers.records import Day, Days, Heat, Meta
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.hours import counted_span
from sfcrime.dashboard.questions.meta import meta_of
from sfcrime.dashboard.questions.parameters import (
    DAY_S,
    HOUR_S,
    Bounds,
    FilteredForm,
    span_of,
    wall_text,
)
from sfcrime.dashboard.questions.real_hours import real_hours, slots_of_week, whole_hours
from sfcrime.dashboard.questions.selection import (
    Counts,
    cells_meta,
    columns_of,
    summed_by,
    wanted_labels,
)

_WEEK_HOURS = 7 * 24


def heat_of(seen: Seen, form: FilteredForm) -> Heat:
    """Calls by weekday and hour, of hours that were counted whole."""
    counted = counted_span(seen)
    span = whole_hours(span_of(form.since, form.until, counted, None), counted)
    calls, meta = _calls_by_hour(seen, form, span)
    slots = slots_of_week(span)
    real = real_hours(seen.hours, span)
    return Heat(
        meta=meta,
        since=span.since,
        until=span.until,
        category=form.category,
        type=form.type,
        calls=summed_by(slots, calls, _WEEK_HOURS).reshape(7, 24).tolist(),
        hours=summed_by(slots, real, _WEEK_HOURS).reshape(7, 24).tolist(),
    )


def days_of(seen: Seen, form: FilteredForm) -> Days:
    """Calls by day; a day of which the span or the count has a part is not complete."""
    counted = counted_span(seen)
    span = span_of(form.since, form.until, counted, None)
    calls, meta = _calls_by_hour(seen, form, span)
    first, last = span.since_s // DAY_S, (span.until_s - HOUR_S) // DAY_S
    numbers = (span.since_s + np.arange(span.hours) * HOUR_S) // DAY_S - first
    ends = (counted.since_s // DAY_S, (counted.until_s - HOUR_S) // DAY_S)
    return Days(
        meta=meta,
        since=span.since,
        until=span.until,
        category=form.category,
        type=form.type,
        days=[
            Day(
                day=wall_text(day * DAY_S)[:10],
                calls=count,
                complete=day not in ends
                and span.since_s <= day * DAY_S
                and (day + 1) * DAY_S <= span.until_s,
            )
            for day, count in zip(
                range(first, last + 1),
                summed_by(numbers, calls, last + 1 - first).tolist(),
                strict=True,
            )
        ],
    )


def _calls_by_hour(seen: Seen, form: FilteredForm, span: Bounds) -> tuple[Counts, Meta]:
    """Calls of each hour of a span; those of all types are there before the cells are."""
    if form.category is None and form.type is None:
        return seen.hours.between(span.since_s, span.until_s), meta_of(seen)
    columns = columns_of(seen)
    wanted = wanted_labels(columns.types, form.category, form.type)
    return columns.by_hour(span.since_s, span.until_s, wanted), cells_meta(seen)
