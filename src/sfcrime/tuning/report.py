"""The lab's report, made from its trials alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfcrime.tuning.answers import first_answer, second_answer
from sfcrime.tuning.choice import (
    LEAST_SHARE,
    Recommendation,
    pareto_front,
    points,
    recommendations,
)
from sfcrime.tuning.document import Block, Bullets, Heading, Paragraph, Picture, Table
from sfcrime.tuning.effects import (
    LATENCY_P50,
    LATENCY_P99,
    MEASURES,
    THROUGHPUT,
    Comparison,
    Group,
    Verdict,
)
from sfcrime.tuning.knobs import configuration_name, differing
from sfcrime.tuning.plan import SPARK_DEFAULTS, TYPICAL_CHOICE
from sfcrime.tuning.plots import EffectPanel, GridCells, effects_plot, grid_plot, pareto_plot
from sfcrime.tuning.results import Setup, TrialResult
from sfcrime.tuning.wording import (
    effect_text,
    figure,
    how_to_set,
    listed,
    medians,
    setting_text,
    value_text,
)

_BUSY_SHARE = 0.15
"""Of all CPU time: a trial that shared the machine with more than this is named."""
_SIZE, _SHUFFLE = "max_records_per_batch", "shuffle_partitions"


@dataclass(frozen=True, slots=True)
class Findings:
    """What the trials show, before it is put into words."""

    setup: Setup
    comparison: Comparison
    recommended: Sequence[Recommendation]
    not_run: int
    """Trials of the plan that were not run; what is known of them is nothing."""

    @property
    def trials(self) -> list[TrialResult]:
        return [t for group in self.comparison.groups.values() for t in group.trials]


def findings(setup: Setup, trials: Sequence[TrialResult], not_run: int = 0) -> Findings:
    """What the trials of a setup show."""
    comparison = Comparison(trials)
    return Findings(setup, comparison, recommendations(comparison), not_run)


def report(found: Findings) -> list[Block]:
    """The whole report: what to set first, how it was measured last."""
    base = found.setup.base
    return [
        Heading("Tuning report", 1),
        *_summary(found),
        Heading("What to set"),
        *_recommendations(found),
        Heading("The exercise's questions"),
        *first_answer(found.comparison, base),
        *second_answer(found.comparison, base, found.recommended),
        *_named(found),
        Heading("What each change does"),
        *_effects(found),
        *_grid(found),
        *_pareto(found),
        *_failures(found),
        Heading("How it was measured"),
        *_method(found),
    ]


def _summary(found: Findings) -> list[Block]:
    trials, failed = found.trials, [trial for trial in found.trials if trial.failure]
    text = (
        f"{len(trials)} trials of {len(found.comparison.groups)} configurations on "
        f"{found.setup.machine.get('cores', '?')} cores; "
        f"{len(trials) - len(failed)} gave figures, and every one of these counted exactly."
    )
    if failed:
        text += f" {len(failed)} failed: the list is below."
    if found.not_run:
        text += (
            f" {found.not_run} trials of the plan were left out for time; `sfcrime tune` with the "
            "same flags goes on with them."
        )
    return [Paragraph(text)]


def _recommendations(found: Findings) -> list[Block]:
    if not found.recommended:
        return [Paragraph("Nothing was measured that a recommendation could rest on.")]
    rows = []
    for each in found.recommended:
        changes = how_to_set(each.group.changes)
        rows.append(
            [
                each.purpose,
                setting_text(each.group.name),
                changes or "nothing",
                figure(each.group.median(each.measure), each.measure.unit),
                reason(each),
            ]
        )
    header = ("For", "Take", "By setting", "Measured", "Why")
    return [Table(header, rows), Paragraph(_base_text(found.setup.base))]


def reason(each: Recommendation) -> str:
    """Why it is recommended."""
    others = len(each.equals) - 1
    if each.group is each.best:
        told = f"best {each.measure.name}"
    else:
        told = (
            f"cannot be told from the best {each.measure.name} "
            f"({figure(each.best.median(each.measure), each.measure.unit)} with "
            f"{setting_text(each.best.name)}), and changes less"
        )
    if others:
        told += f"; {others} {'others do' if others > 1 else 'other does'} as well"
    if each.purpose == "a small machine":
        told += f"; among those with at least {LEAST_SHARE:.0%} of the best throughput"
    return told


def _base_text(base: Mapping[str, str]) -> str:
    values = listed([f"`{key}={value_text(value)}`" for key, value in base.items()])
    return f"The base is {values}."


def _named(found: Findings) -> list[Block]:
    """What Spark's defaults and the usual choice give, beside the base."""
    groups, base = found.comparison.groups, found.setup.base
    wanted = {
        "the base": "base",
        "Spark's defaults": configuration_name(differing(SPARK_DEFAULTS, base)),
        "the exercise's usual choice": configuration_name(differing(TYPICAL_CHOICE, base)),
    }
    rows = [
        [
            title,
            setting_text(name),
            *medians(groups[name], MEASURES),
            "" if name == "base" else _throughput_beside_base(found.comparison, groups[name]),
            _note(groups[name]),
        ]
        for title, name in wanted.items()
        if name in groups
    ]
    beside = "throughput beside the base"
    header = ("", "Setting", *(each.name for each in MEASURES), beside, "Note")
    return [
        Heading("Spark's defaults and the usual choice", 3),
        Table(header, rows),
        Paragraph(
            "Spark's defaults are 200 shuffle partitions, no bound on the records a trigger, and "
            "a trigger as soon as the last batch is over. Answers to the exercise usually take "
            "500 records a trigger and leave the 200 partitions."
        ),
    ]


