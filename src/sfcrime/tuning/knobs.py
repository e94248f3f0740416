"""What can be tried: settings by name, how a value is applied, and what Spark calls it.

Two queries are measured, and a knob is of one of them or of both. A configuration is a mapping of
knob to value, both text: what differs from the base. The base is the settings as they are in
force; nothing of it is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from sfcrime.errors import UsageError
from sfcrime.machine.sizes import machine_cores
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings

UNBOUNDED = "unbounded"
"""A value of `max_records_per_batch`: a batch takes all that is there, Spark's own default."""
UNBOUNDED_RECORDS = "1000000000"

SPARK_PREFIX = "spark."
OPTION_PREFIX = "option."

BACKPRESSURE = "spark.streaming.backpressure.enabled"
INERT = {
    "option.maxRatePerPartition": "an option of DStreams, Spark's older API; a structured query "
    "reads none",
    BACKPRESSURE: "a property of DStreams; a structured query has maxOffsetsPerTrigger",
}
"""Knobs that are often recommended and cannot do anything here, with the reason. One is tried to
show what an effect of nothing looks like; none is ever recommended."""

Changes = Mapping[str, str]


class Query(StrEnum):
    """Which query a trial runs."""

    PRODUCT = "product"
    """`sfcrime stream`: without state."""
    EXERCISE = "exercise"
    """`exercise/data_stream.py`: repeats and counts are Spark's state."""


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting that is tried: either a setting of sfcrime, which both queries obey, or an option
    of the exercise's program."""

    meaning: str
    spark_name: str
    """What to look for in Spark's documentation."""
    setting: str = ""
    """As the settings file has it: "stream.trigger_ms"; empty for an option."""
    option: str = ""
    """Of exercise/data_stream.py: "--state-store"; empty for a setting."""
    values: str = ""
    """What an option's value matches."""
    base: str = ""
    """An option's value in the base."""


KNOBS = {
    "max_records_per_batch": Knob(
        "records a trigger", "source option maxOffsetsPerTrigger", "stream.max_records_per_batch"
    ),
    "shuffle_partitions": Knob(
        "shuffle partitions",
        "spark.sql.shuffle.partitions",
        option="--shuffle-partitions",
        values=r"[1-9]\d{0,2}|1000",
        base=str(machine_cores()),
    ),
    "partitions": Knob("topic partitions", "partitions of the Kafka topic", "kafka.partitions"),
    "trigger_ms": Knob("trigger interval", "trigger(processingTime=...)", "stream.trigger_ms"),
    "state_store": Knob(
        "state store",
        "spark.sql.streaming.stateStore.providerClass",
        option="--state-store",
        values="memory|rocksdb",
        base="memory",
    ),
    "heap": Knob("heap of the driver", "spark.driver.memory", "stream.heap"),
    "jvm_options": Knob(
        "options of the driver's JVM", "spark.driver.extraJavaOptions", "stream.jvm_options"
    ),
}
"""By name; besides them any `spark.*` property and any `option.*` of Spark's Kafka source."""
BY_SPARK_NAME = {knob.spark_name: key for key, knob in KNOBS.items()}
"""Spark's name of a knob is another name of it, so that nothing is set in two places."""


def is_of(key: str, query: Query) -> bool:
    """Whether a query obeys a knob: all are of both, but for the options of the exercise's."""
    return query is Query.EXERCISE or key not in KNOBS or not KNOBS[key].option


def base_values(settings: Settings, query: Query) -> dict[str, str]:
    """What a query's knobs are set to in its base."""
    rooms = msgspec.to_builtins(settings)
    found = {}
    for key, knob in KNOBS.items():
        if knob.setting:
            room, _, name = knob.setting.partition(".")
            found[key] = str(rooms[room][name])
        elif is_of(key, query):
            found[key] = knob.base
    return found


def differing(changes: Changes, base: Changes) -> dict[str, str]:
    """The changes that are any, ordered by name: two ways to say one configuration are one."""
    return {key: changes[key] for key in sorted(changes) if base.get(key) != changes[key]}


def settings_with(settings: Settings, changes: Changes) -> Settings:
    """The settings under a configuration; what is an option is checked, and left out.

    Raises:
        UsageError: there is no such knob, or it cannot have this value.
    """
    rooms = msgspec.to_builtins(settings)
    for key, value in changes.items():
        knob = KNOBS.get(key)
        if knob is not None and knob.option:
            _require_value(key, knob, value)
        elif knob is not None:
            room, _, name = knob.setting.partition(".")
            bound = name == "max_records_per_batch" and value == UNBOUNDED
            rooms[room][name] = UNBOUNDED_RECORDS if bound else value
        elif key.startswith(OPTION_PREFIX):
            rooms["stream"]["source_options"][key.removeprefix(OPTION_PREFIX)] = value
        elif key.startswith(SPARK_PREFIX):
            rooms["stream"]["spark_properties"][key] = value
        else:
            raise UsageError(
                f"There is no knob {key}.",
                rule=f"Knobs are {', '.join(KNOBS)}, any `spark.*` property and any `option.*` of "
                "Spark's Kafka source.",
                next_step="--set trigger_ms=0,500,2000",
            )
    return load_settings(rooms, environment={})


def options_with(changes: Changes) -> list[str]:
    """The options of the exercise's program under a configuration, the base's among them."""
    return [
        text
        for key, knob in KNOBS.items()
        if knob.option
        for text in (knob.option, changes.get(key, knob.base))
    ]


def _require_value(key: str, knob: Knob, value: str) -> None:
    if not re.fullmatch(knob.values, value):
        raise UsageError(
            f"{key} cannot be {value!r}.",
            rule=f"A value matches `{knob.values}`.",
            next_step=f"--set {key}={knob.base}",
        )


def configuration_name(changes: Changes) -> str:
    """ "base", or what differs from it: "shuffle_partitions=200, trigger_ms=0"."""
    return ", ".join(f"{key}={changes[key]}" for key in sorted(changes)) or "base"


def spark_name(key: str) -> str:
    """What Spark calls a knob."""
    if key in KNOBS:
        return KNOBS[key].spark_name
    if key.startswith(OPTION_PREFIX):
        return f"source option {key.removeprefix(OPTION_PREFIX)}"
    return key


def meaning(key: str) -> str:
    """A knob in plain words."""
    return KNOBS[key].meaning if key in KNOBS else spark_name(key)
