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
from sfcrime.tuning.knobs import Query, is_inert
from sfcrime.tuning.results import Setup, TrialResult

NOT_SET = "not set"
"""The base's value of a property that is none of the settings."""
LEAST_SHARE = 0.5
"""A small machine's setting still has to reach so much of the best throughput."""
SMALL_MACHINE = "a small machine"


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


def pareto_front(comparison: Comparison) -> list[Group]:
    """Those that no other beats in throughput or latency without losing in the other; fastest
    first.

    Empty where fewer than two have both figures: there is nothing to choose between.
    """
    able = [group for group in comparison.groups.values() if not is_inert(group.changes)]
    rated = [
        (throughput, latency_ms, group)
        for group in _comparable(able)
        if (throughput := group.median(THROUGHPUT)) is not None
        and (latency_ms := group.median(LATENCY_P50)) is not None
    ]
    front, least_ms = list[Group](), float("inf")
    for _, latency_ms, group in sorted(rated, key=lambda each: (-each[0], each[1])):
        if latency_ms < least_ms:
            front.append(group)
            least_ms = latency_ms
    return front if len(rated) > 1 else []


def _comparable(groups: Sequence[Group]) -> list[Group]:
    """Those whose throughput is without the warm-up, or all where there is no such."""
    return [group for group in groups if not group.is_cold] or list(groups)


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
        (SMALL_MACHINE, MEMORY, fast),
    )
    found = [_recommended(comparison, *each) for each in wanted]
    return [each for each in found if each is not None]


def _recommended(
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


def influences(comparison: Comparison, measure: Measure) -> list[Influence]:
    """What each knob alone can do to a measure, the most powerful first.

    The base's own value is the best one wherever it cannot be told from it. Knobs of which one
    value alone was measured, and configurations of several changes, are left out.
    """
    keys = dict.fromkeys(key for group in comparison.groups.values() for key in group.changes)
    found = []
    for key in keys:
        values = groups_by_value(comparison, key)
        rated = {value: group for value, group in values.items() if group.values(measure)}
        if len(rated) < 2:
            continue
        ordered = sorted(rated, key=lambda value: rated[value].median(measure) or 0.0)
        best, worst = (
            (ordered[-1], ordered[0]) if measure.more_is_better else (ordered[0], ordered[-1])
        )
        own = comparison.base.get(key, NOT_SET)
        if own in rated and own != worst:
            best = own if comparison.cannot_be_told(rated[own], rated[best], measure) else best
        effect = comparison.effect(rated[best], rated[worst], measure)
        if effect is not None:
            found.append(Influence(key, measure, best, worst, effect.as_gain()))
    return sorted(found, key=lambda each: -each.gain.ratio)


def groups_by_value(comparison: Comparison, key: str) -> dict[str, Group]:
    """The configurations that change one knob alone, by its value; the base's is among them."""
    return {
        (group.changes[key] if group.changes else comparison.base.get(key, NOT_SET)): group
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


@dataclass(frozen=True, slots=True)
class Findings:
    """What the trials of a setup show, before it is put into words."""

    setup: Setup
    comparisons: Mapping[Query, Comparison]
    """Trials are compared with those of the same query alone."""
    recommended: Sequence[Recommendation]
    """For the product's query: it alone is meant to be set up."""
    not_run: int
    """Trials of the plan that were not run; what is known of them is nothing."""

    @property
    def trials(self) -> list[TrialResult]:
        return [trial for each in self.comparisons.values() for trial in each.trials]

    @property
    def measured(self) -> list[tuple[Query, Comparison]]:
        """Each query of which there are trials."""
        return [each for each in self.comparisons.items() if each[1].trials]


def findings(setup: Setup, trials: Sequence[TrialResult], not_run: int = 0) -> Findings:
    """What the trials of a setup show."""
    comparisons = {
        query: Comparison([each for each in trials if each.query is query], setup.base[query])
        for query in Query
    }
    return Findings(setup, comparisons, recommendations(comparisons[Query.PRODUCT]), not_run)
