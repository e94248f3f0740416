"""Settings: small, frozen, strict; one record per room.

A value comes from a flag, else from the environment (`SFCRIME_<ROOM>_<NAME>`, e.g.
`SFCRIME_KAFKA_PORT`), else from the TOML file named by `SFCRIME_CONFIG` (a table per room), else
from the default here. An unknown table, key or variable is refused, and so is a value out of
its bounds. On a machine of little memory three defaults are smaller (`sizes`). docs/settings.md is
generated from this module.

Two settings are tables of names that are not ours (`spark_properties`, `source_options`): a TOML
table in the file, a JSON object in the environment.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sfcrime.errors import UsageError
from sfcrime.machine.sizes import (
    MOST_PARTITIONS,
    machine_cores,
    machine_memory_bytes,
    partitions_for,
    sizes_for,
)
from sfcrime.setting_values import Given, checked_table, checked_value

ENVIRONMENT_PREFIX = "SFCRIME_"

SHORT_VARIABLES = {
    "SFCRIME_JAVA_HOME": ("jvm", "java_home"),
    "SFCRIME_DATA_DIR": ("store", "data_dir"),
}
"""Names without their room, for the two settings that people set most; (room, name) of each."""

TABLES = {
    ("stream", "spark_properties"): re.compile(r"spark\.[A-Za-z0-9_.-]+\Z"),
    ("stream", "source_options"): re.compile(r"[A-Za-z][A-Za-z0-9]*\Z"),
}
"""The settings that are tables, and the names that each takes."""

_LESS_MEMORY = "less where the machine has less than 6 GB of memory"

LATENESS_OFF: Literal["off"] = "off"
MOST_LATENESS_HOURS = 1_000_000
"""More than a century: any difference between two times that a record can have."""

Port = Annotated[int, Meta(ge=0, le=65535)]
Heap = Annotated[
    str, Meta(pattern=r"^\d+[mg]\Z", title="a whole number with m (MiB) or g (GiB) behind it")
]
# A refused value is answered with its type's title or bounds, the setting's description, and the
# example or default: every pattern needs a title, every default that is no example an example.


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every room's settings share: frozen, keyword-only, no unknown key."""


class KafkaSettings(Room, frozen=True):
    """The broker and the topic."""

    port: Annotated[Port, Meta(description="port of the embedded broker; 0 picks a free one")] = (
        9092
    )
    bootstrap_servers: Annotated[
        str, Meta(description="an outside cluster, host:port,...; empty: the embedded broker")
    ] = ""
    config_file: Annotated[
        str, Meta(description="client properties of an outside cluster (security, tuning)")
    ] = ""
    topic: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]{1,249}\Z",
            title="1 to 249 of the letters A to Z and a to z, digits, dots, dashes and underscores",
            description="topic of the calls",
        ),
    ] = "org.sf.police.calls"
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_PARTITIONS,
            description="partitions of a topic that is created; more where the machine has 4 cores "
            "or more",
        ),
    ] = 1
    heap: Annotated[Heap, Meta(description=f"heap of the embedded broker; {_LESS_MEMORY}")] = "256m"


class SourceSettings(Room, frozen=True):
    """What is published, and how fast."""

    source: Annotated[
        str,
        Meta(
            description="a file, a pattern such as `calls/*.csv`, or `synthetic`; several files "
            "or patterns on a line each",
        ),
    ] = "synthetic"
    speed: Annotated[
        str,
        Meta(
            pattern=r"^(max|\d+(\.\d+)?x?)\Z",
            title="`max`, or a number with or without an x behind it",
            description="`max`, or how many times faster than the calls came in",
        ),
    ] = "1800x"
    limit: Annotated[int, Meta(ge=0, description="stop after so many records; 0: no limit")] = 0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, description="seed of the synthetic city")] = 1
    start: Annotated[
        str,
        Meta(
            pattern=r"^(|\d{4}-\d\d-\d\d)\Z",
            title="a day that the calendar has, as YYYY-MM-DD, or nothing",
            examples=["2018-10-02"],
            description="first day of the synthetic city; empty: 60 days before its first start",
        ),
    ] = ""

    @property
    def names(self) -> list[str]:
        """What `source` names, one by one."""
        return [line for line in self.source.split("\n") if line.strip()]


