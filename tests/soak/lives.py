"""Whether a figure of a service grows: its readings, cut by the life of the process behind it.

A process that is killed and started again begins low and fills its caches, so a line through all
readings would show the restarts and not a leak. Therefore:

* Each life of a process is a series of its own. Its first minutes are left out, and so is the
  warm-up of the whole soak.
* Readings of a minute become their median: what a collection of garbage or a batch moves within
  seconds is no growth, and neighbours depend on each other less.
* The slope is Theil and Sen's: the median of the slopes between all pairs of minutes *of one
  life*, all lives together. So every life has its own level, long lives weigh more, and single
  outliers do not matter. The interval is Sen's (95 %), its variance summed over lives.
* Beside it stands the slope *across* lives, at equal age: the line through each life's level
  right after its first minutes. What grows with the data grows there too; a leak does not, because
  a restart ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

HOUR_S = 3600.0
_Z_95 = 1.96
FEWEST_MINUTES = 4
"""A life with fewer of them says nothing."""
FEWEST_MINUTES_TOGETHER = 10
_FEWEST_LIVES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure at one moment."""

    at_s: float
    """Since the soak began."""
    life: str
    """Which life of the process it belongs to; equal names, equal life."""
    age_s: float
    """Of that life."""
    value: float


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left out of the readings, and how they are put together; seconds."""

    warm_up_s: float
    """Of the soak."""
    young_s: float
    """Of each life."""
    minute_s: float
    """Readings within so long become one."""

    @classmethod
    def of(cls, minutes: float) -> Cut:
        """15 min of warm-up but at most a fifth; 3 min of each life, minutes of 60 s, both less in
        a soak of less than 2 h."""
        share = min(1.0, minutes / 120)
        return cls(min(15 * 60, minutes * 12), 180 * share, max(10.0, 60 * share))


@dataclass(frozen=True, slots=True)
class Slope:
    """By how much a figure grows in an hour."""

    an_hour: float
    low: float
    """Of an interval that holds the true slope in 95 of 100 soaks."""
    high: float
    minutes: int
    """That it rests on."""
    lives: int


def slope_within_lives(readings: Sequence[Reading], cut: Cut) -> Slope | None:
    """The growth within the lives of a process; None where they were too short to tell."""
    lives = [life for life in _minutes(readings, cut) if len(life) >= FEWEST_MINUTES]
    minutes = sum(map(len, lives))
    if minutes < FEWEST_MINUTES_TOGETHER:
        return None
    slopes = np.sort(np.concatenate([_slopes_of_pairs(life) for life in lives]))
    variance = sum(len(life) * (len(life) - 1) * (2 * len(life) + 5) / 18 for life in lives)
    reach, last = _Z_95 * variance**0.5, len(slopes) - 1
    low = max(0, int((len(slopes) - reach) / 2))
    high = min(last, int((len(slopes) + reach) / 2) + 1)
    return Slope(
        float(np.median(slopes)), float(slopes[low]), float(slopes[high]), minutes, len(lives)
    )


def slope_across_lives(readings: Sequence[Reading], cut: Cut) -> float | None:
    """The growth an hour of what lives of a process hold at equal age; None for fewer than three
    lives."""
    firsts = np.array([life[0] for life in _minutes(readings, cut)])
    return float(np.median(_slopes_of_pairs(firsts))) if len(firsts) >= _FEWEST_LIVES else None


def sum_of(slopes: Sequence[Slope]) -> Slope:
    """The slope of a sum, of figures that vary by themselves."""
    an_hour = sum(each.an_hour for each in slopes)
    down = sum((each.an_hour - each.low) ** 2 for each in slopes) ** 0.5
    up = sum((each.high - each.an_hour) ** 2 for each in slopes) ** 0.5
    minutes, lives = (min(x) for x in zip(*((s.minutes, s.lives) for s in slopes), strict=True))
    return Slope(an_hour, an_hour - down, an_hour + up, minutes, lives)


@dataclass(frozen=True, slots=True)
class Plateau:
    """The highest reading in the second and in the last quarter of a process's longest life."""

    second_quarter: float
    last_quarter: float


def plateau(readings: Sequence[Reading], cut: Cut) -> Plateau | None:
    """For what grows to a bound by design, as a heap does; None where no life has readings in
    both quarters."""
    by_life: dict[str, list[Reading]] = {}
    for each in readings:
        if each.age_s >= cut.young_s:
            by_life.setdefault(each.life, []).append(each)
    longest = max(by_life.values(), key=lambda life: life[-1].age_s - life[0].age_s, default=[])
    if len(longest) < 8:
        return None
    first_s, span_s = longest[0].at_s, longest[-1].at_s - longest[0].at_s
    second = [e.value for e in longest if 0.25 <= (e.at_s - first_s) / span_s < 0.5]
    last = [e.value for e in longest if (e.at_s - first_s) / span_s >= 0.75]
    return Plateau(max(second), max(last)) if second and last else None


def _minutes(readings: Sequence[Reading], cut: Cut) -> list[np.ndarray]:
    """By life: rows of (hours, median value), one a minute."""
    found: dict[str, dict[int, list[Reading]]] = {}
    for each in readings:
        if each.at_s >= cut.warm_up_s and each.age_s >= cut.young_s:
            minutes = found.setdefault(each.life, {})
            minutes.setdefault(int(each.at_s // cut.minute_s), []).append(each)
    return [
        np.array(
            [
                (median(e.at_s for e in minute) / HOUR_S, median(e.value for e in minute))
                for minute in minutes.values()
            ]
        )
        for minutes in found.values()
    ]


def _slopes_of_pairs(points: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(len(points), 1)
    difference = points[second] - points[first]
    slopes: np.ndarray = difference[:, 1] / difference[:, 0]
    return slopes
