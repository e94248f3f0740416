"""A file of client properties, as `kafka.config_file` names it.

Its form is Java's (`key=value`, continued lines, a backslash escapes); `dialects` tells what its
names may be.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import javaproperties

from sfcrime.errors import UsageError
from sfcrime.kafka.dialects import ClientFile, in_both_dialects

_DECIDED_HERE = (
    *("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset"),
    *("isolation.level", "acks", "enable.idempotence", "transactional.id"),
    *("key.serializer", "value.serializer", "key.deserializer", "value.deserializer"),
)
"""Passed over: sfcrime decides these, whatever the file says."""


def read_client_file(path: Path) -> ClientFile:
    """The file, translated; read again only where it has changed.

    Raises:
        UsageError: it cannot be read, a line has no `=`, or a name or value cannot be translated.
            No value is ever shown, as it may be a secret.
    """
    try:
        found = path.stat()
        return _read(path.resolve(), found.st_mtime_ns, found.st_size)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The Kafka client file {path} cannot be read: {error}.",
            next_step="correct --kafka-config",
        ) from error


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int, _bytes: int) -> ClientFile:
    return in_both_dialects(path, _parsed(path))


def _parsed(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    line = 1
    try:
        for entry in javaproperties.parse(path.read_text(encoding="utf-8")):
            if isinstance(entry, javaproperties.KeyValue):
                if not re.match(r"\s*[\w.-]+\s*[=:]", entry.source):
                    raise UsageError(
                        f"Line {line} of the Kafka client file {path} has no `=`.",
                        rule="One `key=value` a line, as in any Java properties file: a comment "
                        "begins with #, and a backslash at its end continues a line.",
                        next_step="correct the file",
                    )
                # Blanks at the end of a password are part of it, for Java's client too.
                is_password = "password" in entry.key
                found[entry.key] = entry.value if is_password else entry.value.strip()
            line += entry.source.count("\n")
    except javaproperties.InvalidUEscapeError:
        raise UsageError(
            f"Line {line} of the Kafka client file {path} has a \\u that names no character.",
            rule="A backslash escapes, as in any Java properties file; double one that is meant.",
            next_step="correct the file",
        ) from None
    return {name: value for name, value in found.items() if name not in _DECIDED_HERE}
