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

_CREDENTIAL = re.compile(
    r"passw|secret|token|credential|jaas|keytab|(access|private|api)[._-]?key", re.IGNORECASE
)

_LESS_MEMORY = "less where the machine has less than 6 GB of memory"

LATENESS_OFF: Literal["off"] = "off"
MOST_LATENESS_HOURS = 1_000_000
"""More than a century: any difference between two times that a record can have."""

Port = Annotated[int, Meta(ge=0, le=65535)]


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
        str, Meta(pattern=r"^[A-Za-z0-9._-]{1,249}\Z", description="topic of the calls")
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
    heap: Annotated[
        str,
        Meta(pattern=r"^\d+[mg]\Z", description=f"heap of the embedded broker; {_LESS_MEMORY}"),
    ] = "256m"


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
            description="`max`, or how many times faster than the calls came in, e.g. 1800x",
        ),
    ] = "1800x"
    limit: Annotated[int, Meta(ge=0, description="stop after so many records; 0: no limit")] = 0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, description="seed of the synthetic city")] = 1
    start: Annotated[
        str,
        Meta(
            pattern=r"^(|\d{4}-\d\d-\d\d)\Z",
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
    heap: Annotated[
        str, Meta(pattern=r"^\d+[mg]\Z", description=f"heap of the Spark driver; {_LESS_MEMORY}")
    ] = "1200m"
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

    data_dir: Annotated[str, Meta(description="folder of broker and store")] = "data"
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


def load_settings(
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    memory_bytes: int | None = None,
    cores: int | None = None,
) -> Settings:
    """Settings from file < environment < flags; what none of them sets fits the machine.

    Args:
        flags: room -> name -> value, as given on the command line; None values are not given.
        environment: defaults to the process environment.
        memory_bytes, cores: of the machine; default to this one's.

    Raises:
        UsageError: an unknown key, a value out of bounds, or a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    merged = _fitting(
        machine_memory_bytes() if memory_bytes is None else memory_bytes,
        machine_cores() if cores is None else cores,
    )
    for room, values in _from_file(environment.get("SFCRIME_CONFIG", "")).items():
        merged.setdefault(room, {}).update(values)
    for room, values in _from_environment(environment).items():
        merged.setdefault(room, {}).update(values)
    for room, given in (flags or {}).items():
        merged.setdefault(room, {}).update({k: v for k, v in given.items() if v is not None})
    for (room, name), names in TABLES.items():
        if name in merged.get(room, {}):
            merged[room][name] = _checked_table(f"{room}.{name}", merged[room][name], names)
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"A setting cannot be used: {error}.",
            rule="docs/settings.md lists every setting with its bounds.",
            next_step="correct the flag, the SFCRIME_* variable or the file in SFCRIME_CONFIG",
        ) from error
    if 60 % settings.stream.window_minutes:
        raise UsageError(
            f"A window of {settings.stream.window_minutes} minutes does not divide an hour.",
            rule="A window is a divisor of 60 minutes, so that hours are sums of windows.",
            next_step="--window 60 (or 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)",
        )
    return settings


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


def _checked_table(setting: str, given: object, names: re.Pattern[str]) -> dict[str, str]:
    """A table as it is used: names whole, values text.

    Raises:
        UsageError: it is no table, or holds a name or value it cannot; no value is shown.
    """
    table = _table_from_json(setting, given) if isinstance(given, str) else given
    if not isinstance(table, Mapping):
        raise _bad_table(setting, "is no table", 'A table of names and values: {"name": "value"}.')
    checked = _flat(table)
    for name, value in checked.items():
        if _CREDENTIAL.search(name):
            raise _bad_table(
                setting,
                f"names {name}, which looks like a credential",
                "Settings are shown in the Spark UI and in logs, so no secret may be one.",
            )
        if not names.match(name):
            raise _bad_table(setting, f"names {name!r}", f"A name matches `{names.pattern}`.")
        if not value.isprintable():
            raise _bad_table(
                setting, f"has control characters in {name}", "A value is one line of text."
            )
    return checked


def _bad_table(setting: str, happened: str, rule: str) -> UsageError:
    return UsageError(
        f"The setting {setting} {happened}.",
        rule=rule,
        next_step="correct the SFCRIME_* variable or the file in SFCRIME_CONFIG; the login of a "
        "cluster belongs into the file that kafka.config_file names",
    )


def _table_from_json(setting: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        rule = 'In the environment it is a JSON object, {"name": "value"}.'
        raise _bad_table(setting, "cannot be read", rule) from error


def _flat(table: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Names with dots are nested tables where TOML has them without quotes: joined again."""
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _from_file(name: str) -> dict[str, dict[str, Any]]:
    if not name:
        return {}
    try:
        with Path(name).open("rb") as file:
            found = tomllib.load(file)
    except (OSError, ValueError) as error:  # ValueError: no TOML, or no UTF-8
        raise UsageError(
            f"The settings file {name} cannot be read: {error}.",
            next_step="correct the file, or unset SFCRIME_CONFIG",
        ) from error
    for room, values in found.items():
        if not isinstance(values, dict):
            raise UsageError(
                f"The settings file {name} sets {room} outside of a table.",
                rule="The file has a table for each room, such as [kafka].",
                next_step="correct the file (docs/settings.md)",
            )
    return found


def _from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    rooms = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    found: dict[str, dict[str, Any]] = {}
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable == "SFCRIME_CONFIG":
            continue
        if variable in SHORT_VARIABLES:
            room, name = SHORT_VARIABLES[variable]
        else:
            room, _, name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
            if room not in rooms:
                raise UsageError(
                    f"The environment sets {variable}, which is no setting.",
                    rule=f"Variables are SFCRIME_<ROOM>_<NAME>; rooms: {', '.join(rooms)}.",
                    next_step=f"unset {variable}, or correct its name (docs/settings.md)",
                )
        found.setdefault(room, {})[name] = value
    return found