class StreamSettings(Room, frozen=True):
    """The Spark query."""

    window_minutes: Annotated[
        int, Meta(ge=1, le=60, description="width of a cell's window; a divisor of 60")
    ] = 60
    lateness_hours: Annotated[
        Annotated[float, Meta(ge=0, le=MOST_LATENESS_HOURS)] | Literal["off"] | None,
        Meta(
            examples=[168],
            description="allowed lateness, or `off`: then no record is late or from the future; "
            "unset: 168 hours for a topic of this producer, off for any other",
        ),
    ] = None
    max_records_per_batch: Annotated[
        int,
        Meta(ge=1, description=f"bounds a micro-batch (maxOffsetsPerTrigger); {_LESS_MEMORY}"),
    ] = 250_000
    trigger_ms: Annotated[
        int, Meta(ge=0, description="least time between the starts of two micro-batches")
    ] = 150
    spark_properties: Annotated[
        dict[str, str],
        Meta(description="further properties of the SparkSession; none that sfcrime sets itself"),
    ] = {}
    source_options: Annotated[
        dict[str, str],
        Meta(description="further options of Spark's Kafka source; none that sfcrime sets itself"),
    ] = {}
    ui_port: Annotated[Port, Meta(description="Spark UI on loopback; 0 picks a free one")] = 3000
    heap: Annotated[Heap, Meta(description=f"heap of the Spark driver; {_LESS_MEMORY}")] = "1200m"
    jvm_options: Annotated[
        str,
        Meta(
            description="further options of the driver's JVM, with spaces between; they win over "
            "sfcrime's own, e.g. `-XX:-UseParallelGC -XX:+UseG1GC`",
        ),
    ] = ""
    master: Annotated[str, Meta(description="Spark master")] = "local[*]"


class JvmSettings(Room, frozen=True):
    """The Java runtime and the jars."""

    java_home: Annotated[
        str, Meta(description="another Java >= 17; empty: the one from the wheel")
    ] = ""
    cache_dir: Annotated[
        str, Meta(description="where jars are kept; empty: the user cache folder")
    ] = ""
    startup_cache: Annotated[
        Literal["use", "train", "off"],
        Meta(
            description="Java's ahead-of-time cache. `use`: it is used, and where it is not there "
            "yet `sfcrime run` trains it beside its work; `off`: neither; `train` is what the JVMs "
            "of a training get",
        ),
    ] = "use"


class StoreSettings(Room, frozen=True):
    """Where results are kept."""

    data_dir: Annotated[
        str, Meta(description="folder of broker and store: new, empty, or made by sfcrime")
    ] = "data"
    progress_rows: Annotated[
        int, Meta(ge=10, description="how many batches' progress and ledger rows are kept")
    ] = 10_000


class Settings(Room, frozen=True):
    """All rooms together."""

    kafka: KafkaSettings = KafkaSettings()
    source: SourceSettings = SourceSettings()
    stream: StreamSettings = StreamSettings()
    jvm: JvmSettings = JvmSettings()
    store: StoreSettings = StoreSettings()

    @property
    def data_dir(self) -> Path:
        return Path(self.store.data_dir).expanduser().resolve()

    def at_servers(self, bootstrap_servers: str) -> Settings:
        """The same with the addresses of brokers filled in."""
        kafka = msgspec.structs.replace(self.kafka, bootstrap_servers=bootstrap_servers)
        return msgspec.structs.replace(self, kafka=kafka)

    def of_topic(self, topic: str) -> Settings:
        """The same for another topic."""
        kafka = msgspec.structs.replace(self.kafka, topic=topic)
        return msgspec.structs.replace(self, kafka=kafka)

    def in_folder(self, data_dir: Path) -> Settings:
        """The same with another data folder."""
        store = msgspec.structs.replace(self.store, data_dir=str(data_dir))
        return msgspec.structs.replace(self, store=store)


_Place = tuple[str, str]
"""Room and name of a setting."""

_ROOMS = [room.name for room in msgspec.structs.fields(Settings)]
_SETTINGS = {
    (room.name, setting.name): setting
    for room in msgspec.structs.fields(Settings)
    for setting in msgspec.structs.fields(room.type)
}


