"""The pinned jars: resolved once through the Ivy inside PySpark, checked, kept in a cache.

`ivy.xml` names what is needed, `jars.sha256` every file with its hash; a benchmark has such a pair
of its own. A jar set lives in its own folder, named after its part of that list, so two releases of
this package never share one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from typing import Literal

from sfcrime.errors import JarsUnavailable
from sfcrime.jvm.ivy import retrieve_jars
from sfcrime.jvm.java import StartupCache, cache_folder, cache_for, find_java
from sfcrime.machine.own_folder import NO_WRITING_UMASK, closed_to_others, file_lock
from sfcrime.settings import JvmSettings

JarSet = Literal["kafka", "spark", "zookeeper"]
JAR_SETS: tuple[JarSet, ...] = ("kafka", "spark")
"""What `sfcrime setup` fetches. "zookeeper", the exercise's pair, is fetched on first use."""

JAR_LISTS: Traversable = resources.files("sfcrime.jvm")
"""The folder of this package's own `ivy.xml` and `jars.sha256`."""

_STAMP = "verified.json"


@dataclass(frozen=True, slots=True)
class JarProgress:
    """How far a jar set is."""

    jar_set: str
    step: Literal["resolving", "downloading", "verifying", "ready"]
    done: int
    total: int


OnProgress = Callable[[JarProgress], None]


def resolve_jars(
    jar_set: str,
    settings: JvmSettings,
    on_progress: OnProgress = lambda _: None,
    lists: Traversable = JAR_LISTS,
) -> tuple[Path, ...]:
    """The verified jars of a set, fetched first where the cache does not hold them.

    A set that was verified before is not hashed again unless a size or date differs. Two
    processes may call this at once: one fetches, the other waits.

    Args:
        lists: the folder of the `ivy.xml` and `jars.sha256` that know the set.

    Raises:
        JarsUnavailable: they cannot be fetched, or a file differs from its committed hash.
        JavaUnavailable: see `find_java`.
    """
    hashes = committed_hashes(jar_set, lists)
    folder = jars_folder(jar_set, settings, lists)
    if not _is_verified(folder, hashes):
        with (
            closed_to_others(NO_WRITING_UMASK),  # jars are code
            file_lock(folder.with_suffix(".lock"), wait=True),
        ):
            if not _is_verified(folder, hashes):
                if not all((folder / name).is_file() for name in hashes):
                    _fetch(jar_set, settings, on_progress, lists)
                on_progress(JarProgress(jar_set, "verifying", 0, len(hashes)))
                _verify(folder, hashes)
    on_progress(JarProgress(jar_set, "ready", len(hashes), len(hashes)))
    return tuple(folder / name for name in hashes)


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


def jars_folder(jar_set: str, settings: JvmSettings, lists: Traversable = JAR_LISTS) -> Path:
    """Where the set's jars are kept."""
    listed = json.dumps(committed_hashes(jar_set, lists), sort_keys=True)
    key = hashlib.sha256(listed.encode()).hexdigest()[:12]
    return cache_folder(settings) / "jars" / f"{jar_set}-{key}"


def altered_jars(jar_set: JarSet, settings: JvmSettings) -> list[str]:
    """Names of the jars that are missing or differ from their committed hash; all are hashed."""
    folder = jars_folder(jar_set, settings)
    return [
        name
        for name, expected in committed_hashes(jar_set).items()
        if not (folder / name).is_file() or _sha256(folder / name) != expected
    ]


def jar_paths(jar_set: JarSet, settings: JvmSettings) -> tuple[Path, ...]:
    """Where the set's jars are, or will be once they are resolved."""
    folder = jars_folder(jar_set, settings)
    return tuple(folder / name for name in committed_hashes(jar_set))


def committed_hashes(jar_set: str, lists: Traversable = JAR_LISTS) -> dict[str, str]:
    """File name -> sha256 of every jar of the set, in the order of the list."""
    text = (lists / "jars.sha256").read_text(encoding="ascii")
    found = {}
    for line in text.splitlines():
        digest, _, place = line.partition("  ")
        listed_set, _, name = place.partition("/")
        if listed_set == jar_set:
            found[name] = digest
    return found


def _fetch(
    jar_set: str, settings: JvmSettings, on_progress: OnProgress, lists: Traversable
) -> None:
    """Fetches into a folder beside the real one, and renames it when it is whole and right."""
    hashes = committed_hashes(jar_set, lists)
    folder = jars_folder(jar_set, settings, lists)
    on_progress(JarProgress(jar_set, "resolving", 0, len(hashes)))
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise JarsUnavailable(
            f"The folder for the jars cannot be made: {error}.",
            next_step="set SFCRIME_JVM_CACHE_DIR to a folder that can be written",
        ) from error
    retrieve_jars(
        find_java(settings),
        jar_set,
        partial,
        lambda done: on_progress(JarProgress(jar_set, "downloading", done, len(hashes))),
        lists / "ivy.xml",
    )
    try:
        _verify(partial, hashes)
    except JarsUnavailable:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _verify(folder: Path, hashes: Mapping[str, str]) -> None:
    """Hashes every jar, and leaves a stamp that says so."""
    for name, expected in hashes.items():
        path = folder / name
        try:
            actual = _sha256(path)
        except OSError as error:
            raise JarsUnavailable(
                f"The jar {name} was not found where the others came from: {error}.",
                next_step="sfcrime setup",
            ) from error
        if actual != expected:
            raise JarsUnavailable(
                f"The jar {path} has the sha256 {actual}, not {expected}.",
                rule="Every jar must equal the one this release was made and tested with.",
                next_step=f"rm -rf {quote(str(folder))}, then the same command (or `sfcrime "
                "setup`) again; if it happens again, something between this machine and the "
                "package registry alters files",
            )
    (folder / _STAMP).write_text(json.dumps(_stamp(folder, hashes)), encoding="ascii")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_verified(folder: Path, hashes: Mapping[str, str]) -> bool:
    try:
        stamp: object = json.loads((folder / _STAMP).read_text(encoding="ascii"))
        return stamp == _stamp(folder, hashes)
    except (OSError, ValueError):
        return False


def _stamp(folder: Path, hashes: Mapping[str, str]) -> dict[str, list[str | int]]:
    """Name -> hash, size and date: what must be unchanged for the hash to hold still."""
    found: dict[str, list[str | int]] = {}
    for name, digest in hashes.items():
        status = (folder / name).stat()
        found[name] = [digest, status.st_size, status.st_mtime_ns]
    return found
