"""Which setting of a query to take: for a backlog, for latency, for a small machine; and which
settings matter. Pure.

The best figure alone is partly luck. So of all configurations that cannot be told from the best
one, the one with the fewest changes from the base is recommended. What cannot do anything here
(`knobs.INERT`) is never recommended, and neither is what failed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sfcrime.tuning.effects import (
    LATENCY_P50,
    MEMORY,
    THROUGHPUT,
    Comparison,
    Effect,
    Group,
    Measure,
)
from sfcrime.tuning.knobs import INERT, Query
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
    """The larger of both figures by the smaller; above 1 but for noise."""


class Findings:
    """What the trials of a setup show, before it is put into words.

    Args:
        setup: of all of them.
        trials: of both queries, or of one.
        not_run: trials of the plan that were not run; what is known of them is nothing.
    """

    def __init__(self, setup: Setup, trials: Sequence[TrialResult], not_run: int = 0) -> None:
        self.setup, self.trials, self.not_run = setup, trials, not_run
        self.comparisons = {
            query: Comparison([each for each in trials if each.query is query], setup.base[query])
            for query in Query
        }
        """Trials are compared with those of the same query alone."""
        self.recommended = recommendations(self.comparisons[Query.PRODUCT])
        """For the product's query: it alone is meant to be set up."""


def recommendations(comparison: Comparison) -> list[Recommendation]:
    """For each purpose that was measured: backlog, latency, a small machine."""
    sound = [
        group
        for group in comparison.groups.values()
        if not group.failures and INERT.keys().isdisjoint(group.changes)
    ]
    rates = {group.name: group.median(THROUGHPUT) or 0.0 for group in sound}
    least = LEAST_SHARE * max(rates.values(), default=0.0)
    fast = [group for group in sound if rates[group.name] >= least > 0.0]
    wanted = (
        ("a backlog", THROUGHPUT, sound),
        ("latency", LATENCY_P50, sound),
        (SMALL_MACHINE, MEMORY, fast),
    )
    return [found for each in wanted if (found := _recommended(comparison, *each)) is not None]


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
        own = comparison.base.get(key, NOT_SET)
        rated = {
            group.changes.get(key, own): group
            for group in comparison.groups.values()
            if not group.changes.keys() - {key} and group.values(measure)
        }
        if len(rated) < 2:
            continue
        low, *_, high = sorted(rated, key=lambda value: rated[value].median(measure) or 0.0)
        best, worst = (high, low) if measure.more_is_better else (low, high)
        if own in rated and own != worst:
            best = own if comparison.cannot_be_told(rated[own], rated[best], measure) else best
        larger, smaller = (best, worst) if measure.more_is_better else (worst, best)
        gain = comparison.effect(rated[larger], measure, rated[smaller])
        if gain is not None:
            found.append(Influence(key, measure, best, worst, gain))
    return sorted(found, key=lambda each: -each.gain.ratio)
