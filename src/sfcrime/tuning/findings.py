"""What a run of the lab shows, before it is put into words; and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfcrime.tuning.choice import LEAST_SHARE, Recommendation, recommendations
from sfcrime.tuning.effects import MEASURES, Comparison, Group, Verdict
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.results import Setup, TrialResult
from sfcrime.tuning.wording import figure, setting_text


@dataclass(frozen=True, slots=True)
class Findings:
    """What the trials show, before it is put into words."""

    setup: Setup
    comparisons: Mapping[Query, Comparison]
    """Trials are compared with those of the same query alone."""
    recommended: Sequence[Recommendation]
    """For the product's query: it alone is meant to be set up."""
    not_run: int
    """Trials of the plan that were not run; what is known of them is nothing."""

    @property
    def trials(self) -> list[TrialResult]:
        return [
            trial
            for comparison in self.comparisons.values()
            for group in comparison.groups.values()
            for trial in group.trials
        ]


def findings(setup: Setup, trials: Sequence[TrialResult], not_run: int = 0) -> Findings:
    """What the trials of a setup show."""
    comparisons = {
        query: Comparison([trial for trial in trials if trial.query is query]) for query in Query
    }
    return Findings(setup, comparisons, recommendations(comparisons[Query.PRODUCT]), not_run)


def reason(each: Recommendation) -> str:
    """Why it is recommended."""
    best = f"{'highest' if each.measure.more_is_better else 'lowest'} {each.measure.name}"
    if each.group is each.best:
        told = best
    else:
        told = (
            f"cannot be told from the {best} "
            f"({figure(each.best.median(each.measure), each.measure.unit)} with "
            f"{setting_text(each.best.name)}), and changes less"
        )
    others = sum(group not in (each.group, each.best) for group in each.equals)
    if others:
        told += f"; {others} {'others do' if others > 1 else 'other does'} as well"
    if each.purpose == "a small machine":
        told += f"; among those with at least {LEAST_SHARE:.0%} of the best throughput"
    return told


def as_json(found: Findings) -> dict[str, Any]:
    """What the report says, for a program."""
    return {
        "setup": found.setup.digest,
        "trials": len(found.trials),
        "not_run": found.not_run,
        "failed": [
            {
                "query": str(t.query),
                "setting": t.name,
                "kind": str(t.kind),
                "run": t.run,
                "reason": t.failure,
            }
            for t in found.trials
            if t.failure
        ],
        "recommended": [
            {"for": each.purpose, "setting": each.group.name, "why": reason(each)}
            for each in found.recommended
        ],
        "settings": [
            {"query": str(query), **_group_json(comparison, group)}
            for query, comparison in found.comparisons.items()
            for group in comparison.groups.values()
        ],
    }


def _group_json(comparison: Comparison, group: Group) -> dict[str, Any]:
    effects = {}
    for measure in MEASURES:
        found = comparison.effect_on_base(group, measure)
        if found is not None and group.name != "base":
            known = found.verdict is not Verdict.UNKNOWN
            effects[measure.name] = {
                "ratio": found.ratio,
                "interval": [found.low, found.high] if known else None,
                "verdict": str(found.verdict),
            }
    return {
        "setting": group.name,
        "changes": dict(group.changes),
        "medians": {measure.name: group.median(measure) for measure in MEASURES},
        "effects": effects,
    }
