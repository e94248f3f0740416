"""A file of client properties, as `kafka.config_file` names it.

Its form is Java's (`key=value`, continued lines, a backslash escapes); `dialects` tells what its
names may be. librdkafka reads certificates as PEM alone, so those of a Java trust store are read
here.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shlex import quote

import javaproperties

from sfcrime.errors import UsageError
from sfcrime.jvm.java import find_java
from sfcrime.kafka.dialects import ClientFile, TrustStore, in_both_dialects
from sfcrime.settings_loading import load_settings

_DECIDED_HERE = (
    *("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset"),
    *("isolation.level", "acks", "enable.idempotence", "transactional.id"),
    *("key.serializer", "value.serializer", "key.deserializer", "value.deserializer"),
)
"""Passed over: sfcrime decides these, whatever the file says."""

_KEYTOOL_TIMEOUT_S = 30.0
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PASSWORD_VARIABLE = "TRUST_STORE_PASSWORD"  # noqa: S105 - the name of a variable


def read_client_file(path: Path) -> ClientFile:
    """The file, translated; it and its trust store are read again only where they have changed.

    Raises:
        UsageError: it cannot be read, a line has no `=`, or a name or value cannot be translated.
            No value is ever shown, as it may be a secret. It may pass: a file is replaced while a
            job runs.
    """
    try:
        found = _read(path.resolve(), *_state(path))
        store = found.trust_store
        if store is None:
            return found
        certificates = _certificates(store, *_state(Path(store.location)))
        return replace(found, ours={**found.ours, "ssl.ca.pem": certificates})
    except UsageError as error:
        error.may_pass = True
        raise
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"The Kafka client file {path} cannot be read: {error}.",
            next_step="correct --kafka-config",
            may_pass=True,
        ) from error


def _state(path: Path) -> tuple[int, int]:
    """What changes with the file; zeros where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int, _bytes: int) -> ClientFile:
    return in_both_dialects(path, _parsed(path))


@functools.lru_cache(maxsize=4)
def _certificates(store: TrustStore, _changed_ns: int, _bytes: int) -> str:
    return certificates_of(store)


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


def certificates_of(store: TrustStore) -> str:
    """Every certificate of a trust store, asked of Java's own tool.

    The password is handed over in the environment, never among the arguments.

    Raises:
        UsageError: there is no such file, the password is wrong, or it holds no certificate.
        JavaUnavailable: there is no Java to ask.
    """
    keytool = find_java(load_settings().jvm).with_name("keytool")
    command = [str(keytool), "-list", "-rfc", "-keystore", store.location]
    command += ["-storetype", store.kind]
    if store.password is not None:
        command += ["-storepass:env", _PASSWORD_VARIABLE]
    tool = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_KEYTOOL_TIMEOUT_S,
        env={**os.environ, _PASSWORD_VARIABLE: store.password or ""},
    )
    found = _CERTIFICATE.findall(tool.stdout)
    if tool.returncode or not found:
        raise UsageError(
            f"The trust store {store.location} cannot be read as {store.kind}, or holds no "
            "certificate.",
            rule="ssl.truststore.location, .type and .password have to fit together.",
            next_step=f"keytool -list -keystore {quote(str(store.location))} shows what is wrong",
        )
    return "\n".join(found) + "\n"
