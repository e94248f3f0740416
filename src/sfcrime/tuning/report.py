"""The lab's report, made from its trials alone; and the same for a program. Pure."""

from __future__ import annotations

from typing import Any

from sfcrime.tuning.answers import answers
from sfcrime.tuning.choice import LEAST_SHARE, SMALL_MACHINE, Findings, Recommendation
from sfcrime.tuning.evidence import evidence, failures, group_json, method
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.report_text import (
    PROGRAMS,
    QUERIES,
    Block,
    Heading,
    Table,
    base_table,
    figure,
    how_to_set,
    listed,
    setting_text,
)


def report(found: Findings) -> list[Block]:
    """The whole report: what to set first, how it was measured last."""
    return [
        Heading("Tuning report", 1),
        _summary(found),
        Heading(f"What to set ({QUERIES[Query.PRODUCT]})"),
        *_recommendations(found),
        Heading(f"The exercise's questions ({QUERIES[Query.EXERCISE]})"),
        *answers(found.comparisons[Query.EXERCISE]),
        *(block for each in found.comparisons for block in evidence(found.comparisons[each], each)),
        *failures(found),
        *method(found),
    ]


def _summary(found: Findings) -> str:
    trials, failed = found.trials, [trial for trial in found.trials if trial.failure]
    each = [
        f"{len(comparison.trials)} trials of {len(comparison.groups)} "
        f"configurations of {QUERIES[query]} ({PROGRAMS[query]})"
        for query, comparison in found.measured
    ]
    text = (
        f"{listed(each)} on {found.setup.machine.get('cores', '?')} cores; "
        f"{len(trials) - len(failed)} gave figures, and every one of these counted exactly."
    )
    if failed:
        text += f" {len(failed)} failed: the list is below."
    if found.not_run:
        text += (
            f" {found.not_run} trials of the plan were left out for time; `sfcrime tune` with the "
            "same flags goes on with them."
        )
    return text


def _recommendations(found: Findings) -> list[Block]:
    if not found.recommended:
        return ["Nothing was measured that a recommendation could rest on."]
    rows = [
        [
            each.purpose,
            setting_text(each.group.name),
            how_to_set(each.group.changes) or "nothing",
            figure(each.group.median(each.measure), each.measure.unit),
            reason(each),
        ]
        for each in found.recommended
    ]
    return [
        Table(("For", "Take", "Set", "Measured", "Why"), rows),
        "The base, whose settings were in force, and what each of them is called:",
        base_table(found.setup.base[Query.PRODUCT], Query.PRODUCT),
    ]


def reason(each: Recommendation) -> str:
    """Why it is recommended."""
    told = f"{'highest' if each.measure.more_is_better else 'lowest'} {each.measure.name}"
    if each.group is not each.best:
        told = (
            f"cannot be told from the {told} "
            f"({figure(each.best.median(each.measure), each.measure.unit)} with "
            f"{setting_text(each.best.name)}), and changes less"
        )
    others = sum(group not in (each.group, each.best) for group in each.equals)
    if others:
        told += f"; {others} {'others do' if others > 1 else 'other does'} as well"
    if each.purpose == SMALL_MACHINE:
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
                "log": t.log,
            }
            for t in found.trials
            if t.failure
        ],
        "recommended": [
            {"for": each.purpose, "setting": each.group.name, "why": reason(each)}
            for each in found.recommended
        ],
        "settings": [
            {"query": str(query), **group_json(comparison, group)}
            for query, comparison in found.comparisons.items()
            for group in comparison.groups.values()
        ],
    }
