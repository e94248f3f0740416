"""What a setting can be, and how a value that it cannot be is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from sfcrime.errors import UsageError

CREDENTIAL = re.compile(
    r"passw|secret|token|credential|jaas|keytab|(access|private|api)[._-]?key", re.IGNORECASE
)
"""Found in what names a credential."""


class Given(NamedTuple):
    """A value of a setting, and how another one is written where it comes from."""

    value: Any
    written: Callable[[Any], str]


def checked_value(name: str, given: Given, kind: Any, default: object) -> Any:
    """The value as its setting has it.

    Args:
        name: of the setting, as room.name.
        given: the value, text where it is no text yet.
        kind: the setting's type, with a description, and a title where it has a pattern.
        default: the example where the type has none.

    Raises:
        UsageError: it cannot be; says what can, with an example.
    """
    try:
        value = msgspec.convert(given.value, kind, strict=False)
        if name == "source.start" and value:
            date.fromisoformat(value)  # a pattern lets February 30 through
    except ValueError as error:  # msgspec's own is one, too
        schema = msgspec.json.schema(kind)
        whole = "a whole number, " if schema.get("type") == "integer" else ""
        example = schema.get("examples", ["..." if default == "" else default])[0]
        shown = repr(given.value) if isinstance(given.value, str) else str(given.value)
        raise UsageError(
            f"The setting {name} cannot be {shown}.",
            rule=f"It takes {whole}{bounds_of(schema)}: {schema['description']}.",
            next_step=f"for example {given.written(example)}",
        ) from error
    return value


def bounds_of(schema: Mapping[str, Any]) -> str:
    """What a setting of this JSON schema takes, in words."""
    forms = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    if forms:
        return " or ".join(bounds_of(each) for each in forms)
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    least, most = schema.get("minimum"), schema.get("maximum")
    if "title" in schema or schema["type"] == "object":
        return str(schema.get("title", "a table of texts"))
    if least is None:
        return "text" if schema["type"] == "string" else str(schema["type"])
    return f"{least} or more" if most is None else f"{least} to {most}"


def checked_table(setting: str, given: object, names: re.Pattern[str]) -> dict[str, str]:
    """A table as it is used: names whole, values text.

    Raises:
        UsageError: it is no table, or holds a name or value it cannot; no value is shown.
    """
    try:
        table = json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        rule = 'In the environment it is a JSON object, {"name": "value"}.'
        raise _bad_table(setting, "cannot be read", rule) from error
    if not isinstance(table, Mapping):
        raise _bad_table(setting, "is no table", 'A table of names and values: {"name": "value"}.')
    checked = _flat(table)
    for name, value in checked.items():
        if CREDENTIAL.search(name):
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
        "cluster belongs into the file that kafka.config_file names, a secret of Spark into that "
        "of stream.spark_properties_file",
    )


def _flat(table: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Names with dots are nested tables where TOML has them without quotes: joined again."""
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
