"""Cumulative tables of the synthetic city: whole numbers to compare a random number with.

Built from `city_rates` with integers and, for the number of an hour's calls, with IEEE additions,
multiplications and divisions alone, which give the same bits on every machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Generic, TypeVar

from sfcrime.sources.city_rates import (
    CALL_TYPES,
    DISPERSION_THOUSANDTHS,
    DISPOSITIONS,
    DISPOSITIONS_OF_TYPE,
    HOURLY_CALLS_HUNDREDTHS,
    HOURS_OF_TYPE,
    OTHER_TYPES,
)

DRAW_BITS = 32
COUNT_BITS = 53
HOURS_OF_WEEK = 168

TYPE_LABELS = tuple(CALL_TYPES)
OTHER_TYPE = len(TYPE_LABELS)
"""The index drawn for a label that is none of `TYPE_LABELS`."""
DISPOSITION_CODES = tuple(DISPOSITIONS)

_T = TypeVar("_T")

Bounds = list[int]
"""`bisect_right(bounds, number of DRAW_BITS bits)` is the index drawn."""


def bounds_of(weights: Iterable[int]) -> Bounds:
    """Bounds of a draw in proportion to the weights; the last has none, so it never overruns."""
    sums = list(accumulate(weights))
    return [(part << DRAW_BITS) // sums[-1] for part in sums[:-1]]


class Choice(Generic[_T]):
    """Things by weight; `of` gives the one that a number of DRAW_BITS bits draws."""

    def __init__(self, weights: Mapping[_T, int]) -> None:
        self._things = tuple(weights)
        self._bounds = bounds_of(weights.values())

    def of(self, draw: int) -> _T:
        return self._things[bisect_right(self._bounds, draw)]


@lru_cache(maxsize=HOURS_OF_WEEK)
def call_count_bounds(hour_of_week: int) -> Bounds:
    """Bounds, of COUNT_BITS bits, of the number of calls in an hour of the week (0: Monday 00:00).

    Negative binomial with the hour's mean and, nearly, the measured dispersion: the number of
    failures is rounded to a whole one, so that no power with a fraction is needed.
    """
    mean = HOURLY_CALLS_HUNDREDTHS[hour_of_week] / 100
    failures = max(1, round(mean * 1000 / (DISPERSION_THOUSANDTHS - 1000)))
    success = mean / (failures + mean)
    chance = 1.0
    for _ in range(failures):
        chance *= 1.0 - success
    total = chance
    bounds = [int(total * (1 << COUNT_BITS))]
    while bounds[-1] < (1 << COUNT_BITS) - 64 and len(bounds) < 10 * mean + 100:
        calls = len(bounds)
        chance = chance * success * (calls - 1 + failures) / calls
        total += chance
        bounds.append(int(total * (1 << COUNT_BITS)))
    return bounds


def type_bounds_by_hour() -> tuple[Bounds, ...]:
    """Bounds of the call type for each hour on the wall; the index `OTHER_TYPE` is the last.

    Types with a profile of their own follow it; the others share what an hour has left.
    """
    by_hour = [sum(HOURLY_CALLS_HUNDREDTHS[hour::24]) for hour in range(24)]
    calls = sum(CALL_TYPES.values()) + OTHER_TYPES
    plain = {**{t: n for t, n in CALL_TYPES.items() if t not in HOURS_OF_TYPE}, "": OTHER_TYPES}
    tables = []
    for hour in range(24):
        hour_weight = calls * 10_000 * by_hour[hour] // sum(by_hour)
        own = {t: CALL_TYPES[t] * profile[hour] for t, profile in HOURS_OF_TYPE.items()}
        left = hour_weight - sum(own.values())
        weights = [
            own[t] if t in own else left * plain[t] // sum(plain.values())
            for t in (*TYPE_LABELS, "")
        ]
        tables.append(bounds_of(weights))
    return tuple(tables)


def disposition_bounds_by_type() -> tuple[Bounds, ...]:
    """Bounds of the disposition for each type; what is left over goes to the types without own.

    So the dispositions of all calls together come out as measured.
    """
    left = {code: calls * 10_000 for code, calls in DISPOSITIONS.items()}
    own: dict[str, Bounds] = {}
    for call_type, shares in DISPOSITIONS_OF_TYPE.items():
        own[call_type] = bounds_of(shares.get(code, 0) for code in DISPOSITION_CODES)
        for code, share in shares.items():
            left[code] -= CALL_TYPES[call_type] * share
    others = bounds_of(max(0, left[code]) for code in DISPOSITION_CODES)
    return tuple(own.get(call_type, others) for call_type in (*TYPE_LABELS, ""))
