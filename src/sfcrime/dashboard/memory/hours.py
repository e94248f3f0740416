"""Calls by hour of the whole count: what is usual for an hour, and which hours stand out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfcrime.domain.wall_clock import MICROS, is_missing, is_repeated
from sfcrime.statistics.rollups import HOUR_S
from sfcrime.statistics.usual import UsualHours, stand_outs, usual_hours

HOURS_OF_A_DAY = 24

HourState = Literal["complete", "so_far", "repeated", "missing"]
Side = Literal["high", "low"]

_SIDES: Mapping[int, Side | None] = {1: "high", -1: "low", 0: None}


@dataclass(frozen=True, slots=True)
class UsualCalls:
    """What the same weekday and hour had in the weeks before."""

    median: float
    low: float
    """Lower quartile."""
    high: float
    """Upper quartile."""
    n: int
    """Weeks that are known, 3 to 8."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Calls of one hour on the wall."""

    start_s: int
    calls: int | None
    """None for the hour that March leaves out, where no call claims it."""
    state: HourState
    usual: UsualCalls | None
    """None where fewer than 3 weeks are known, and in the hours at the seams of the wall clock."""
    stands_out: Side | None


@dataclass(frozen=True, slots=True)
class StandOutHours:
    """The hours of a span that stand out."""

    hours: list[Hour]
    """Newest first."""
    compared: int
    """Hours of the span that were compared with a usual value."""
    left_out: int
    """Hours that stand out beyond those listed."""


@dataclass(frozen=True)
class HourTotals:
    """Calls by hour, over all types and dispositions, from the first counted hour to the newest.

    Hours are seconds on the wall since 1970, whole hours; spans are half open.
    """

    first_s: int
    """Start of the first hour with a call; 0 where nothing was counted."""
    calls: NDArray[np.int64]
    """By hour from `first_s` on, without holes; the last one has the newest call. Empty where
    nothing was counted."""

    @property
    def newest_s(self) -> int | None:
        """Start of the hour of the newest call; None where nothing was counted."""
        return self._end_s - HOUR_S if len(self.calls) else None

    @cached_property
    def total(self) -> int:
        return int(self.calls.sum())

    def within(self, since_s: int, until_s: int) -> tuple[int, int]:
        """The part of a span that was counted: from the first counted hour to the end of the
        newest one; (since_s, since_s) where they have nothing in common."""
        start, end = max(since_s, self.first_s), min(until_s, self._end_s)
        return (start, end) if start < end else (since_s, since_s)

    def between(self, since_s: int, until_s: int) -> NDArray[np.int64]:
        """Calls of each hour of a span; 0 outside of the count."""
        found: NDArray[np.int64] = _cut(self.calls, self.first_s, since_s, until_s)
        return found

    def known(self, since_s: int, until_s: int) -> NDArray[np.bool_]:
        """Of each hour of a span, whether it can be compared with others.

        It can if it was counted to its end, the wall showed it once, and its day has a call: a
        day without any is a hole of the source. The first hour of the count cannot either:
        counting may have begun in the middle of it.
        """
        found: NDArray[np.bool_] = _cut(self._known, self.first_s, since_s, until_s)
        return found

    def hours(self, since_s: int, until_s: int) -> list[Hour]:
        """The counted hours of a span, oldest first, without holes."""
        first, end = self._places(since_s, until_s)
        usual = usual_hours(self.calls, self._known, first, end)
        sides = self._sides(usual, first, end)
        return [self._hour(first, place, usual, sides) for place in range(first, end)]

    def stand_outs(self, since_s: int, until_s: int, most: int) -> StandOutHours:
        """The hours of a span that stand out, at most `most` of them."""
        first, end = self._places(since_s, until_s)
        usual = usual_hours(self.calls, self._known, first, end)
        sides = self._sides(usual, first, end)
        compared = int(np.count_nonzero(self._known[first:end] & ~np.isnan(usual.median)))
        places = (first + np.flatnonzero(sides))[::-1]
        listed = [self._hour(first, int(place), usual, sides) for place in places[:most]]
        return StandOutHours(listed, compared, len(places) - len(listed))

    @property
    def _end_s(self) -> int:
        return self.first_s + len(self.calls) * HOUR_S

    def _places(self, since_s: int, until_s: int) -> tuple[int, int]:
        """First and past the last place in `calls` of the counted part of a span."""
        start, end = self.within(since_s, until_s)
        if start == end:
            return 0, 0
        return (start - self.first_s) // HOUR_S, (end - self.first_s) // HOUR_S

    def _sides(self, usual: UsualHours, first: int, end: int) -> NDArray[np.int8]:
        """1 (high), -1 (low) or 0 for each hour; 0 for those that cannot be compared."""
        return np.where(self._known[first:end], stand_outs(self.calls[first:end], usual), 0)

    def _hour(self, first: int, place: int, usual: UsualHours, sides: NDArray[np.int8]) -> Hour:
        """The hour at `place`; `usual` and `sides` begin at `first`."""
        hour, calls, at = self.first_s // HOUR_S + place, int(self.calls[place]), place - first
        state: HourState = "complete"
        if hour in self._repeated:
            state = "repeated"
        elif hour in self._missing:
            state = "missing"
        elif place == len(self.calls) - 1:
            state = "so_far"
        return Hour(
            start_s=hour * HOUR_S,
            calls=None if state == "missing" and calls == 0 else calls,
            state=state,
            usual=_usual_at(usual, at) if state in ("complete", "so_far") else None,
            stands_out=_SIDES[int(sides[at])],
        )

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        first_hour = self.first_s // HOUR_S
        days = (first_hour + np.arange(len(self.calls))) // HOURS_OF_A_DAY
        days -= days[0] if len(days) else 0
        known: NDArray[np.bool_] = np.bincount(days, self.calls)[days] > 0
        known[:1] = known[-1:] = False
        for hour in self._repeated | self._missing:
            if 0 <= hour - first_hour < len(known):
                known[hour - first_hour] = False
        return known

    @cached_property
    def _repeated(self) -> frozenset[int]:
        return frozenset().union(*(_seams(year)[0] for year in self._years()))

    @cached_property
    def _missing(self) -> frozenset[int]:
        return frozenset().union(*(_seams(year)[1] for year in self._years()))

    def _years(self) -> range:
        first, last = (_year(each) for each in (self.first_s, self._end_s))
        return range(first, last + 1)


