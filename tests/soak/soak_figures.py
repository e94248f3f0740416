"""What a soak found, against what it must be: one line a figure.

A figure is `met`, `missed`, or `open`: the soak was too short, or the figure varies too much, to
tell. A slope is missed where it is above its limit and its interval lies above 0: growth that is
real. An open figure is no proof, and is shown as what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from lives import Cut, Reading, Slope, plateau, slope_across_lives, slope_within_lives, sum_of

MOST_MB_AN_HOUR = 1.0
MOST_DESCRIPTORS_AN_HOUR = 1.0
MOST_LOG_MB = 42.0
"""Four files of 10 MB (sfcrime/jvm/log4j2.xml), and what a JVM itself says."""
_PLATEAU_SHARE, _PLATEAU_MB = 1.15, 8.0
_GROWTH_A_RECORD = 1.25
MOST_JVM_MB = {"Spark driver": 1258 + 700, "broker": 268 + 200}
"""The default heaps, and what is beside them: code, classes, stacks, buffers, and pages of the
start-up cache that were written to. A heap grows to its bound by design."""
FLAT_FOLDERS = ("spark folder", "checkpoint folder", "run folder")

Series = Mapping[str, Sequence[Reading]]


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result."""

    name: str
    found: str
    limit: str
    verdict: Verdict
    value: float | None = None
    """What was found, as a number, where it is one."""
    low: float | None = None
    high: float | None = None
    across_lives: float | None = None
    """Of a slope: the growth an hour of lives at equal age, which is that of the data."""


def fact(name: str, found: object, limit: str, holds: bool) -> Figure:
    """A figure that is right or wrong."""
    number = float(found) if isinstance(found, int | float) and isfinite(found) else None
    return Figure(name, str(found), limit, Verdict.MET if holds else Verdict.MISSED, number)


def slope_figure(
    name: str, slope: Slope | None, unit: str, limit: float, across: float | None = None
) -> Figure:
    """Whether something grows by less than a limit in an hour."""
    text = f"< {limit:g} {unit}/h".replace(" /h", "/h")
    if slope is None:
        return Figure(name, "lives were too short to tell", text, Verdict.OPEN)
    if slope.an_hour < limit:
        verdict = Verdict.MET
    else:
        verdict = Verdict.MISSED if slope.low > 0 else Verdict.OPEN
    found = f"{slope.an_hour:+.2f} ({slope.low:+.2f} to {slope.high:+.2f})"
    if across is not None:
        found += f", across lives {across:+.2f}"
    return Figure(name, found, text, verdict, slope.an_hour, slope.low, slope.high, across)


def plateau_figure(name: str, readings: Sequence[Reading], cut: Cut) -> Figure:
    """Whether what grows to a bound by design has reached it: the highest reading of the last
    quarter of the longest life is not above that of the second."""
    limit = f"x {_PLATEAU_SHARE:g} + {_PLATEAU_MB:g} MB at most"
    found = plateau(readings, cut)
    if found is None:
        return Figure(name, "lives were too short to tell", limit, Verdict.OPEN)
    most = found.second_quarter * _PLATEAU_SHARE + _PLATEAU_MB
    text = f"{found.second_quarter:.0f}, then {found.last_quarter:.0f} MB"
    verdict = Verdict.MET if found.last_quarter <= most else Verdict.MISSED
    return Figure(name, text, limit, verdict, found.last_quarter)


def bound_figure(name: str, readings: Sequence[Reading], bound: float) -> Figure:
    """Whether something was ever above a bound."""
    if not readings:
        return Figure(name, "not read", f"<= {bound:g}", Verdict.OPEN)
    most = max(each.value for each in readings)
    return fact(f"{name}, at most", round(most, 2), f"<= {bound:g}", most <= bound)


def bytes_a_record_figure(
    name: str, megabytes: Sequence[Reading], records: Sequence[Reading], cut: Cut
) -> Figure:
    """Whether what grows with the data takes as much a record in the second half as in the
    first, after the warm-up."""
    limit = f"second half x {_GROWTH_A_RECORD:g} of the first at most"
    taken = {each.at_s: each.value for each in megabytes}
    both = [
        (e.value, taken[e.at_s]) for e in records if e.at_s in taken and e.at_s >= cut.warm_up_s
    ]
    if len(both) < 8:
        return Figure(name, "too short to tell", limit, Verdict.OPEN)
    (r0, m0), (r1, m1), (r2, m2) = both[0], both[len(both) // 2], both[-1]
    if not r0 < r1 < r2:
        return Figure(name, "no records were counted", limit, Verdict.MISSED)
    first, second = (m1 - m0) * 1e6 / (r1 - r0), (m2 - m1) * 1e6 / (r2 - r1)
    verdict = Verdict.MET if second <= first * _GROWTH_A_RECORD + 1 else Verdict.MISSED
    found = f"{first:.1f}, then {second:.1f} bytes a record"
    return Figure(name, found, limit, verdict, second)


def figures_of(
    series: Series, cut: Cut, roles: Sequence[str], jvm_roles: Sequence[str]
) -> list[Figure]:
    """All that is judged from the readings.

    Args:
        series: readings by name, as readings.py names them.
        roles: the Python processes; their memory has to be flat.
        jvm_roles: the JVMs; theirs has to reach its bound.
    """
    memory = [f"{role}: memory MB" for role in roles]
    found = [_slope(series, cut, name, "MB", MOST_MB_AN_HOUR) for name in memory]
    each = [slope_within_lives(series.get(name, ()), cut) for name in memory]
    slopes = [slope for slope in each if slope is not None]
    together = sum_of(slopes) if len(slopes) == len(roles) else None
    found.append(slope_figure("Python together: memory MB", together, "MB", MOST_MB_AN_HOUR))
    for role in jvm_roles:
        live, held = f"{role}: live heap MB", f"{role}: memory MB"
        found.append(plateau_figure(live, series.get(live, ()), cut))
        found.append(bound_figure(held, series.get(held, ()), MOST_JVM_MB[role]))
    for role in (*roles, *jvm_roles):
        for what in ("descriptors", "threads"):
            found.append(_slope(series, cut, f"{role}: {what}", "", MOST_DESCRIPTORS_AN_HOUR))
    return found + _disk(series, cut)


def _disk(series: Series, cut: Cut) -> list[Figure]:
    records = series.get("records", ())
    found = [
        bytes_a_record_figure(f"{name}: MB", series.get(f"{name}: MB", ()), records, cut)
        for name in ("store", "topic")
    ]
    found.append(plateau_figure("store's log: MB", series.get("store's log: MB", ()), cut))
    for name in ("broker's logs: MB", "driver's logs: MB"):
        found.append(bound_figure(name, series.get(name, ()), MOST_LOG_MB))
    for name in FLAT_FOLDERS:
        found.append(_slope(series, cut, f"{name}: MB", "MB", MOST_MB_AN_HOUR))
        found.append(_slope(series, cut, f"{name}: files", "", MOST_DESCRIPTORS_AN_HOUR))
    return found


def _slope(series: Series, cut: Cut, name: str, unit: str, limit: float) -> Figure:
    readings = series.get(name, ())
    across = slope_across_lives(readings, cut)
    return slope_figure(name, slope_within_lives(readings, cut), unit, limit, across)
