"""A file of Spark properties with the secrets of a cluster, as `stream.spark_properties_file` names
it. No value of it is ever shown."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote

import javaproperties

from sfcrime.errors import UsageError
from sfcrime.machine.secret_files import MOST_SECRET_BYTES, SecretNotRead, read_secret

_NAME = re.compile(r"spark\.[A-Za-z0-9_.-]+\Z")


def read_properties_file(path: Path) -> dict[str, str]:
    """The properties of a file that its owner alone can read, in Java's form (`key=value`).

    Raises:
        UsageError: it cannot be read, others can read it, or a line is no property of Spark.
    """
    try:
        text = read_secret(path)
    except SecretNotRead as error:
        raise _unfit(path, str(error)) from error
    if len(text.encode()) > MOST_SECRET_BYTES:
        raise _unfit(path, f"holds more than {MOST_SECRET_BYTES:,} bytes")
    try:
        found = dict(javaproperties.loads(text))
    except javaproperties.InvalidUEscapeError:
        raise _unfit(path, "has a \\u that names no character") from None
    for number, name in enumerate(found, start=1):
        if not _NAME.match(name):
            raise _unfit(path, f"has as its property {number} none of Spark's")
    for name, value in found.items():
        if not value.isprintable() or value != value.strip():
            raise _unfit(path, f"has blanks or control characters around the value of {name}")
    return found


def _unfit(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"The file of Spark properties {path} {problem}.",
        rule="One `spark.name=value` a line, in a file of yours that nobody else can read.",
        next_step=f"correct it; chmod 600 {quote(str(path))}",
    )