def _throughput_beside_base(comparison: Comparison, group: Group) -> str:
    return effect_text(comparison.effect_on_base(group, THROUGHPUT))


def _note(group: Group) -> str:
    notes = [f"{len(group.failures)} failed"] if group.failures else []
    if group.is_cold:
        notes.append("throughput with the warm-up: one batch took everything")
    return "; ".join(notes)


def _effects(found: Findings) -> list[Block]:
    comparison = found.comparison
    others = [group for name, group in comparison.groups.items() if name != "base"]
    rows = []
    for group in others:
        effects = [effect_text(comparison.effect_on_base(group, each)) for each in MEASURES]
        rows.append([setting_text(group.name), *effects, _note(group)])
    blocks: list[Block] = [
        Paragraph(
            "Relative to the base, with 99% intervals (bootstrap over the residuals of all "
            "trials). “No measurable effect” means that the interval contains 1."
        ),
        Table(("Setting", *(each.name for each in MEASURES), "Note"), rows),
    ]
    panels = []
    for measure in (THROUGHPUT, LATENCY_P50):
        pairs = [(g.name, comparison.effect_on_base(g, measure)) for g in others]
        known = [(name, effect) for name, effect in pairs if effect is not None]
        if known:
            panels.append(EffectPanel(f"{measure.name}, relative to the base", known))
    if panels:
        title = (
            "Effects with their intervals: green is better than the base, red is worse, grey is "
            "no measurable effect, ochre too few repeats to tell"
        )
        blocks.append(Picture("effects.svg", title, effects_plot(panels)))
    return blocks


def _grid(found: Findings) -> list[Block]:
    """Throughput by records a trigger and shuffle partitions, where several of both were tried."""
    cells = grid_cells(found.comparison, found.setup.base)
    if len(cells.columns) < 2 or len(cells.rows) < 2:
        return []
    title = "Throughput in records a second"
    header = ("Shuffle partitions", *(f"{each} records a trigger" for each in cells.columns))
    rows = [
        [name, *(figure(value) for value in values)]
        for name, values in zip(cells.rows, cells.values, strict=True)
    ]
    return [
        Heading("The grid: records a trigger by shuffle partitions"),
        Picture("grid.svg", title, grid_plot(cells)),
        Table(header, rows),
    ]


