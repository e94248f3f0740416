"""The lab's report, made from its trials alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.tuning.answers import first_answer, second_answer
from sfcrime.tuning.document import Block, Bullets, Heading, Paragraph, Table
from sfcrime.tuning.effects import LATENCY_P50, MEASURES, THROUGHPUT, Comparison
from sfcrime.tuning.evidence import evidence, note
from sfcrime.tuning.findings import Findings, reason
from sfcrime.tuning.knobs import KNOBS, configuration_name, differing, meaning, spark_name
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.scales import SPARK_DEFAULTS, TYPICAL_CHOICE
from sfcrime.tuning.wording import effect_text, figure, how_to_set, setting_text, variable

_BUSY_SHARE = 0.15
"""Of all CPU time: a trial that shared the machine with more than this is named."""


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
        *evidence(found.comparison, base),
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
        Paragraph("The base, whose settings were in force, and what each of them is called:"),
        _base_table(found.setup.base),
    ]


def _base_table(base: Mapping[str, str]) -> Table:
    header = ("Setting", "Base", "In the settings file", "As a variable", "What Spark calls it")
    rows = []
    for key in filter(base.__contains__, KNOBS):
        cells = (KNOBS[key].setting, variable(key), spark_name(key))
        rows.append(
            [
                meaning(key),
                f"`{base[key]}`" if base[key] else "none",
                *(f"`{cell}`" for cell in cells),
            ]
        )
    return Table(header, rows)


def _named(found: Findings) -> list[Block]:
    """What Spark's defaults and the usual choice give, beside the base."""
    comparison, base = found.comparison, found.setup.base
    wanted = {
        "The base": {},
        "Spark's defaults": differing(SPARK_DEFAULTS, base),
        "The exercise's usual choice": differing(TYPICAL_CHOICE, base),
    }
    beside = (THROUGHPUT, LATENCY_P50)
    rows = []
    for title, changes in wanted.items():
        group = comparison.groups.get(configuration_name(changes))
        if group is not None:
            own = {key: changes.get(key, base[key]) for key in SPARK_DEFAULTS}
            effects = [effect_text(comparison.effect_on_base(group, each)) for each in beside]
            rows.append(
                [
                    f"{title}: `{configuration_name(own)}`",
                    *(figure(group.median(each), each.unit) for each in MEASURES),
                    *(effects if changes else ["", ""]),
                    note(group, base),
                ]
            )
    header = (
        "",
        *(each.name for each in MEASURES),
        *(f"{each.name}, beside the base" for each in beside),
    )
    return [
        Heading("Spark's defaults and the usual choice", 3),
        Table((*header, "Note"), rows),
        Paragraph(
            "Spark's defaults are 200 shuffle partitions, no bound on the records a trigger, and "
            "a trigger as soon as the last batch is over. Answers to the exercise usually take "
            "500 records a trigger and leave the 200 partitions; everything else is the base's."
        ),
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
    machine = [[name, _readable(str(value))] for name, value in found.setup.machine.items()]
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
                "after the first commit. No bound on the records a trigger is reached at this "
                "pace, so the grid and most bounds were measured by throughput alone.",
                "**CPU and memory** are of the whole process tree of `sfcrime stream` (the "
                "driver's JVM and the Python workers), without the broker.",
                f"**Repeats**: {_repeats(found.comparison)}; in random order, repeat after repeat, "
                "each a fresh query in a process of its own.",
                "**Exactness**: every trial's accounting was checked against what was sent; "
                f"{len(whole)} counts of the whole topic gave the same cells.",
                f"**A busy machine**: {len(busy)} of {len(trials)} trials shared it with others "
                f"that used more than {_BUSY_SHARE:.0%} of the CPU time.",
            ]
        ),
        Table(("Machine and versions", ""), machine),
    ]


def _repeats(comparison: Comparison) -> str:
    """How often the base ran, and everything else."""
    told = []
    for kind in Kind:
        ran = {
            name: sum(trial.kind is kind for trial in group.trials)
            for name, group in comparison.groups.items()
        }
        others = [count for name, count in ran.items() if name != "base" and count]
        spans = sorted({min(others), max(others)}) if others else [0]
        rest = f"{' to '.join(map(str, spans))} of each other configuration"
        told.append(f"{ran.get('base', 0)} {kind} trials of the base, {rest}")
    return "; ".join(told)


def _readable(value: str) -> str:
    """Linux gives memory in kB."""
    number = value.removesuffix(" kB")
    return f"{int(number) / 2**20:.1f} GiB" if value.endswith(" kB") and number.isdigit() else value
