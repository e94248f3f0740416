"""Spark's own `spark-submit`, on the Java that is here.

PySpark's script insists on a Java module that the wheel's runtime lacks. The main class that it
would start is started here, so every flag is Spark's, `--packages` (through Ivy) included.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import pyspark

from sfcrime.errors import UsageError
from sfcrime.jvm.downloading import download_options
from sfcrime.jvm.java import find_java
from sfcrime.settings import Settings
from sfcrime.spark.driver import SCALA_VERSION, driver_environment, driver_java, pyspark_jars


def check_packages(arguments: Sequence[str]) -> None:
    """Refuses packages of another Spark or another Scala before anything is downloaded.

    They would be fetched silently, and fail later with a missing class or method.

    Raises:
        UsageError: names the coordinates that fit.
    """
    for coordinate in _packages(arguments):
        group, _, rest = coordinate.partition(":")
        artifact, _, version = rest.partition(":")
        if group != "org.apache.spark":
            continue
        base, _, scala = artifact.rpartition("_")
        if scala == SCALA_VERSION and version == pyspark.__version__:
            continue
        right = f"{group}:{base or artifact}_{SCALA_VERSION}:{pyspark.__version__}"
        raise UsageError(
            f"--packages names {coordinate}, and this is Spark {pyspark.__version__} "
            f"on Scala {SCALA_VERSION}.",
            rule="A package for Spark must be of the same Spark and the same Scala.",
            next_step=f"--packages {right}",
        )


def spark_submit(arguments: Sequence[str], settings: Settings, work_dir: Path) -> int:
    """Runs `spark-submit ARGUMENTS` in the foreground; its exit code.

    The first Ctrl-C or SIGTERM reaches the Python program as SIGINT, and not its JVM, so that it
    can stop its queries in order; the second ends both.

    Args:
        arguments: as Spark's documentation describes them.
        settings: `jvm`, `stream.jvm_options`, and `stream.heap` where `--driver-memory` is not
            given.
        work_dir: an empty folder that outlives the run.

    Raises:
        UsageError: see `check_packages`.
        JavaUnavailable: see `find_java`.
    """
    check_packages(arguments)
    heap = next(_values(arguments, "--driver-memory"), settings.stream.heap)
    options = [*download_options(work_dir), *settings.stream.jvm_options.split()]
    java = driver_java(find_java(settings.jvm), heap, work_dir, pyspark_jars(), options)
    command = [*java, "org.apache.spark.deploy.SparkSubmit", *arguments]
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    return _in_foreground(command, {**driver_environment(), **python})


def _packages(arguments: Sequence[str]) -> Iterator[str]:
    for value in _values(arguments, "--packages"):
        yield from filter(None, (each.strip() for each in value.split(",")))


def _values(arguments: Sequence[str], flag: str) -> Iterator[str]:
    """The values of a flag, as `--flag VALUE` or `--flag=VALUE`, the last one first."""
    for at in range(len(arguments) - 1, -1, -1):
        name, separator, value = arguments[at].partition("=")
        if name == flag and separator:
            yield value
        elif name == flag and at + 1 < len(arguments):
            yield arguments[at + 1]


def _in_foreground(command: list[str], environment: dict[str, str]) -> int:
    """Runs a command in a process group of its own; passes signals on to it."""
    group: list[int] = []  # the child's, once it runs
    asked = 0

    def pass_on(number: int, _: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        for pid in group:
            os.killpg(pid, signal.SIGINT if asked == 1 else signal.SIGTERM)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    # A JVM that is started with SIGINT ignored leaves it ignored, and so does what it starts;
    # a program that wants it asks for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = subprocess.Popen(command, env=environment, process_group=0)
        group.append(child.pid)
        for number in numbers:
            signal.signal(number, pass_on)
        return child.wait()
    finally:
        group.clear()
        for number in numbers:
            signal.signal(number, before[number])
