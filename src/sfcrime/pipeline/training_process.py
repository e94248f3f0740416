"""The training of the start-up cache as a process of its own, which can be ended at once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfcrime.errors import AlreadyRunning, UsageError
from sfcrime.jvm.jars import startup_cache
from sfcrime.jvm.java import PARTIAL, StartupCache, startup_folder
from sfcrime.kafka.broker_record import broker_folder, read_record, stop_identity
from sfcrime.machine.child import Child, start_child
from sfcrime.machine.own_folder import FolderKind, memory_folder, remove_folder, take_alone
from sfcrime.pipeline.part import environment_of_part
from sfcrime.settings import JvmSettings, Settings
from sfcrime.spark.driver import driver_startup

_STARTUP_FOLDER = FolderKind("start-up cache's folder", "SFCRIME_JVM_CACHE_DIR", ("lock", "*.aot"))

_MADE_FOR = ".txt"
"""Beside a cache, a file with this ending lists the Java and the class path it was made for."""
MAKE_WAY = "--make-way"
"""Tells the process to take the lowest priority."""


def startup_caches(jvm: JvmSettings) -> tuple[StartupCache, ...]:
    """The caches of broker and driver, there or not.

    Raises:
        JavaUnavailable: there is no Java they could be for.
    """
    return startup_cache("kafka", jvm, fetch=False), driver_startup(jvm, fetch=False)


def training_lock(jvm: JvmSettings) -> Path:
    """Held by the one process that trains."""
    return startup_folder(jvm) / "lock"


def start_training(settings: Settings, log_path: Path, *, makes_way: bool) -> Child:
    """Starts it; `end_training` ends it. Call this from the main thread.

    Args:
        settings: those of the starts to come.
        log_path: takes what it does, a line each.
        makes_way: nobody waits for it, so it gets the lowest priority.
    """
    return start_child(
        [sys.executable, "-m", "sfcrime.pipeline.training", *([MAKE_WAY] if makes_way else [])],
        log_path,
        environment=environment_of_part(settings),
    )


def end_training(training: Child, jvm: JvmSettings) -> None:
    """Ends it and its JVMs at once, and removes what it had begun. Repeatable."""
    training.kill_session()
    # Where another has begun, it removes that; in a folder of the user's, nothing was begun.
    with suppress(AlreadyRunning, UsageError), only_training(jvm):
        pass


@contextmanager
def only_training(jvm: JvmSettings) -> Iterator[Path]:
    """An empty data folder for the one training that there may be; removed afterwards.

    Raises:
        UsageError: the folder of the caches is not ours; see `take_folder`.
        AlreadyRunning: another process trains.
    """
    folder = startup_folder(jvm)
    what = "training of the start-up cache"
    instead = "start without the cache, or wait until it is there"
    with take_alone(folder, _STARTUP_FOLDER, what, next_step=instead):
        _clear(folder)
        try:
            yield folder / "training"
        finally:
            _clear(folder)


def _clear(folder: Path) -> None:
    """Removes everything that a training makes on its way, of one that was killed as well."""
    data_dir = folder / "training"
    left_over = read_record(broker_folder(data_dir))
    if left_over is not None:
        stop_identity(left_over.broker, grace_s=0)
    remove_folder(memory_folder(data_dir))
    shutil.rmtree(data_dir, ignore_errors=True)
    forget_partial(folder)


def forget_partial(folder: Path) -> None:
    """Removes what trainings that were ended had begun to write."""
    for file in folder.glob(f"*{PARTIAL}*"):  # the JVM puts an ending of its own after it
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