def load_settings(
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    memory_bytes: int | None = None,
    cores: int | None = None,
    spelled: Mapping[_Place, str] | None = None,
) -> Settings:
    """Settings from file < environment < flags; what none of them sets fits the machine.

    Args:
        flags: room -> name -> value, as given on the command line; None values are not given.
        environment: defaults to the process environment.
        memory_bytes, cores: of the machine; default to this one's.
        spelled: the flag of a setting, for the example in a refusal.

    Raises:
        UsageError: an unknown key, a value out of bounds, or a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    rooms = _fitting(
        machine_memory_bytes() if memory_bytes is None else memory_bytes,
        machine_cores() if cores is None else cores,
    )
    given = _from_file(environment.get("SFCRIME_CONFIG", ""))
    given |= _from_environment(environment)
    for room, values in (flags or {}).items():
        for name, value in values.items():
            if value is not None:
                flag = (spelled or {}).get((room, name), "")
                given[room, name] = Given(value, partial(_behind, f"{flag} " if flag else ""))
    for (room, name), each in given.items():
        rooms.setdefault(room, {})[name] = _checked(room, name, each)
    settings = msgspec.convert(rooms, Settings)
    if 60 % settings.stream.window_minutes:
        raise UsageError(
            f"A window of {settings.stream.window_minutes} minutes does not divide an hour.",
            rule="A window is a divisor of 60 minutes, so that hours are sums of windows.",
            next_step="--window 60 (or 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)",
        )
    return settings


def _checked(room: str, name: str, given: Given) -> Any:
    """The value as the setting has it."""
    setting = _SETTINGS.get((room, name))
    if setting is None:
        known = [each for its_room, each in _SETTINGS if its_room == room]
        raise UsageError(
            f"The setting {room}.{name} does not exist.",
            rule=f"{room} has {', '.join(known)}." if known else f"Rooms: {', '.join(_ROOMS)}.",
            next_step=f"correct the name: {given.written('...')} (docs/settings.md)",
        )
    if (room, name) in TABLES:
        return checked_table(f"{room}.{name}", given.value, TABLES[room, name])
    return checked_value(f"{room}.{name}", given, setting.type, setting.default)


def _behind(before: str, example: Any) -> str:
    return f"{before}{example}"


def _in_file(room: str, name: str, file: str, example: Any) -> str:
    return f"{name} = {json.dumps(example)} under [{room}] in {file}"


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process to load again.

    None and empty values are left out: they are the defaults they stand for.
    """
    found = {}
    for room, values in msgspec.to_builtins(settings).items():
        for name, value in values.items():
            if value not in (None, "", {}):
                text = json.dumps(value) if isinstance(value, dict) else str(value)
                found[f"{ENVIRONMENT_PREFIX}{room}_{name}".upper()] = text
    return found


def _fitting(memory_bytes: int, cores: int) -> dict[str, dict[str, Any]]:
    """The settings that depend on the machine, by room."""
    sizes = sizes_for(memory_bytes)
    return {
        "kafka": {"heap": sizes.broker_heap, "partitions": partitions_for(cores)},
        "stream": {"heap": sizes.driver_heap, "max_records_per_batch": sizes.records_per_batch},
    }


def _from_file(file: str) -> dict[_Place, Given]:
    if not file:
        return {}
    try:
        with Path(file).open("rb") as opened:
            found = tomllib.load(opened)
    except (OSError, ValueError) as error:  # ValueError: no TOML, or no UTF-8
        raise UsageError(
            f"The settings file {file} cannot be read: {error}.",
            next_step="correct the file, or unset SFCRIME_CONFIG",
        ) from error
    for room, values in found.items():
        if not isinstance(values, dict):
            raise UsageError(
                f"The settings file {file} sets {room} outside of a table.",
                rule="The file has a table for each room, such as [kafka].",
                next_step="correct the file (docs/settings.md)",
            )
    return {
        (room, name): Given(value, partial(_in_file, room, name, file))
        for room, values in found.items()
        for name, value in values.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[_Place, Given]:
    found: dict[_Place, Given] = {}
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable == "SFCRIME_CONFIG":
            continue
        if variable in SHORT_VARIABLES:
            room, name = SHORT_VARIABLES[variable]
        else:
            room, _, name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
            if room not in _ROOMS:
                raise UsageError(
                    f"The environment sets {variable}, which is no setting.",
                    rule=f"Variables are SFCRIME_<ROOM>_<NAME>; rooms: {', '.join(_ROOMS)}.",
                    next_step=f"unset {variable}, or correct its name (docs/settings.md)",
                )
        found[room, name] = Given(value, partial(_behind, f"{variable}="))
    return found
