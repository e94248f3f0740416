"""The exercise's two questions, answered from the trials of the exercise's query. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sfcrime.tuning.choice import (
    Influence,
    Recommendation,
    groups_by_value,
    influences,
    telling,
)
from sfcrime.tuning.document import Block, Bullets, Heading, Paragraph, Table
from sfcrime.tuning.effects import LATENCY_P50, THROUGHPUT, Comparison, Measure, Verdict
from sfcrime.tuning.knobs import INERT, KNOBS, meaning, spark_name
from sfcrime.tuning.wording import (
    effect_text,
    figure,
    interval_text,
    knob_text,
    listed,
    place,
    setting_text,
    size,
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
_HEADER = "Setting of the exercise's query"


def first_answer(comparison: Comparison, base: Mapping[str, str]) -> list[Block]:
    """Knob by knob: what its values did to throughput and latency."""
    by_measure = {
        measure: {each.key: each for each in influences(comparison, base, measure)}
        for measure in (THROUGHPUT, LATENCY_P50)
    }
    keys = list(dict.fromkeys(key for found in by_measure.values() for key in found))
    rows = [
        [
            knob_text(key),
            *(
                _values_text(comparison, base, found[key]) if key in found else "not measured"
                for found in by_measure.values()
            ),
        ]
        for key in sorted(keys, key=INERT.__contains__)
    ]
    blocks: list[Block] = [Heading(f"“{FIRST_QUESTION}”", 3)]
    if not rows:
        return [*blocks, Paragraph("No setting was measured with two values.")]
    header = (_HEADER, *(f"{each.name}, {each.unit}" for each in by_measure))
    return [
        *blocks,
        Bullets(
            [_in_short(measure, list(found.values())) for measure, found in by_measure.items()]
        ),
        Table(header, rows),
        Paragraph(
            "Each setting alone, everything else as in the base; medians, and the best value "
            "against the worst. Of these, only those that begin with `spark.` are properties of "
            "the SparkSession in the strict sense; the others are set where the stream is read, "
            "triggered or kept."
        ),
        Bullets([f"{knob_text(key)} cannot do anything: {INERT[key]}." for key in INERT]),
    ]


def _in_short(measure: Measure, found: Sequence[Influence]) -> str:
    """Which knobs matter, and which do nothing that can be measured."""
    told = telling(found)
    matters = [f"{meaning(each.key)} ({times(each.gain.ratio)})" for each in told]
    none = [meaning(each.key) for each in found if each.gain.verdict is Verdict.NONE]
    name = measure.name.capitalize()
    text = f"**{name}** is a matter of {listed(matters)}."
    if not told:
        text = f"**{name}**: no setting had an effect that can be told."
    if none:
        text += f" No measurable effect: {listed(none)}."
    if len(told) + len(none) < len(found):
        text += " What else was tried had too few repeats to tell."
    return text


def _values_text(comparison: Comparison, base: Mapping[str, str], found: Influence) -> str:
    """The figure of each value, and what is between the best and the worst."""
    figures = [
        f"{value_text(value)}{' (base)' if not group.changes else ''}: "
        f"{figure(group.median(found.measure))}"
        for value, group in sorted(
            groups_by_value(comparison, base, found.key).items(), key=lambda each: size(each[0])
        )
        if group.values(found.measure)
    ]
    told = f"{times(found.gain.ratio)} better with {value_text(found.best)} than with "
    told += f"{value_text(found.worst)} ({interval_text(found.gain)})"
    if found.gain.verdict is Verdict.NONE:
        told = effect_text(found.gain).capitalize()
    return f"{told}. {'; '.join(figures)}"


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
    ordered = sorted(found.values(), key=lambda pair: -max(each.gain.ratio for each in pair))
    return ordered[:MOST_PAIRS]


def _pair_text(pair: Sequence[Influence]) -> str:
    key = pair[0].key
    values = list(dict.fromkeys(spark_value(each.best) for each in pair))
    told = [
        f"{times(each.gain.ratio)} better {each.measure.name} than with {value_text(each.worst)}"
        + (f" (with {value_text(each.best)})" if len(values) > 1 else "")
        for each in pair
    ]
    unsure = any(each.gain.verdict is Verdict.UNKNOWN for each in pair)
    sure = " (with too few repeats to say how sure that is)" if unsure else ""
    ours = f" ({place(key)})" if key in KNOBS else ""
    return f"**`{spark_name(key)}` = {' or '.join(values)}**{ours}: {listed(told)}{sure}"


def _proofs(
    comparison: Comparison, base: Mapping[str, str], recommended: Sequence[Recommendation]
) -> list[str]:
    trials = [trial for group in comparison.groups.values() for trial in group.trials]
    keys = {key for group in comparison.groups.values() for key in group.changes}
    items = [
        f"{len(comparison.groups)} configurations of {len(keys)} settings of the exercise's query "
        f"ran {len(trials)} times in all, repeats interleaved in random order, each as a fresh "
        "query in a fresh JVM over the same records.",
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
