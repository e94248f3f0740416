"""Which setting of a query to take: for a backlog, for latency, for a small machine. Pure.

The best figure alone is partly luck. So of all configurations that cannot be told from the best
one, the one with the fewest changes from the base is recommended. What cannot do anything here
(`knobs.INERT`) is never recommended, and neither is what failed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfcrime.tuning.effects import (
    LATENCY_P50,
    MEMORY,
    THROUGHPUT,
    UNTESTED_FACTOR,
    Comparison,
    Effect,
    Group,
    Measure,
    Verdict,
)
from sfcrime.tuning.knobs import is_inert

NOT_SET = "not set"
"""The base's value of a property that is none of the settings."""
LEAST_SHARE = 0.5
"""A small machine's setting still has to reach so much of the best throughput."""


@dataclass(frozen=True, slots=True)
class Point:
    """A configuration by its two figures."""

    name: str
    throughput: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to take for a purpose."""

    purpose: str
    measure: Measure
    group: Group
    best: Group
    """With the best figure; often the same."""
    equals: Sequence[Group]
    """All that cannot be told from the best one, itself included."""


@dataclass(frozen=True, slots=True)
class Influence:
    """What a knob can do to a measure: its best value against its worst."""

    key: str
    measure: Measure
    best: str
    worst: str
    gain: Effect
    """How many times better the best value is; at least 1 but for noise."""


def points(comparison: Comparison) -> list[Point]:
    """Every configuration that has both figures, but for those that cannot differ from the base."""
    found = []
    able = [group for group in comparison.groups.values() if not is_inert(group.changes)]
    for group in _comparable(able):
        throughput, latency = group.median(THROUGHPUT), group.median(LATENCY_P50)
        if throughput is not None and latency is not None:
            found.append(Point(group.name, throughput, latency))
    return found


def _comparable(groups: Sequence[Group]) -> list[Group]:
    """Those whose throughput is without the warm-up, or all where there is no such."""
    return [group for group in groups if not group.is_cold] or list(groups)


def pareto_front(all_points: Sequence[Point]) -> list[Point]:
    """Those that no other beats in one figure without losing in the other; fastest first."""
    front: list[Point] = []
    for point in sorted(all_points, key=lambda each: (-each.throughput, each.latency_ms)):
        if not front or point.latency_ms < front[-1].latency_ms:
            front.append(point)
    return front


def recommendations(comparison: Comparison) -> list[Recommendation]:
    """For each purpose that was measured: backlog, latency, a small machine."""
    sound = [
        group
        for group in comparison.groups.values()
        if not group.failures and not is_inert(group.changes)
    ]
    rated = [g for g in _comparable(sound) if g.median(THROUGHPUT) is not None]
    top = max((group.median(THROUGHPUT) or 0.0 for group in rated), default=0.0)
    fast = [g for g in rated if (g.median(THROUGHPUT) or 0.0) >= LEAST_SHARE * top]
    wanted = (
        ("a backlog", THROUGHPUT, rated),
        ("latency", LATENCY_P50, sound),
        ("a small machine", MEMORY, fast),
    )
    found = [recommended(comparison, *each) for each in wanted]
    return [each for each in found if each is not None]


def recommended(
    comparison: Comparison, purpose: str, measure: Measure, candidates: Sequence[Group]
) -> Recommendation | None:
    """The simplest of those that cannot be told from the best; None: nothing was measured."""
    sign = -1.0 if measure.more_is_better else 1.0
    measured = [
        (sign * value, group)
        for group in candidates
        if (value := group.median(measure)) is not None
    ]
    if not measured:
        return None
    best = min(measured, key=lambda each: each[0])[1]
    equals = [each for each in measured if comparison.cannot_be_told(each[1], best, measure)]
    group = min(equals, key=lambda each: (len(each[1].changes), each[0]))[1]
    return Recommendation(purpose, measure, group, best, [each[1] for each in equals])


def influences(
    comparison: Comparison, base: Mapping[str, str], measure: Measure
) -> list[Influence]:
    """What each knob alone can do to a measure, the most powerful first.

    The base's own value is the best one wherever it cannot be told from it. Knobs of which one
    value alone was measured, and configurations of several changes, are left out.
    """
    keys = dict.fromkeys(key for group in comparison.groups.values() for key in group.changes)
    found = []
    for key in keys:
        values = groups_by_value(comparison, base, key)
        rated = {value: group for value, group in values.items() if group.values(measure)}
        if len(rated) < 2:
            continue
        ordered = sorted(rated, key=lambda value: rated[value].median(measure) or 0.0)
        best, worst = (
            (ordered[-1], ordered[0]) if measure.more_is_better else (ordered[0], ordered[-1])
        )
        own = base.get(key, NOT_SET)
        if own in rated and own != worst:
            best = own if comparison.cannot_be_told(rated[own], rated[best], measure) else best
        effect = comparison.effect(rated[best], rated[worst], measure)
        if effect is not None:
            found.append(Influence(key, measure, best, worst, effect.as_gain()))
    return sorted(found, key=lambda each: -each.gain.ratio)


def groups_by_value(comparison: Comparison, base: Mapping[str, str], key: str) -> dict[str, Group]:
    """The configurations that change one knob alone, by its value; the base's is among them."""
    return {
        (group.changes[key] if group.changes else base.get(key, NOT_SET)): group
        for group in comparison.groups.values()
        if not group.changes or list(group.changes) == [key]
    }


def telling(found: Sequence[Influence]) -> list[Influence]:
    """Those that can be measured; where the noise is not known, those too large to be it."""
    return [
        each
        for each in found
        if each.gain.verdict is Verdict.BETTER
        or (each.gain.verdict is Verdict.UNKNOWN and each.gain.ratio >= UNTESTED_FACTOR)
    ]
