"""Calls by name: categories, the types of one, the raw labels of a type. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.answers.records import Named, Names
from sfcrime.dashboard.memory.labels import CallTypes
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.parameters import Bounds, NamesForm
from sfcrime.dashboard.questions.selection import (
    Counts,
    cells_meta,
    change_between,
    columns_of,
    reach_of,
    share_of,
    span_of_cells,
    summed_by,
    wanted_labels,
)
from sfcrime.domain.categories import CATEGORIES, category_of
from sfcrime.statistics.rollups import HOUR_S

_DEFAULT_HOURS = 24


@dataclass(frozen=True, slots=True)
class _Level:
    """Names of one level, by number."""

    level: Literal["category", "type", "label"]
    names: Sequence[str]
    numbers: NDArray[np.integer]
    """Of each raw label, the number of its name."""
    wanted: NDArray[np.bool_] | None
    """Of each raw label, whether its calls are counted."""

    def counts(self, by_label: Counts) -> Counts:
        """Calls of each name."""
        wanted = by_label if self.wanted is None else by_label * self.wanted
        return summed_by(self.numbers, wanted, len(self.names))

    def rank(self, number: int) -> int | str:
        """Where a name stands among those with as many calls."""
        return number if self.level == "category" else self.names[number]


def names_of(seen: Seen, form: NamesForm) -> Names:
    """One level of names, those with the most calls.

    The change is that of whole hours: where the span has the hour of the newest call, which is not
    over, it is left out, and so is the hour that it would be compared with.
    """
    columns, reach = columns_of(seen), reach_of(seen)
    span, counted = span_of_cells(form.since, form.until, reach, _DEFAULT_HOURS), reach.cells
    level = _level_of(columns.types, form)

    def counts(bounds: Bounds) -> Counts:
        return level.counts(columns.by_label(bounds.since_s, bounds.until_s))

    by_label = columns.by_label(span.since_s, span.until_s)
    calls, total = level.counts(by_label), int(by_label.sum())
    earlier = span.before()
    before = counts(earlier) if earlier.since_s >= counted.since_s else None
    now, then = calls, before
    if before is not None and span.until_s == counted.until_s:
        now = counts(Bounds(span.since_s, span.until_s - HOUR_S))
        then = counts(Bounds(earlier.since_s, earlier.until_s - HOUR_S))
    text = form.q.casefold()
    found = [at for at in np.flatnonzero(calls).tolist() if text in level.names[at].casefold()]
    listed = nsmallest(form.limit, found, key=lambda at: (-calls[at], level.rank(at)))
    return Names(
        meta=cells_meta(seen),
        since=span.since,
        until=span.until,
        level=level.level,
        category=form.category if form.type is None else category_of(form.type),
        type=form.type,
        calls=int(calls.sum()),
        names=[
            Named(
                name=level.names[at],
                calls=int(calls[at]),
                share=share_of(int(calls[at]), total),
                before=None if before is None else int(before[at]),
                change=None if then is None else change_between(int(now[at]), int(then[at])),
            )
            for at in listed
        ],
        left_out=len(found) - len(listed),
        left_out_calls=int(calls[found].sum() - calls[listed].sum()),
    )


def _level_of(types: CallTypes, form: NamesForm) -> _Level:
    wanted = wanted_labels(types, form.category, form.type)
    if form.type is not None:
        return _Level("label", types.labels, np.arange(len(types.labels)), wanted)
    if form.category is not None:
        return _Level("type", types.readings, types.reading, wanted)
    return _Level("category", CATEGORIES, types.category, wanted)
