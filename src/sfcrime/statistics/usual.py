"""What is usual for an hour of the week, and whether an hour stands out. Pure.

docs/methods.md says why it is counted so, and how often chance alone makes an hour stand out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOURS_OF_A_WEEK = 168
WEEKS = 8
"""How many weeks back an hour is compared with."""
LEAST_WEEKS = 3
"""With fewer known weeks nothing is called usual."""
SPREADS_OUTSIDE = 1.5
"""How many times the distance of the quartiles an hour that stands out lies outside of them:
Tukey's fences."""
DEVIATIONS_AWAY = 4.0
"""How many square roots of the median it lies away from the median; for calls that come by chance
the square root of the usual number is the standard deviation."""
LEAST_CALLS_AWAY = 10
"""And how many calls."""

_HOURS_AT_ONCE = 65_536  # 12 MB of intermediate values, however long the count is


@dataclass(frozen=True, slots=True)
class UsualHours:
    """Usual calls of some hours in a row; NaN where fewer than `LEAST_WEEKS` weeks are known."""

    median: NDArray[np.float64]
    low: NDArray[np.float64]
    """Lower quartile."""
    high: NDArray[np.float64]
    """Upper quartile."""
    n: NDArray[np.int64]
    """Weeks that are known, 0 to `WEEKS`."""


def usual_hours(
    calls: NDArray[np.int64], known: NDArray[np.bool_], first: int, end: int
) -> UsualHours:
    """What is usual for the hours [first, end).

    Of each hour: median and quartiles (interpolated linearly, as NumPy does it) of the hours 1 to
    8 weeks before it. What comes at or after an hour never plays a part in it.

    Args:
        calls: of each hour of the count, without holes.
        known: of each, whether it may be compared with.
        first, end: places in `calls`, with 0 <= first <= end <= len(calls).
    """
    parts = [
        _usual(calls, known, start, min(start + _HOURS_AT_ONCE, end))
        for start in range(first, end, _HOURS_AT_ONCE)
    ] or [_usual(calls, known, first, first)]
    return UsualHours(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("median", "low", "high", "n")
        )
    )


def _usual(calls: NDArray[np.int64], known: NDArray[np.bool_], first: int, end: int) -> UsualHours:
    weeks = HOURS_OF_A_WEEK * np.arange(1, WEEKS + 1)
    places = np.arange(first, end)[:, None] - weeks
    is_known = places >= 0
    places = np.maximum(places, 0)
    is_known &= known[places]
    values = np.where(is_known, calls[places], np.inf)
    values.sort(axis=1)  # the unknown ones come last
    n = is_known.sum(axis=1)
    median, low, high = (_quantile(values, n, share) for share in (0.5, 0.25, 0.75))
    return UsualHours(median, low, high, n)


def _quantile(
    values: NDArray[np.float64], n: NDArray[np.int64], share: float
) -> NDArray[np.float64]:
    """Of the first n values of each row, which ascend; NaN where n is below `LEAST_WEEKS`."""
    enough = n >= LEAST_WEEKS
    at = np.where(enough, (n - 1) * share, 0.0)
    below = np.floor(at).astype(np.int64)
    rows = np.arange(len(n))
    lower = np.where(enough, values[rows, below], np.nan)
    upper = np.where(enough, values[rows, below + 1], np.nan)  # below is at most n - 2
    return lower + (upper - lower) * (at - below)


def stand_outs(calls: NDArray[np.int64], usual: UsualHours) -> NDArray[np.int8]:
    """1 where an hour has unusually many calls, -1 where unusually few, else 0.

    An hour stands out if it lies outside of Tukey's fences, at least `DEVIATIONS_AWAY` square
    roots of the median away from the median, and at least `LEAST_CALLS_AWAY` calls.
    """
    fence = SPREADS_OUTSIDE * (usual.high - usual.low)
    needed = np.maximum(DEVIATIONS_AWAY * np.sqrt(usual.median), LEAST_CALLS_AWAY)
    high = (calls > usual.high + fence) & (calls - usual.median >= needed)
    low = (calls < usual.low - fence) & (usual.median - calls >= needed)
    return high.astype(np.int8) - low.astype(np.int8)
