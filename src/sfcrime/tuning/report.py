"""The lab's report, made from its trials alone: Markdown; and the same for a program. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sfcrime.tuning.answers import answers
from sfcrime.tuning.choice import LEAST_SHARE, SMALL_MACHINE, Findings, Recommendation
from sfcrime.tuning.effects import MEASURES, THROUGHPUT, Comparison, Group, Measure
from sfcrime.tuning.knobs import KNOBS, Query, differing, meaning, spark_name
from sfcrime.tuning.plan import USUAL
from sfcrime.tuning.report_text import (
    PROGRAMS,
    QUERIES,
    bullets,
    code,
    effect_text,
    figure,
    how_to_set,
    listed,
    place,
    setting_text,
    size,
    table,
)
from sfcrime.tuning.results import TrialResult

_SIZE, _TRIGGER = "max_records_per_batch", "trigger_ms"
_NEARLY = 0.9
"""Of what the trigger allows: the pause between batches is the bound, not the work."""
_BUSY_SHARE = 0.15
"""Of all CPU time: a trial that shared the machine with more than this is counted as such."""


def report(found: Findings) -> str:
    """The whole report: what to set first, how it was measured last."""
    paragraphs = [
        "# Tuning report",
        _summary(found),
        f"## What to set ({QUERIES[Query.PRODUCT]})",
        _recommendations(found.recommended),
        "Every trial changes something of the base, the settings that were in force:",
        _base_table(found.setup.base),
        f"## The exercise's questions ({QUERIES[Query.EXERCISE]})",
        *answers(found.comparisons[Query.EXERCISE]),
        *(text for query in Query for text in _effects(found.comparisons[query], query)),
        *_failures(found.trials),
        *_method(found),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _summary(found: Findings) -> str:
    failed = sum(bool(trial.failure) for trial in found.trials)
    each = [
        f"{len(comparison.trials)} trials of {len(comparison.groups)} "
        f"configurations of {QUERIES[query]} ({PROGRAMS[query]})"
        for query, comparison in found.comparisons.items()
        if comparison.trials
    ]
    text = f"{listed(each)} on {found.setup.machine.get('cores', '?')} cores; "
    text += f"{len(found.trials) - failed} gave figures, and every one of these counted exactly."
    if failed:
        text += f" {failed} failed: the list is below."
    if found.not_run:
        text += f" {found.not_run} trials of the plan were left out for time; `sfcrime tune` with "
        text += "the same flags goes on with them."
    return text


def _recommendations(recommended: Sequence[Recommendation]) -> str:
    rows = [
        [
            each.purpose,
            setting_text(each.group.name),
            how_to_set(each.group.changes) or "nothing",
            figure(each.group.median(each.measure), each.measure.unit),
            reason(each),
        ]
        for each in recommended
    ]
    if not rows:
        return "Nothing was measured that a recommendation could rest on."
    return table(("For", "Take", "Set", "Measured", "Why"), rows)


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


def _base_table(bases: Mapping[Query, Mapping[str, str]]) -> str:
    header = ("Setting", *(f"Base of {QUERIES[query]}" for query in Query), "Where it is set")
    rows = []
    for key in KNOBS:
        values = [code(bases[q][key]) if bases[q].get(key) else "none" for q in Query]
        rows.append([meaning(key), *values, place(key), f"`{spark_name(key)}`"])
    return table((*header, "What Spark calls it"), rows)


def _effects(comparison: Comparison, query: Query) -> list[str]:
    """All that was measured of a query; nothing where nothing was."""
    if not comparison.groups:
        return []
    rows = [
        [
            setting_text(group.name),
            str(len(group.trials)),
            *(_cell(comparison, group, measure) for measure in MEASURES),
            "; ".join(_notes(group, comparison.base)),
        ]
        for group in sorted(comparison.groups.values(), key=_order)
    ]
    measures = (f"{measure.name}, {measure.unit}" for measure in MEASURES)
    return [
        f"## What each change does to {QUERIES[query]}",
        f"Medians of {QUERIES[query]}, {PROGRAMS[query]}, and after each the ratio to its base, "
        "with 99% intervals (bootstrap over the residuals of all its trials). “No measurable "
        "effect” means that the interval contains 1; a ratio without one has too few repeats to "
        "tell.",
        table((f"Setting of {QUERIES[query]}", "Trials", *measures, "Note"), rows),
    ]


def _order(group: Group) -> tuple[int, list[tuple[str, float, str]]]:
    """One change before several; values of one setting together, by size."""
    changes = sorted(group.changes.items())
    return len(changes), [(key, size(value), value) for key, value in changes]


def _cell(comparison: Comparison, group: Group, measure: Measure) -> str:
    told, effect = figure(group.median(measure)), comparison.effect(group, measure)
    return f"{told}: {effect_text(effect)}" if effect is not None and group.changes else told


def _notes(group: Group, base: Mapping[str, str]) -> list[str]:
    """What has to be known beside a configuration's figures; mostly nothing."""
    notes = [name for name, usual in USUAL.items() if differing(usual, base) == group.changes]
    if group.failures:
        notes.append(f"{len(group.failures)} failed")
    bound, pause = ({**base, **group.changes}[key] for key in (_SIZE, _TRIGGER))
    throughput = group.median(THROUGHPUT)
    if throughput and throughput * float(pause) >= _NEARLY * size(bound) * 1000:
        notes.append(f"as fast as its trigger allows: {bound} records every {pause} ms")
    if group.is_cold:
        notes.append("throughput with the warm-up: one batch took everything")
    return notes


