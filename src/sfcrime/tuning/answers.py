"""The exercise's two questions, answered from the trials of the exercise's query. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sfcrime.tuning.choice import (
    Influence,
    groups_by_value,
    influences,
    recommendations,
    telling,
)
from sfcrime.tuning.effects import LATENCY_P50, MEASURES, THROUGHPUT, Comparison, Measure, Verdict
from sfcrime.tuning.evidence import note, verdicts
from sfcrime.tuning.knobs import (
    INERT,
    KNOBS,
    Query,
    configuration_name,
    differing,
    meaning,
    spark_name,
)
from sfcrime.tuning.plan import SPARK_DEFAULTS, TYPICAL_CHOICE
from sfcrime.tuning.report_text import (
    PROGRAMS,
    QUERIES,
    Block,
    Bullets,
    Heading,
    Table,
    base_table,
    effect_text,
    figure,
    interval_text,
    listed,
    place,
    setting_text,
    size,
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
_ASKED = (THROUGHPUT, LATENCY_P50)
_PROVIDERS = {
    "memory": "memory (HDFSBackedStateStoreProvider)",
    "rocksdb": "rocksdb (RocksDBStateStoreProvider)",
}
"""What Spark takes where our value is a short word for it."""


def answers(comparison: Comparison) -> list[Block]:
    """Both answers, and what they rest on."""
    if not comparison.groups:
        return ["The exercise's query was not measured, so they are not answered."]
    return [
        f"All figures of this section are of {QUERIES[Query.EXERCISE]}, "
        f"{PROGRAMS[Query.EXERCISE]}: repeats and counts are Spark's state there, so shuffle "
        f"partitions and state store matter. {QUERIES[Query.PRODUCT].capitalize()} has no "
        "state, and neither setting. The base is:",
        base_table(comparison.base, Query.EXERCISE),
        Heading(f"“{FIRST_QUESTION}”", 3),
        *_first_answer(comparison),
        Heading(f"“{SECOND_QUESTION}”", 3),
        *_second_answer(comparison),
        *_named(comparison),
    ]


def _first_answer(comparison: Comparison) -> list[Block]:
    """Knob by knob: what its values did to throughput and latency."""
    found = {measure: influences(comparison, measure) for measure in _ASKED}
    keys = dict.fromkeys(each.key for measure in _ASKED for each in found[measure])
    if not keys:
        return ["No setting was measured with two values."]
    rows = []
    for key in sorted(keys, key=INERT.__contains__):
        name = f"`{spark_name(key)}`"
        row = [f"**{meaning(key)}** ({name})" if key in KNOBS else name]
        for measure in _ASKED:
            own = [_values_text(comparison, each) for each in found[measure] if each.key == key]
            row.append(own[0] if own else "not measured")
        rows.append(row)
    return [
        Bullets([_in_short(measure, found[measure]) for measure in _ASKED]),
        Table(
            ("Setting of the exercise's query", *(f"{each.name}, {each.unit}" for each in _ASKED)),
            rows,
        ),
        "Each setting alone, everything else as in the base; medians, and the best value "
        "against the worst. Of these, only those that begin with `spark.` are properties of "
        "the SparkSession in the strict sense; the others are set where the stream is read, "
        "triggered or kept.",
        Bullets([f"`{spark_name(key)}` cannot do anything: {INERT[key]}." for key in INERT]),
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


def _values_text(comparison: Comparison, found: Influence) -> str:
    """The figure of each value, and what is between the best and the worst."""
    by_value = groups_by_value(comparison, found.key)
    figures = [
        f"{value_text(value)}{'' if by_value[value].changes else ' (base)'}: "
        f"{figure(by_value[value].median(found.measure))}"
        for value in sorted(by_value, key=size)
        if by_value[value].values(found.measure)
    ]
    told = f"{times(found.gain.ratio)} better with {value_text(found.best)} than with "
    told += f"{value_text(found.worst)} ({interval_text(found.gain)})"
    if found.gain.verdict is Verdict.NONE:
        told = effect_text(found.gain).capitalize()
    return f"{told}. {'; '.join(figures)}"


def _second_answer(comparison: Comparison) -> list[Block]:
    """The settings with the largest measurable effect, and what tells that they are the best."""
    by_key: dict[str, list[Influence]] = {}
    for measure in _ASKED:
        for each in telling(influences(comparison, measure)):
            if each.key not in INERT:
                by_key.setdefault(each.key, []).append(each)
    pairs = sorted(by_key.values(), key=lambda pair: -max(each.gain.ratio for each in pair))
    if not pairs:
        return ["No setting had a measurable effect in these trials."]
    return [
        Bullets([_pair_text(each) for each in pairs[:MOST_PAIRS]]),
        "How it can be told that these are the best of what was tried:",
        Bullets(_proofs(comparison)),
    ]


def _pair_text(pair: Sequence[Influence]) -> str:
    """A knob and its best value, with what that does to throughput, to latency, or to both."""
    key = pair[0].key
    values = list(dict.fromkeys(_PROVIDERS.get(p.best, value_text(p.best)) for p in pair))
    told = [
        f"{times(each.gain.ratio)} better {each.measure.name} than with {value_text(each.worst)}"
        + (f" (with {value_text(each.best)})" if len(values) > 1 else "")
        for each in pair
    ]
    unsure = any(each.gain.verdict is Verdict.UNKNOWN for each in pair)
    sure = " (with too few repeats to say how sure that is)" if unsure else ""
    ours = f" ({place(key)})" if key in KNOBS else ""
    return f"**`{spark_name(key)}` = {' or '.join(values)}**{ours}: {listed(told)}{sure}"


def _proofs(comparison: Comparison) -> list[str]:
    groups = comparison.groups.values()
    keys = {key for group in groups for key in group.changes}
    inert = [
        f"`{group.name}` ({'; '.join(told)})"
        for group in groups
        if len(group.changes) == 1 and not INERT.keys().isdisjoint(group.changes)
        if (told := verdicts(comparison, group, " "))
    ]
    tried = f" Settings that cannot do anything were tried as well: {listed(inert)}."
    items = [
        f"{len(groups)} configurations of {len(keys)} settings of the exercise's query "
        f"ran {len(comparison.trials)} times in all, repeats interleaved in random order, each as "
        "a fresh query in a fresh JVM over the same records.",
        "A difference counts only where its 99% interval leaves out 1." + (tried if inert else ""),
    ]
    for each in recommendations(comparison):
        others = [setting_text(group.name) for group in each.equals if group is not each.group]
        equal = f"; it cannot be told from {listed(others)}" if others else ""
        items.append(
            f"For {each.purpose}, {setting_text(each.group.name)} is the simplest of the best: "
            f"{figure(each.group.median(each.measure), each.measure.unit)}{equal}."
        )
    items.append(
        "It holds for this machine and these records, and only among the values that were tried."
    )
    return items


def _named(comparison: Comparison) -> list[Block]:
    """What Spark's defaults and the usual choice make of the exercise's query, beside its base."""
    wanted = {
        "The base": {},
        "Spark's defaults": SPARK_DEFAULTS,
        "The exercise's usual choice": TYPICAL_CHOICE,
    }
    base, rows = comparison.base, []
    for title, named in wanted.items():
        changes = differing(named, base)
        group = comparison.groups.get(configuration_name(changes))
        if group is not None:
            own = {key: changes.get(key, base[key]) for key in SPARK_DEFAULTS}
            effects = [effect_text(comparison.effect_on_base(group, each)) for each in _ASKED]
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
        *(f"{each.name}, beside the base" for each in _ASKED),
    )
    return [
        Heading("Spark's defaults and the usual choice", 3),
        Table((*header, "Note"), rows),
        "Spark's defaults are 200 shuffle partitions, no bound on the records a trigger, and "
        "a trigger as soon as the last batch is over. Answers to the exercise usually take "
        "500 records a trigger and leave the 200 partitions; everything else is the base's.",
    ]
