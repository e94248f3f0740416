"""The report's evidence: what each change does to a query, the grid, throughput against latency,
and how all of it was measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfcrime.tuning.choice import Findings, pareto_front
from sfcrime.tuning.effects import (
    LATENCY_P50,
    LATENCY_P99,
    MEASURES,
    THROUGHPUT,
    Comparison,
    Group,
)
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.report_text import (
    PROGRAMS,
    QUERIES,
    Block,
    Bullets,
    Heading,
    Table,
    effect_text,
    figure,
    setting_text,
    size,
    value_text,
)

_SIZE, _SHUFFLE, _TRIGGER = "max_records_per_batch", "shuffle_partitions", "trigger_ms"
_PARETO = (THROUGHPUT, LATENCY_P50, LATENCY_P99)
_NEARLY = 0.9
"""Of what the trigger allows: the pause between batches is the bound, not the work."""
_BUSY_SHARE = 0.15
"""Of all CPU time: a trial that shared the machine with more than this is named."""


def evidence(comparison: Comparison, query: Query) -> list[Block]:
    """The part of the report that shows everything that was measured of a query."""
    if not comparison.groups:
        return []
    return [
        Heading(f"What each change does to {QUERIES[query]}"),
        f"Trials of {QUERIES[query]}, {PROGRAMS[query]}, relative to its base, with 99% "
        "intervals (bootstrap over the residuals of all of them). “No measurable effect” means "
        "that the interval contains 1.",
        _effects(comparison, query),
        *_grid(comparison, query),
        *_pareto(comparison, query),
    ]


def _effects(comparison: Comparison, query: Query) -> Table:
    others = sorted((group for group in comparison.groups.values() if group.changes), key=_place)
    rows = []
    for group in others:
        effects = [effect_text(comparison.effect_on_base(group, each)) for each in MEASURES]
        rows.append([setting_text(group.name), *effects, note(group, comparison.base)])
    return Table((f"Setting of {QUERIES[query]}", *(each.name for each in MEASURES), "Note"), rows)


def _place(group: Group) -> tuple[int, list[tuple[str, float, str]]]:
    """One change before several; values of one setting together, by size."""
    changes = sorted(group.changes.items())
    return len(changes), [(key, size(value), value) for key, value in changes]


def _grid(comparison: Comparison, query: Query) -> list[Block]:
    """Throughput by records a trigger and shuffle partitions, where several of both were tried."""
    table = grid_table(comparison) if _SHUFFLE in comparison.base else None
    if table is None or len(table.rows) < 2 or len(table.header) < 3:
        return []
    title = f"The grid of {QUERIES[query]}: records a trigger by shuffle partitions"
    return [Heading(title, 3), f"Throughput of {QUERIES[query]} in records a second:", table]


def grid_table(comparison: Comparison) -> Table:
    """Medians of the configurations that change nothing but the two settings of the grid."""
    found: dict[tuple[str, str], float | None] = {}
    for group in comparison.groups.values():
        if not set(group.changes) - {_SIZE, _SHUFFLE}:
            values = {**comparison.base, **group.changes}
            found[values[_SHUFFLE], values[_SIZE]] = group.median(THROUGHPUT)
    sizes = sorted({each for _, each in found}, key=size)
    rows = [
        [shuffle, *(figure(found.get((shuffle, each))) for each in sizes)]
        for shuffle in sorted({shuffle for shuffle, _ in found}, key=size)
    ]
    columns = [f"{value_text(each)} records a trigger" for each in sizes]
    return Table(("Shuffle partitions", *columns), rows)


def _pareto(comparison: Comparison, query: Query) -> list[Block]:
    front = pareto_front(comparison)
    if not front:
        return []
    header = (f"Setting of {QUERIES[query]}", *(each.name for each in _PARETO), "Beside the base")
    rows = [
        [
            setting_text(group.name),
            *(figure(group.median(each), each.unit) for each in _PARETO),
            "; ".join(verdicts(comparison, group) if group.changes else ()),
        ]
        for group in front
    ]
    return [
        Heading(f"Throughput against latency of {QUERIES[query]}", 3),
        "No other configuration beats these in one figure without losing in the other:",
        Table(header, rows),
        "What does not measurably differ from the base is among them by luck.",
    ]


def verdicts(comparison: Comparison, group: Group, join: str = ": ") -> list[str]:
    """What a configuration does to throughput and latency, as far as both were measured."""
    return [
        f"{measure.name}{join}{found.verdict}"
        for measure in (THROUGHPUT, LATENCY_P50)
        if (found := comparison.effect_on_base(group, measure)) is not None
    ]


def note(group: Group, base: Mapping[str, str]) -> str:
    """What has to be known beside a configuration's figures; mostly nothing."""
    notes = [f"{len(group.failures)} failed"] if group.failures else []
    bound, pause = ({**base, **group.changes}[key] for key in (_SIZE, _TRIGGER))
    throughput = group.median(THROUGHPUT)
    if throughput and throughput * float(pause) >= _NEARLY * size(bound) * 1000:
        notes.append(f"as fast as its trigger allows: {bound} records every {pause} ms")
    if group.is_cold:
        notes.append("throughput with the warm-up: one batch took everything")
    return "; ".join(notes)


