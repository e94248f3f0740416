"""One span of time against another. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from sfcrime.dashboard.answers.records import Compared, Comparison
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.parameters import Bounds, ComparisonForm, wall_s, wall_text
from sfcrime.dashboard.questions.real_hours import real_days, whole_hours
from sfcrime.dashboard.questions.selection import (
    Counts,
    Reach,
    cells_meta,
    change_between,
    columns_of,
    reach_of,
    span_of_cells,
    summed_by,
)
from sfcrime.domain.categories import CATEGORIES
from sfcrime.statistics.rollups import HOUR_S

_DEFAULT_HOURS = 7 * 24
_MOST_TYPES = 25


@dataclass(frozen=True, slots=True)
class _Sides:
    """How long the two spans are, in days that were counted."""

    days: float
    other_days: float

    def compared(self, name: str, calls: int, other_calls: int) -> Compared:
        """Both sides of one name."""
        per_day = calls / self.days if self.days else 0.0
        other_per_day = other_calls / self.other_days if self.other_days else 0.0
        ratio = per_day / other_per_day if other_per_day else None
        return Compared(
            name=name,
            calls=calls,
            per_day=per_day,
            other_calls=other_calls,
            other_per_day=other_per_day,
            change=None if ratio is None else change_between(calls, other_calls, ratio),
        )


def comparison_of(seen: Seen, form: ComparisonForm) -> Comparison:
    """Calls a day in two spans; hours that were counted whole."""
    columns = columns_of(seen)
    reach = Reach(*(whole_hours(each, each) for each in reach_of(seen)))
    span = span_of_cells(form.since, form.until, reach, _DEFAULT_HOURS)
    other = _other_span(form, span, reach)
    sides = _Sides(real_days(columns.hours, span), real_days(columns.hours, other))
    types = columns.types
    calls = columns.by_label(span.since_s, span.until_s)
    other_calls = columns.by_label(other.since_s, other.until_s)
    categories = [
        summed_by(types.category, each, len(CATEGORIES)).tolist() for each in (calls, other_calls)
    ]
    names, numbers = types.with_notes_as_one()
    by_type = [summed_by(numbers, each, len(names)) for each in (calls, other_calls)]
    return Comparison(
        meta=cells_meta(seen),
        since=span.since,
        until=span.until,
        other_since=other.since,
        other_until=other.until,
        days=sides.days,
        other_days=sides.other_days,
        total=sides.compared("all calls", int(calls.sum()), int(other_calls.sum())),
        categories=[
            sides.compared(name, *both)
            for name, *both in zip(CATEGORIES, *categories, strict=True)
            if any(both)
        ],
        types=[
            sides.compared(names[at], int(by_type[0][at]), int(by_type[1][at]))
            for at in _largest(by_type[0] + by_type[1], names)
        ],
    )


def _other_span(form: ComparisonForm, span: Bounds, reach: Reach) -> Bounds:
    """The other span: as it was given, else as long as the first, and right before it."""
    since, until = form.other_since, form.other_until
    if since is None and until is None:
        return span.before().within(reach.cells)
    if since is not None and until is None:
        until = wall_text(wall_s("other_since", since) + span.hours * HOUR_S)
    return span_of_cells(since, until, reach, span.hours, "other_")


def _largest(calls: Counts, names: Sequence[str]) -> list[int]:
    """Numbers of the names with the most calls."""
    found = np.flatnonzero(calls).tolist()
    return nsmallest(_MOST_TYPES, found, key=lambda at: (-calls[at], names[at]))
