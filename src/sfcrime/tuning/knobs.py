"""What can be tried: settings by name, how a value is applied, and what Spark calls it.

A configuration is a mapping of knob to value, both text: what differs from the base. The base is
the settings as they are in force; nothing of it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from sfcrime.errors import UsageError
from sfcrime.settings import Settings, load_settings
from sfcrime.streaming.properties import shuffle_partitions

UNBOUNDED = "unbounded"
"""A value of `max_records_per_batch`: a batch takes all that is there, Spark's own default."""
UNBOUNDED_RECORDS = "1000000000"

SPARK_PREFIX = "spark."
OPTION_PREFIX = "option."

RATE_PER_PARTITION = "option.maxRatePerPartition"
BACKPRESSURE = "spark.streaming.backpressure.enabled"
INERT = {
    RATE_PER_PARTITION: "an option of DStreams, Spark's older API; a structured query reads none",
    BACKPRESSURE: "a property of DStreams; a structured query has maxOffsetsPerTrigger",
}
"""Knobs that are often recommended and cannot do anything here, with the reason. They are tried to
show what an effect of nothing looks like, and are never recommended."""

Changes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting that is tried."""

    room: str
    name: str
    meaning: str
    spark_name: str
    """What to look for in Spark's documentation."""

    @property
    def setting(self) -> str:
        """As the settings file has it: "stream.trigger_ms"."""
        return f"{self.room}.{self.name}"


KNOBS = {
    "max_records_per_batch": Knob(
        "stream", "max_records_per_batch", "records a trigger", "source option maxOffsetsPerTrigger"
    ),
    "shuffle_partitions": Knob(
        "stream", "shuffle_partitions", "shuffle partitions", "spark.sql.shuffle.partitions"
    ),
    "partitions": Knob("kafka", "partitions", "topic partitions", "partitions of the Kafka topic"),
    "trigger_ms": Knob("stream", "trigger_ms", "trigger interval", "trigger(processingTime=...)"),
    "state_store": Knob(
        "stream",
        "state_store",
        "state store",
        "spark.sql.streaming.stateStore.providerClass",
    ),
    "heap": Knob("stream", "heap", "heap of the driver", "spark.driver.memory"),
    "jvm_options": Knob(
        "stream", "jvm_options", "options of the driver's JVM", "spark.driver.extraJavaOptions"
    ),
}
"""By name; besides them any `spark.*` property and any `option.*` of Spark's Kafka source."""


def base_values(settings: Settings) -> dict[str, str]:
    """What the knobs are set to in the base; 0 shuffle partitions are the cores they stand for."""
    rooms = msgspec.to_builtins(settings)
    values = {key: str(rooms[knob.room][knob.name]) for key, knob in KNOBS.items()}
    return {**values, "shuffle_partitions": str(shuffle_partitions(settings))}


def differing(changes: Changes, base: Changes) -> dict[str, str]:
    """The changes that are any, ordered by name: two ways to say one configuration are one."""
    return {key: changes[key] for key in sorted(changes) if base.get(key) != changes[key]}


def settings_with(settings: Settings, changes: Changes) -> Settings:
    """The settings under a configuration.

    Raises:
        UsageError: there is no such knob, or it cannot have this value.
    """
    rooms = msgspec.to_builtins(settings)
    for key, value in changes.items():
        knob = KNOBS.get(key)
        if knob is not None:
            bound = knob.name == "max_records_per_batch" and value == UNBOUNDED
            rooms[knob.room][knob.name] = UNBOUNDED_RECORDS if bound else value
        elif key.startswith(OPTION_PREFIX):
            rooms["stream"]["source_options"][key.removeprefix(OPTION_PREFIX)] = value
        elif key.startswith(SPARK_PREFIX):
            rooms["stream"]["spark_properties"][key] = value
        else:
            raise UsageError(
                f"There is no knob {key}.",
                rule=f"Knobs are {', '.join(KNOBS)}, any `spark.*` property and any `option.*` of "
                "Spark's Kafka source.",
                next_step="--set shuffle_partitions=2,8,200",
            )
    return load_settings(rooms, environment={})


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


def is_inert(changes: Changes) -> bool:
    """Whether a configuration sets something that cannot do anything here."""
    return any(key in INERT for key in changes)