def group_json(comparison: Comparison, group: Group) -> dict[str, Any]:
    """A configuration's medians and effects, for a program."""
    effects = {}
    for measure in MEASURES:
        found = comparison.effect_on_base(group, measure)
        if found is not None and group.changes:
            effects[measure.name] = {
                "ratio": found.ratio,
                "interval": found.interval,
                "verdict": str(found.verdict),
            }
    return {
        "setting": group.name,
        "changes": dict(group.changes),
        "medians": {measure.name: group.median(measure) for measure in MEASURES},
        "effects": effects,
    }


def failures(found: Findings) -> list[Block]:
    """The trials without figures, each with its reason; nothing where there is none."""
    items = []
    for trial in found.trials:
        if trial.failure:
            where = f"{QUERIES[trial.query].capitalize()}, {setting_text(trial.name)}"
            log = f" Its log ends: `{_in_one_line(trial.log)}`" if trial.log else ""
            why = _in_one_line(trial.failure)
            items.append(f"{where}, {trial.kind}, run {trial.run}: {why}{log}")
    return [Heading("Trials that failed"), Bullets(items)] if items else []


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def method(found: Findings) -> list[Block]:
    """How it was measured, and on what."""
    work, trials = found.setup.workload, found.trials
    whole = [trial for trial in trials if trial.cells and not trial.failure]
    busy = [trial for trial in trials if trial.others_share > _BUSY_SHARE and trial.cpu_us]
    return [
        Heading("How it was measured"),
        Bullets(
            [
                f"**Two queries**: the product's is {PROGRAMS[Query.PRODUCT]}, the exercise's is "
                f"{PROGRAMS[Query.EXERCISE]}, run by `spark-submit`. A figure is compared with "
                "those of the same query alone.",
                f"**Throughput**: a topic of {work.records:,} records of the {found.setup.source} "
                "is counted as fast as it goes; from batch to batch (of the product, the commit "
                "in the ledger; of the exercise, the end of Spark's batch), without what was "
                f"counted until {work.warm_records:,} records or {work.warm_s:g} s after the "
                f"first one. A trial not through {work.measure_s:g} s later is ended.",
                f"**Latency**: {work.paced_per_s:g} records a second are sent one by one; from "
                "the wall clock at the send of a record to the end of the batch that covers it, "
                f"over {work.paced_s:g} s, without the first {work.paced_warm_s:g} s after the "
                "first batch. No bound on the records a trigger is reached at this pace, so the "
                "grid and most bounds were measured by throughput alone.",
                "**CPU and memory** are of the query's whole process tree (the driver's JVM and "
                "the Python workers), without the broker.",
                f"**Repeats**: {_repeats(found)}; in random order, repeat after repeat, "
                "each a fresh query in a process of its own.",
                "**Exactness**: every trial's accounting was checked against what was sent; "
                f"{len(whole)} counts of the whole topic gave the same result as every other one "
                "of their query.",
                f"**A busy machine**: {len(busy)} of {len(trials)} trials shared it with others "
                f"that used more than {_BUSY_SHARE:.0%} of the CPU time.",
            ]
        ),
        Table(
            ("Machine and versions", ""),
            [[name, _readable(str(value))] for name, value in found.setup.machine.items()],
        ),
    ]


def _repeats(found: Findings) -> str:
    """How often each base ran, and everything else."""
    told = []
    for query, comparison in found.measured:
        for kind in Kind:
            ran = {
                name: sum(trial.kind is kind for trial in group.trials)
                for name, group in comparison.groups.items()
            }
            others = [count for name, count in ran.items() if name != "base" and count]
            spans = sorted({min(others), max(others)}) if others else [0]
            rest = f"{' to '.join(map(str, spans))} of each other configuration"
            told.append(f"{QUERIES[query]}, {kind}: {ran.get('base', 0)} of the base, {rest}")
    return "; ".join(told)


def _readable(value: str) -> str:
    """Linux gives memory in kB."""
    number = value.removesuffix(" kB")
    return f"{int(number) / 2**20:.1f} GiB" if value.endswith(" kB") and number.isdigit() else value
