"""The lab's report, made from its trials alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sfcrime.tuning.answers import first_answer, second_answer
from sfcrime.tuning.choice import recommendations
from sfcrime.tuning.document import Block, Bullets, Heading, Paragraph, Table
from sfcrime.tuning.effects import LATENCY_P50, MEASURES, THROUGHPUT, Comparison, Group
from sfcrime.tuning.evidence import evidence, note
from sfcrime.tuning.findings import Findings, reason
from sfcrime.tuning.knobs import KNOBS, Query, configuration_name, differing, meaning, spark_name
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.scales import SPARK_DEFAULTS, TYPICAL_CHOICE
from sfcrime.tuning.wording import (
    PROGRAMS,
    QUERIES,
    effect_text,
    figure,
    how_to_set,
    listed,
    place,
    setting_text,
    variable,
)

_BUSY_SHARE = 0.15
"""Of all CPU time: a trial that shared the machine with more than this is named."""


def report(found: Findings) -> list[Block]:
    """The whole report: what to set first, how it was measured last."""
    return [
        Heading("Tuning report", 1),
        *_summary(found),
        Heading(f"What to set ({QUERIES[Query.PRODUCT]})"),
        *_recommendations(found),
        Heading(f"The exercise's questions ({QUERIES[Query.EXERCISE]})"),
        *_questions(found),
        *(
            block
            for query, comparison in found.comparisons.items()
            for block in evidence(comparison, found.setup.base[query], query)
        ),
        *_failures(found),
        Heading("How it was measured"),
        *_method(found),
    ]


def _summary(found: Findings) -> list[Block]:
    trials, failed = found.trials, [trial for trial in found.trials if trial.failure]
    each = [
        f"{sum(len(group.trials) for group in groups.values())} trials of {len(groups)} "
        f"configurations of {QUERIES[query]} ({PROGRAMS[query]})"
        for query, groups in _measured(found)
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
    return [Paragraph(text)]


def _measured(found: Findings) -> Iterator[tuple[Query, Mapping[str, Group]]]:
    """Each query of which there are trials, with its configurations."""
    for query, comparison in found.comparisons.items():
        if comparison.groups:
            yield query, comparison.groups


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
        _base_table(found.setup.base[Query.PRODUCT], Query.PRODUCT),
    ]


def _base_table(base: Mapping[str, str], query: Query) -> Table:
    setting = f"Setting of {QUERIES[query]}"
    header = (setting, "Base", "Where it is set", "As a variable", "What Spark calls it")
    rows = []
    for key in filter(base.__contains__, KNOBS):
        name = f"`{variable(key)}`" if KNOBS[key].setting else "none"
        value = f"`{base[key]}`" if base[key] else "none"
        rows.append([meaning(key), value, place(key), name, f"`{spark_name(key)}`"])
    return Table(header, rows)


def _questions(found: Findings) -> list[Block]:
    """Both answers, and what they rest on."""
    comparison, base = found.comparisons[Query.EXERCISE], found.setup.base[Query.EXERCISE]
    if not comparison.groups:
        return [Paragraph("The exercise's query was not measured, so they are not answered.")]
    return [
        Paragraph(
            f"All figures of this section are of {QUERIES[Query.EXERCISE]}, "
            f"{PROGRAMS[Query.EXERCISE]}: repeats and counts are Spark's state there, so shuffle "
            f"partitions and state store matter. {QUERIES[Query.PRODUCT].capitalize()} has no "
            "state, and neither setting. The base is:"
        ),
        _base_table(base, Query.EXERCISE),
        *first_answer(comparison, base),
        *second_answer(comparison, base, recommendations(comparison)),
        *_named(comparison, base),
    ]


def _named(comparison: Comparison, base: Mapping[str, str]) -> list[Block]:
    """What Spark's defaults and the usual choice make of the exercise's query, beside its base."""
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
        "The exercise's query with",
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
        f"{QUERIES[trial.query].capitalize()}, {setting_text(trial.name)}, {trial.kind}, "
        f"run {trial.run}: " + " ".join(trial.failure.replace("`", "'").split())[:400]
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
        Table(("Machine and versions", ""), machine),
    ]


def _repeats(found: Findings) -> str:
    """How often each base ran, and everything else."""
    told = []
    for query, groups in _measured(found):
        for kind in Kind:
            ran = {
                name: sum(trial.kind is kind for trial in group.trials)
                for name, group in groups.items()
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
