"""Calls by weekday and hour of the day, and by day. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sfcrime.dashboard.answers.records import Day, Days, Heat, Meta
from sfcrime.dashboard.memory.hours import HourTotals
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.hours import counted_span
from sfcrime.dashboard.questions.meta import meta_of
from sfcrime.dashboard.questions.parameters import (
    Bounds,
    FilteredForm,
    span_of,
)
from sfcrime.dashboard.questions.real_hours import (
    WEEK_HOURS,
    real_hours,
    slots_of_week,
    whole_hours,
)
from sfcrime.dashboard.questions.selection import (
    Counts,
    cells_meta,
    columns_of,
    reach_of,
    span_of_cells,
    summed_by,
    wanted_labels,
)
from sfcrime.statistics.rollups import DAY_S, HOUR_S


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question is about, all of one batch."""

    span: Bounds
    counted: Bounds
    hours: HourTotals
    meta: Meta


def heat_of(seen: Seen, form: FilteredForm) -> Heat:
    """Calls by weekday and hour, of hours that were counted whole."""
    asked = _asked(seen, form)
    span = whole_hours(asked.span, asked.counted)
    calls = _calls_by_hour(seen, form, span)
    slots = slots_of_week(span)
    real = real_hours(asked.hours, span)
    return Heat(
        meta=asked.meta,
        since=span.since,
        until=span.until,
        category=form.category,
        type=form.type,
        calls=summed_by(slots, calls, WEEK_HOURS).reshape(7, 24).tolist(),
        hours=summed_by(slots, real, WEEK_HOURS).reshape(7, 24).tolist(),
    )


def days_of(seen: Seen, form: FilteredForm) -> Days:
    """Calls by day; a day of which the span or the count has a part is not complete."""
    asked = _asked(seen, form)
    span, counted = asked.span, asked.counted
    calls = _calls_by_hour(seen, form, span)
    first, last = span.since_s // DAY_S, (span.until_s - HOUR_S) // DAY_S
    numbers = (span.since_s + np.arange(span.hours) * HOUR_S) // DAY_S - first
    ends = (counted.since_s // DAY_S, (counted.until_s - HOUR_S) // DAY_S)
    names = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[D]")).tolist()
    return Days(
        meta=asked.meta,
        since=span.since,
        until=span.until,
        category=form.category,
        type=form.type,
        days=[
            Day.model_construct(  # thousands of them: nothing is checked that was made here
                day=name,
                calls=count,
                complete=day not in ends
                and span.since_s <= day * DAY_S
                and (day + 1) * DAY_S <= span.until_s,
            )
            for day, name, count in zip(
                range(first, last + 1),
                names,
                summed_by(numbers, calls, last + 1 - first).tolist(),
                strict=True,
            )
        ],
    )


def _is_of_all_types(form: FilteredForm) -> bool:
    return form.category is None and form.type is None


def _asked(seen: Seen, form: FilteredForm) -> _Asked:
    """Hours of all types are there before the cells are, and may be some batches ahead of them."""
    if _is_of_all_types(form):
        counted = counted_span(seen.hours)
        span = span_of(form.since, form.until, counted, None)
        return _Asked(span, counted, seen.hours, meta_of(seen))
    reach = reach_of(seen)
    span = span_of_cells(form.since, form.until, reach, None)
    return _Asked(span, reach.cells, columns_of(seen).hours, cells_meta(seen))


def _calls_by_hour(seen: Seen, form: FilteredForm, span: Bounds) -> Counts:
    """Calls of each hour of a span."""
    if _is_of_all_types(form):
        return seen.hours.between(span.since_s, span.until_s)
    columns = columns_of(seen)
    wanted = wanted_labels(columns.types, form.category, form.type)
    return columns.by_hour(span.since_s, span.until_s, wanted)