def hour_totals(windows_s: NDArray[np.int64], calls: NDArray[np.int64]) -> HourTotals:
    """Adds windows up to hours.

    Args:
        windows_s: starts of windows, ascending, seconds on the wall; a window never reaches from
            one hour into the next.
        calls: of each, at least 1.
    """
    if not len(windows_s):
        return HourTotals(0, np.zeros(0, np.int64))
    hours = windows_s // HOUR_S
    sums = np.bincount(hours - hours[0], calls)  # whole below 2**53
    return HourTotals(int(hours[0]) * HOUR_S, sums.astype(np.int64))


def _usual_at(usual: UsualHours, at: int) -> UsualCalls | None:
    if np.isnan(usual.median[at]):
        return None
    return UsualCalls(
        median=float(usual.median[at]),
        low=float(usual.low[at]),
        high=float(usual.high[at]),
        n=int(usual.n[at]),
    )


def _cut(values: NDArray[np.generic], first_s: int, since_s: int, until_s: int) -> NDArray[Any]:
    """The values of the hours [since_s, until_s), of values by hour from `first_s` on; 0 or False
    where there are none."""
    found = np.zeros(max(0, (until_s - since_s) // HOUR_S), values.dtype)
    shift = (since_s - first_s) // HOUR_S
    start, end = max(shift, 0), min(shift + len(found), len(values))
    if start < end:
        found[start - shift : end - shift] = values[start:end]
    return found


def _year(wall_s: int) -> int:
    return int(np.datetime64(wall_s, "s").astype("datetime64[Y]").astype(int)) + 1970


@lru_cache(maxsize=128)
def _seams(year: int) -> tuple[frozenset[int], frozenset[int]]:
    """Hours since 1970 on the wall of a year: those that it shows twice, and never.

    The clock is changed at two in the morning, so that no other hour has to be looked at.
    """
    first, end = (int(np.datetime64(f"{each}", "h").astype(int)) for each in (year, year + 1))
    hours = [day + hour for day in range(first, end, HOURS_OF_A_DAY) for hour in (1, 2)]
    micros = HOUR_S * MICROS
    return (
        frozenset(hour for hour in hours if is_repeated(hour * micros)),
        frozenset(hour for hour in hours if is_missing(hour * micros)),
    )
