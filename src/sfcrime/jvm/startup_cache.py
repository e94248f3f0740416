"""What a JVM is started with: Java, a class path, and the start-up cache for both.

The cache holds classes loaded, linked and profiled on a training run, kept for later starts. It is
Java's ahead-of-time cache (Java 25 and newer), one file for each kind of JVM, in the user's cache
folder. Its name holds the Java and the jars that it was made for, with size and date of each
(the JVM insists on them), so another release or a new installation makes another one. The JVM
itself refuses a file that does not fit, and then starts as without it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sfcrime.jvm.jars import JarSet, cache_folder, jar_paths, resolve_jars
from sfcrime.jvm.java import feature_release, find_java, java_version
from sfcrime.settings import JvmSettings

OLDEST_JAVA = 25
"""The first whose training run writes the cache in one step, with the profiles of its methods."""
_TRAINING_STOP_GRACE_S = 120.0
"""A JVM in training writes its cache when it ends: 15 s on two idle cores."""


_PARTIAL = ".part"
_MADE_FOR = ".txt"
"""Beside a cache, a file with this ending lists the Java and the class path it was made for."""


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
        return self.path.with_suffix(f".{os.getpid()}{_PARTIAL}")

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


def startup_cache(
    jar_set: JarSet, settings: JvmSettings, *, before: str = "", fetch: bool = True
) -> StartupCache:
    """What a JVM of a jar set is started with; no cache where the Java is too old for one.

    Args:
        jar_set: its jars are put on the class path.
        settings: `jvm`.
        before: put before them.
        fetch: have the jars fetched and verified; else they may not be there.

    Raises:
        JarsUnavailable: see `resolve_jars`.
        JavaUnavailable: there is no Java, or it does not say which version it is.
    """
    jars = resolve_jars(jar_set, settings) if fetch else jar_paths(jar_set, settings)
    class_path = os.pathsep.join([*filter(None, [before]), *map(str, jars)])
    return cache_for(jar_set, find_java(settings), class_path, settings)


def cache_for(jar_set: JarSet, java: Path, class_path: str, settings: JvmSettings) -> StartupCache:
    """The same for a Java and a class path that are known."""
    version = java_version(java)
    made_for = f"{java} {version} {list(_stamps(class_path))}"
    key = hashlib.sha256(made_for.encode()).hexdigest()[:12]
    path = startup_folder(settings) / f"{jar_set}-{key}.aot"
    mode = settings.startup_cache if feature_release(version) >= OLDEST_JAVA else "off"
    return StartupCache(path, mode, java, class_path)


def _stamps(class_path: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and date of every jar that is there."""
    for place in class_path.split(os.pathsep):
        folder, found, _ = place.partition("*")
        for jar in sorted(Path(folder).glob("*.jar")) if found else [Path(place)]:
            if jar.is_file():
                status = jar.stat()
                yield str(jar), status.st_size, status.st_mtime_ns


def forget_partial(folder: Path) -> None:
    """Removes what trainings that were ended had begun to write."""
    for file in folder.glob(f"*{_PARTIAL}*"):  # the JVM puts an ending of its own after it
        file.unlink(missing_ok=True)


def forget_orphans(cache: StartupCache) -> None:
    """Notes what a new cache was made for, and removes those it replaces, and those whose Java or
    jars are gone."""
    own = cache.path.with_suffix(_MADE_FOR)
    own.write_text(f"{cache.java}\n{cache.class_path}\n", "utf-8")
    for note in cache.path.parent.glob(f"*{_MADE_FOR}"):
        made_for = note.read_text("utf-8", "replace")
        java, _, class_path = made_for.strip().partition("\n")
        places = [Path(place.rstrip("*")) for place in (java, *class_path.split(os.pathsep))]
        is_replaced = note != own and made_for == own.read_text("utf-8")
        if is_replaced or not all(place.exists() for place in places):
            for file in note.parent.glob(f"{note.stem}.*"):
                file.unlink(missing_ok=True)
