"""The exercise's two questions, answered from the trials. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sfcrime.tuning.choice import Influence, Recommendation, influences, telling
from sfcrime.tuning.document import Block, Bullets, Heading, Paragraph
from sfcrime.tuning.effects import LATENCY_P50, THROUGHPUT, Comparison, Group, Verdict
from sfcrime.tuning.knobs import INERT, spark_name
from sfcrime.tuning.wording import (
    figure,
    knob_text,
    listed,
    setting_text,
    spark_value,
    times,
    value_text,
)

FIRST_QUESTION = (
    "How did changing values on the SparkSession property parameters affect the throughput and "
    "latency of the data?"
)
SECOND_QUESTION = (
    "What were the 2-3 most efficient SparkSession property key/value pairs? Through testing "
    "multiple variations on values, how can you tell these were the most optimal?"
)
MOST_PAIRS = 3


def first_answer(comparison: Comparison, base: Mapping[str, str]) -> list[Block]:
    """Knob by knob: what its values did to throughput and latency."""
    by_measure = {
        measure.name: {each.key: each for each in influences(comparison, base, measure)}
        for measure in (THROUGHPUT, LATENCY_P50)
    }
    keys = list(dict.fromkeys(key for found in by_measure.values() for key in found))
    items = []
    for key in sorted(keys, key=INERT.__contains__):
        parts = [
            _influence_text(comparison, base, found[key]) if key in found else "not measured"
            for found in by_measure.values()
        ]
        names = [f"{name}: {part}" for name, part in zip(by_measure, parts, strict=True)]
        reason = f" Nothing else was to be expected: {INERT[key]}." if key in INERT else ""
        items.append(f"{knob_text(key)}. {'; '.join(names)}.{reason}")
    return [
        Heading(f"“{FIRST_QUESTION}”", 3),
        Paragraph(
            "Each setting alone, its best value against its worst; everything else as in the base."
        ),
        Bullets(items or ["No setting was measured with two values."]),
        Paragraph(
            "Of these, only those that begin with `spark.` are properties of the SparkSession in "
            "the strict sense; the others are set where the stream is read, triggered or kept."
        ),
    ]


def _influence_text(comparison: Comparison, base: Mapping[str, str], found: Influence) -> str:
    verdict = found.effect.verdict
    values = f"{value_text(found.worst)} and {value_text(found.best)}"
    if verdict is Verdict.NONE:
        return f"no measurable effect between {values}"
    worst, best = (
        _group_of(comparison, base, found.key, value).median(found.measure)
        for value in (found.worst, found.best)
    )
    told = f"{times(found.factor)} better with {value_text(found.best)} than with "
    told += f"{value_text(found.worst)} ({figure(worst)} to {figure(best, found.measure.unit)})"
    return told if verdict is not Verdict.UNKNOWN else f"{told}, {Verdict.UNKNOWN}"


def _group_of(comparison: Comparison, base: Mapping[str, str], key: str, value: str) -> Group:
    name = "base" if base.get(key, "not set") == value else f"{key}={value}"
    return comparison.groups[name]


def second_answer(
    comparison: Comparison,
    base: Mapping[str, str],
    recommended: Sequence[Recommendation],
) -> list[Block]:
    """The settings with the largest measurable effect, and what tells that they are the best."""
    pairs = _pairs(comparison, base)
    blocks: list[Block] = [Heading(f"“{SECOND_QUESTION}”", 3)]
    if not pairs:
        blocks.append(Paragraph("No setting had a measurable effect in these trials."))
        return blocks
    blocks.append(Bullets([_pair_text(each) for each in pairs]))
    blocks.append(Paragraph("How it can be told that these are the best of what was tried:"))
    blocks.append(Bullets(_proofs(comparison, base, recommended)))
    return blocks


def _pairs(comparison: Comparison, base: Mapping[str, str]) -> list[list[Influence]]:
    """The most powerful knobs, each with what it does to throughput and latency."""
    found: dict[str, list[Influence]] = {}
    for measure in (THROUGHPUT, LATENCY_P50):
        for each in telling(influences(comparison, base, measure)):
            if each.key not in INERT:
                found.setdefault(each.key, []).append(each)
    ordered = sorted(found.values(), key=lambda pair: -max(each.factor for each in pair))
    return ordered[:MOST_PAIRS]


def _pair_text(pair: Sequence[Influence]) -> str:
    key = pair[0].key
    values = list(dict.fromkeys(spark_value(each.best) for each in pair))
    told = [
        f"{times(each.factor)} better {each.measure.name} than with {value_text(each.worst)}"
        + (f" (with {value_text(each.best)})" if len(values) > 1 else "")
        for each in pair
    ]
    unsure = any(each.effect.verdict is Verdict.UNKNOWN for each in pair)
    sure = " (with too few repeats to say how sure that is)" if unsure else ""
    return f"**`{spark_name(key)}` = {' or '.join(values)}**: {listed(told)}{sure}"


def _proofs(
    comparison: Comparison, base: Mapping[str, str], recommended: Sequence[Recommendation]
) -> list[str]:
    trials = [trial for group in comparison.groups.values() for trial in group.trials]
    keys = {key for group in comparison.groups.values() for key in group.changes}
    items = [
        f"{len(comparison.groups)} configurations of {len(keys)} settings ran {len(trials)} times "
        "in all, repeats interleaved in random order, each as a fresh query in a fresh JVM over "
        "the same records.",
        "A difference counts only where its 99% interval leaves out 1." + _inert_text(comparison),
    ]
    for each in recommended:
        others = [group.name for group in each.equals if group is not each.group]
        equal = (
            f"; it cannot be told from {listed([setting_text(name) for name in others])}"
            if others
            else ""
        )
        items.append(
            f"For {each.purpose}, {setting_text(each.group.name)} is the simplest of the best: "
            f"{figure(each.group.median(each.measure), each.measure.unit)}{equal}."
        )
    items.append(
        "It holds for this machine and these records, and only among the values that were tried."
    )
    return items


def _inert_text(comparison: Comparison) -> str:
    told = []
    for group in comparison.groups.values():
        if len(group.changes) != 1 or next(iter(group.changes)) not in INERT:
            continue
        verdicts = [
            f"{measure.name} {found.verdict}"
            for measure in (THROUGHPUT, LATENCY_P50)
            if (found := comparison.effect_on_base(group, measure)) is not None
        ]
        if verdicts:
            told.append(f"`{group.name}` ({'; '.join(verdicts)})")
    return f" Settings that cannot do anything were tried as well: {listed(told)}." if told else ""