def _failures(trials: Sequence[TrialResult]) -> list[str]:
    """The trials without figures, each with its reason; nothing where there is none."""
    items = []
    for trial in trials:
        if trial.failure:
            where = f"{QUERIES[trial.query].capitalize()}, {setting_text(trial.name)}"
            log = f" Its log ends: {code(trial.log)}" if trial.log else ""
            items.append(f"{where}, {trial.kind}, run {trial.run}: {code(trial.failure)}{log}")
    return ["## Trials that failed", bullets(items)] if items else []


def _method(found: Findings) -> list[str]:
    """How it was measured, and on what."""
    work, trials = found.setup.workload, found.trials
    whole = [trial for trial in trials if trial.cells and not trial.failure]
    busy = [trial for trial in trials if trial.others_share > _BUSY_SHARE and trial.cpu_us]
    items = [
        "**A trial** is a fresh query in a process of its own; they run in random order, repeat "
        f"after repeat. The exercise's is {PROGRAMS[Query.EXERCISE]}, run by `spark-submit`.",
        f"**Throughput**: a topic of {work.records:,} records of the {found.setup.source} is "
        "counted as fast as it goes; from the end of one batch (of the product, its commit in the "
        f"ledger) to that of another, without what was counted until {work.warm_records:,} records "
        f"or {work.warm_s:g} s after the first one. A trial not through "
        f"{work.warm_s + work.measure_s:g} s after that is ended.",
        f"**Latency**: {work.paced_per_s:g} records a second are sent one by one; from the wall "
        "clock at the send of a record to the end of the batch that covers it, over "
        f"{work.paced_s:g} s, without the first {work.paced_warm_s:g} s after the first batch. No "
        "bound on the records a trigger is reached at this pace, so most bounds were measured by "
        "throughput alone.",
        "**CPU and memory** are of the query's whole process tree (the driver's JVM and the Python "
        "workers), without the broker.",
        f"**Exactness**: every trial's accounting was checked against what was sent; {len(whole)} "
        "counts of the whole topic gave the same result as every other one of their query.",
        f"**A busy machine**: {len(busy)} of {len(trials)} trials shared it with others that used "
        f"more than {_BUSY_SHARE:.0%} of the CPU time.",
    ]
    machine = [[name, str(value)] for name, value in found.setup.machine.items()]
    return ["## How it was measured", bullets(items), table(("Machine and versions", ""), machine)]


def as_json(found: Findings) -> dict[str, Any]:
    """What the report says, for a program."""
    return {
        "setup": found.setup.digest,
        "trials": len(found.trials),
        "not_run": found.not_run,
        "failed": [
            {"query": t.query, "setting": t.name, "kind": t.kind, "run": t.run}
            | {"reason": t.failure, "log": t.log}
            for t in found.trials
            if t.failure
        ],
        "recommended": [
            {"for": each.purpose, "setting": each.group.name, "why": reason(each)}
            for each in found.recommended
        ],
        "settings": [
            {"query": query, **_group_json(comparison, group)}
            for query, comparison in found.comparisons.items()
            for group in comparison.groups.values()
        ],
    }


def _group_json(comparison: Comparison, group: Group) -> dict[str, Any]:
    """A configuration's medians and effects."""
    effects = {
        measure.name: {"ratio": each.ratio, "interval": each.interval, "verdict": each.verdict}
        for measure in MEASURES
        if group.changes and (each := comparison.effect(group, measure)) is not None
    }
    return {
        "setting": group.name,
        "changes": dict(group.changes),
        "medians": {measure.name: group.median(measure) for measure in MEASURES},
        "effects": effects,
    }
