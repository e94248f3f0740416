"""The exercise's two questions, answered from the trials of the exercise's query. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sfcrime.tuning.choice import Influence, influences
from sfcrime.tuning.effects import LATENCY_P50, THROUGHPUT, Comparison, Measure, Verdict
from sfcrime.tuning.knobs import INERT, KNOBS, Query, meaning, spark_name
from sfcrime.tuning.report_text import (
    PROGRAMS,
    QUERIES,
    bullets,
    listed,
    place,
    setting_text,
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

Influences = Mapping[Measure, Sequence[Influence]]


def answers(comparison: Comparison) -> list[str]:
    """Both answers, and what they rest on, as paragraphs of Markdown."""
    if not comparison.groups:
        return ["The exercise's query was not measured, so they are not answered."]
    found = {measure: influences(comparison, measure) for measure in _ASKED}
    return [
        f"All figures of this section are of {QUERIES[Query.EXERCISE]}, "
        f"{PROGRAMS[Query.EXERCISE]}: repeats and counts are Spark's state there, so shuffle "
        f"partitions and state store matter. {QUERIES[Query.PRODUCT].capitalize()} has no "
        "state, and neither setting.",
        f"### “{FIRST_QUESTION}”",
        *_first_answer(found),
        f"### “{SECOND_QUESTION}”",
        *_second_answer(comparison, found),
    ]


def _first_answer(found: Influences) -> list[str]:
    if not any(found.values()):
        return ["No setting was measured with two values."]
    return [
        bullets(_in_short(measure, found[measure]) for measure in _ASKED),
        "Each setting alone, everything else as in the base; how many times better the best value "
        "is than the worst. Each value with its interval is in the table of this query below. Of "
        "these settings, only those that Spark calls `spark.` are properties of the SparkSession "
        "in the strict sense; the others are set where the stream is read, triggered or kept.",
        bullets(f"`{spark_name(key)}` cannot do anything: {INERT[key]}." for key in INERT),
    ]


def _in_short(measure: Measure, found: Sequence[Influence]) -> str:
    """Which knobs matter, and which do nothing that can be measured."""
    matters = [
        f"{meaning(each.key)} ({times(each.gain.ratio)} with {value_text(each.best)} against "
        f"{value_text(each.worst)})"
        for each in found
        if each.gain.is_larger
    ]
    none = [meaning(each.key) for each in found if each.gain.verdict is Verdict.NONE]
    name = measure.name.capitalize()
    text = f"**{name}** is a matter of {listed(matters)}."
    if not matters:
        text = f"**{name}**: no setting had an effect that can be told."
    if none:
        text += f" No measurable effect: {listed(none)}."
    if len(matters) + len(none) < len(found):
        text += " What else was tried had too few repeats to tell."
    return text


def _second_answer(comparison: Comparison, found: Influences) -> list[str]:
    """The settings with the largest measurable effect, and what tells that they are the best."""
    by_key: dict[str, list[Influence]] = {}
    for measure in _ASKED:
        for each in found[measure]:
            if each.gain.is_larger and each.key not in INERT:
                by_key.setdefault(each.key, []).append(each)
    pairs = sorted(by_key.values(), key=lambda pair: -max(each.gain.ratio for each in pair))
    if not pairs:
        return ["No setting had a measurable effect in these trials."]
    return [
        bullets(map(_pair_text, pairs[:MOST_PAIRS])),
        "How it can be told that these are the best of what was tried:",
        bullets(_proofs(comparison)),
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
    inert = [setting_text(g.name) for g in groups if not INERT.keys().isdisjoint(g.changes)]
    controls = f" Settings that cannot do anything were tried as controls: {listed(inert)}."
    return [
        f"{len(groups)} configurations of {len(keys)} settings of the exercise's query "
        f"ran {len(comparison.trials)} times in all, repeats interleaved in random order, each as "
        "a fresh query in a fresh JVM over the same records.",
        "A difference counts only where its 99% interval leaves out 1."
        + (controls if inert else ""),
        "It holds for this machine and these records, and only among the values that were tried.",
    ]