def grid_cells(comparison: Comparison, base: Mapping[str, str]) -> GridCells:
    """Medians of the configurations that change nothing but the two settings of the grid."""
    found: dict[tuple[str, str], float | None] = {}
    for group in comparison.groups.values():
        if not set(group.changes) - {_SIZE, _SHUFFLE}:
            place = (
                group.changes.get(_SHUFFLE, base[_SHUFFLE]),
                group.changes.get(_SIZE, base[_SIZE]),
            )
            found[place] = group.median(THROUGHPUT)
    rows = sorted({row for row, _ in found}, key=_size)
    columns = sorted({column for _, column in found}, key=_size)
    values = [[found.get((row, column)) for column in columns] for row in rows]
    return GridCells([value_text(each) for each in columns], rows, values)


def _size(value: str) -> float:
    return float(value) if value.isdigit() else float("inf")


def _pareto(found: Findings) -> list[Block]:
    all_points = points(found.comparison)
    if len(all_points) < 2:
        return []
    front = pareto_front(all_points)
    groups = found.comparison.groups
    rows = [
        [
            setting_text(point.name),
            figure(point.throughput, "records/s"),
            figure(point.latency_ms, "ms"),
            figure(groups[point.name].median(LATENCY_P99), "ms"),
        ]
        for point in front
    ]
    return [
        Heading("Throughput against latency"),
        Picture("pareto.svg", "The line joins the Pareto front", pareto_plot(all_points, front)),
        Paragraph("No other configuration beats these in one figure without losing in the other:"),
        Table(("Setting", "throughput", "latency p50", "latency p99"), rows),
    ]


def _failures(found: Findings) -> list[Block]:
    failed = [trial for trial in found.trials if trial.failure]
    if not failed:
        return []
    items = [
        f"{setting_text(trial.name)}, {trial.kind}, run {trial.run}: "
        + " ".join(trial.failure.replace("`", "'").split())[:400]
        for trial in failed
    ]
    return [Heading("Trials that failed"), Bullets(items)]


def _method(found: Findings) -> list[Block]:
    work, trials = found.setup.workload, found.trials
    whole = [trial for trial in trials if trial.cells and not trial.failure]
    busy = [trial for trial in trials if trial.others_share > _BUSY_SHARE and trial.cpu_us]
    machine = [[name, str(value)] for name, value in found.setup.machine.items()]
    return [
        Bullets(
            [
                f"**Throughput**: a topic of {work.records:,} records of the {found.setup.source} "
                "is counted as fast as it goes; from commit to commit of the ledger, without what "
                f"was committed until {work.warm_records:,} records or {work.warm_s:g} s after "
                f"the first commit. A trial not through {work.measure_s:g} s later is ended.",
                f"**Latency**: {work.paced_per_s:g} records a second are sent one by one; from "
                "the wall clock at the send of a record to the commit of the ledger row that "
                f"covers it, over {work.paced_s:g} s, without the first {work.paced_warm_s:g} s "
                "after the first commit.",
                "**CPU and memory** are of the whole process tree of `sfcrime stream` (the "
                "driver's JVM and the Python workers), without the broker.",
                f"**Exactness**: every trial's accounting was checked against what was sent; "
                f"{len(whole)} counts of the whole topic gave the same cells.",
                f"**A busy machine**: {len(busy)} of {len(trials)} trials shared it with others "
                f"that used more than {_BUSY_SHARE:.0%} of the CPU time.",
            ]
        ),
        Table(("Machine and versions", ""), machine),
    ]


def as_json(found: Findings) -> dict[str, Any]:
    """What the report says, for a program."""
    comparison = found.comparison
    return {
        "setup": found.setup.digest,
        "trials": len(found.trials),
        "not_run": found.not_run,
        "failed": [
            {"setting": t.name, "kind": str(t.kind), "run": t.run, "reason": t.failure}
            for t in found.trials
            if t.failure
        ],
        "recommended": [
            {"for": each.purpose, "setting": each.group.name, "why": reason(each)}
            for each in found.recommended
        ],
        "settings": [_group_json(comparison, group) for group in comparison.groups.values()],
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
