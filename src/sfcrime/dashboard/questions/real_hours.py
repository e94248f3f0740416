"""How many hours went by in a span of the wall, for means: by hour of the week, and in days. Pure.

The wall leaves an hour out in March and shows one twice in November; a day without any call was not
counted at all; and the count may begin and end in the middle of an hour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.hours import HourTotals
from sfcrime.dashboard.questions.parameters import Bounds
from sfcrime.domain.wall_clock import MICROS, is_repeated
from sfcrime.statistics.rollups import DAY_S, FIRST_MONDAY_S, HOUR_S

WEEK_HOURS = 7 * 24
_REPEATED_SLOT = 6 * 24 + 1
"""Clocks are turned back on a Sunday, when they show two o'clock, to one o'clock."""


def whole_hours(span: Bounds, counted: Bounds) -> Bounds:
    """The hours of a counted span that were counted from their start to their end: neither that
    of the first call nor that of the newest."""
    since_s = max(span.since_s, counted.since_s + HOUR_S)
    until_s = min(span.until_s, counted.until_s - HOUR_S)
    return Bounds(min(since_s, until_s), until_s)


def slots_of_week(span: Bounds) -> NDArray[np.int64]:
    """Of each hour of a span, its place in the week: 0 is Monday from 0 to 1 o'clock."""
    first = (span.since_s - FIRST_MONDAY_S) // HOUR_S
    return (first + np.arange(span.hours)) % WEEK_HOURS


def real_hours(hours: HourTotals, span: Bounds) -> NDArray[np.int64]:
    """Of each hour of a span, how many went by while calls were counted: 0, 1, or 2 where the wall
    showed it twice."""
    found = hours.known(span.since_s, span.until_s).astype(np.int64)
    for at in np.flatnonzero(slots_of_week(span) == _REPEATED_SLOT).tolist():
        start_s = span.since_s + at * HOUR_S
        day_s = start_s // DAY_S * DAY_S
        if is_repeated(start_s * MICROS) and hours.between(day_s, day_s + DAY_S).any():
            found[at] = 2
    return found


def real_days(hours: HourTotals, span: Bounds) -> float:
    """The same added up, in days of 24 hours."""
    return int(real_hours(hours, span).sum()) / 24
