"""How figures, effects and settings are said in a report. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sfcrime.settings import ENVIRONMENT_PREFIX
from sfcrime.tuning.effects import Effect, Verdict
from sfcrime.tuning.knobs import (
    KNOBS,
    OPTION_PREFIX,
    UNBOUNDED,
    UNBOUNDED_RECORDS,
    Query,
    meaning,
    spark_name,
)

QUERIES = {Query.PRODUCT: "the product's query", Query.EXERCISE: "the exercise's query"}
"""Beside every figure stands of which of both it is."""
PROGRAMS = {Query.PRODUCT: "`sfcrime stream`", Query.EXERCISE: "`exercise/data_stream.py`"}


def figure(value: float | None, unit: str = "") -> str:
    """ "52,310 records/s"; "not measured" for None."""
    if value is None:
        return "not measured"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def times(ratio: float) -> str:
    """ "x0.98", "x162": a ratio as it is read."""
    if ratio >= 10:
        return f"x{ratio:,.0f}" if ratio >= 100 else f"x{ratio:.1f}"
    return f"x{ratio:.2f}" if ratio >= 0.1 else f"x{ratio:.2g}"


def effect_text(found: Effect | None) -> str:
    """An effect with its interval and what it comes to."""
    if found is None:
        return "not measured"
    if found.verdict is Verdict.UNKNOWN:
        return f"{times(found.ratio)} ({interval_text(found)})"
    if found.verdict is Verdict.NONE:
        return f"{Verdict.NONE} ({interval_text(found)})"
    return f"**{times(found.ratio)}** {found.verdict} ({interval_text(found)})"


def interval_text(found: Effect) -> str:
    """ "x1.50 to x2.50", or that it is not known."""
    if found.low is None or found.high is None:
        return str(Verdict.UNKNOWN)
    return f"{times(found.low)} to {times(found.high)}"


def setting_text(name: str) -> str:
    """A configuration as it is named in a report."""
    return "the base" if name == "base" else f"`{name}`"


def value_text(value: str) -> str:
    """A value as it is read in a sentence."""
    return "no bound" if value == UNBOUNDED else value


def size(value: str) -> float:
    """Orders values as a reader would: numbers by size, words behind them."""
    return float(value) if value.isdigit() else float("inf")


_PROVIDERS = {
    "memory": "memory (HDFSBackedStateStoreProvider)",
    "rocksdb": "rocksdb (RocksDBStateStoreProvider)",
}


def spark_value(value: str) -> str:
    """A value as Spark takes it, where ours is a short word for it."""
    return _PROVIDERS.get(value, value_text(value))


def knob_text(key: str) -> str:
    """A knob in plain words, and what Spark calls it."""
    return f"**{meaning(key)}** (`{spark_name(key)}`)" if key in KNOBS else f"`{spark_name(key)}`"


def place(key: str) -> str:
    """Where a knob is set: in the settings file, or by an option of the exercise's program."""
    knob = KNOBS[key]
    return f"`{knob.setting}`" if knob.setting else f"`data_stream.py {knob.option}`"


def variable(key: str) -> str:
    """The environment variable of a knob that is a setting."""
    return f"{ENVIRONMENT_PREFIX}{KNOBS[key].setting}".upper().replace(".", "_")


def how_to_set(changes: Mapping[str, str]) -> str:
    """What to put into the environment to get a configuration of the product's query; empty for
    the base."""
    found, tables = [], dict[str, dict[str, str]]()
    for key, value in changes.items():
        if key in KNOBS:
            number = UNBOUNDED_RECORDS if value == UNBOUNDED else value
            found.append(f"`{variable(key)}={number}`")
        elif key.startswith(OPTION_PREFIX):
            tables.setdefault("SOURCE_OPTIONS", {})[key.removeprefix(OPTION_PREFIX)] = value
        else:
            tables.setdefault("SPARK_PROPERTIES", {})[key] = value
    found += [
        f"`{ENVIRONMENT_PREFIX}STREAM_{name}='{json.dumps(table)}'`"
        for name, table in tables.items()
    ]
    return ", ".join(found)


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; "none" for nothing."""
    if len(items) < 2:
        return items[0] if items else "none"
    return f"{', '.join(items[:-1])} and {items[-1]}"
