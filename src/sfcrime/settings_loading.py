"""Where the value of a setting comes from.

From a flag, else from the environment (`SFCRIME_<ROOM>_<NAME>`, e.g. `SFCRIME_KAFKA_PORT`), else
from the TOML file named by `SFCRIME_CONFIG` (a table per room), else from the default in
`settings`. An unknown table, key or variable is refused, and so is a value out of its bounds.

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
from typing import Any

import msgspec

from sfcrime.errors import UsageError
from sfcrime.machine.sizes import machine_cores, machine_memory_bytes, partitions_for, sizes_for
from sfcrime.setting_values import Given, checked_table, checked_value
from sfcrime.settings import Settings

ENVIRONMENT_PREFIX = "SFCRIME_"

SHORT_VARIABLES = {
    "SFCRIME_JAVA_HOME": ("jvm", "java_home"),
    "SFCRIME_DATA_DIR": ("store", "data_dir"),
}
"""Names without their room, for the two settings that people set most; (room, name) of each."""

TABLES = {
    ("stream", "spark_properties"): re.compile(r"spark\.[A-Za-z0-9_.-]+\Z"),
    ("stream", "source_options"): re.compile(r"(kafka\.[a-z.]+|[A-Za-z][A-Za-z0-9]*)\Z"),
}
"""The settings that are tables, and the names that each takes."""

_Place = tuple[str, str]
"""Room and name of a setting."""

_ROOMS = [room.name for room in msgspec.structs.fields(Settings)]
SETTINGS = {
    (room.name, setting.name): setting
    for room in msgspec.structs.fields(Settings)
    for setting in msgspec.structs.fields(room.type)
}
"""Every setting, by room and name."""


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
                given[room, name] = Given(value, partial(_after, f"{flag} " if flag else ""))
    for (room, name), each in given.items():
        rooms.setdefault(room, {})[name] = _checked(room, name, each)
    return msgspec.convert(rooms, Settings)


def is_set(room: str, name: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the file or the environment sets it."""
    environment = os.environ if environment is None else environment
    file = environment.get("SFCRIME_CONFIG", "")
    return (room, name) in _from_file(file) | _from_environment(environment)


def _checked(room: str, name: str, given: Given) -> Any:
    """The value as the setting has it."""
    setting = SETTINGS.get((room, name))
    if setting is None:
        known = [each for its_room, each in SETTINGS if its_room == room]
        raise UsageError(
            f"The setting {room}.{name} does not exist.",
            rule=f"{room} has {', '.join(known)}." if known else f"Rooms: {', '.join(_ROOMS)}.",
            next_step=f"correct the name: {given.written('...')} (docs/settings.md)",
        )
    if (room, name) in TABLES:
        return checked_table(f"{room}.{name}", given.value, TABLES[room, name])
    return checked_value(f"{room}.{name}", given, setting.type, setting.default)


def _after(before: str, example: Any) -> str:
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
        found[room, name] = Given(value, partial(_after, f"{variable}="))
    return found
