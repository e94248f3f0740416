"""The training of the start-up cache as a process of its own, which can be ended at once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfcrime.errors import AlreadyRunning
from sfcrime.jvm.jars import jar_paths
from sfcrime.jvm.java import find_java
from sfcrime.jvm.startup_cache import (
    StartupCache,
    forget_partial,
    startup_cache,
    startup_folder,
)
from sfcrime.kafka.broker_files import broker_class_path, broker_folder, read_record
from sfcrime.machine.child import Child, start_child, stop_identity
from sfcrime.machine.locks import LockHeld, file_lock
from sfcrime.machine.own_folder import FolderKind, take_folder
from sfcrime.pipeline.supervisor import environment_of_part
from sfcrime.settings import JvmSettings, Settings
from sfcrime.spark.driver import driver_class_path
from sfcrime.streaming.scratch import throw_away_checkpoint

_STARTUP_FOLDER = FolderKind("start-up cache's folder", "SFCRIME_JVM_CACHE_DIR", ("lock", "*.aot"))

MAKE_WAY = "--make-way"
"""Tells the process to take the lowest priority."""


def startup_caches(jvm: JvmSettings) -> tuple[StartupCache, ...]:
    """The caches of broker and driver, there or not.

    Raises:
        JavaUnavailable: there is no Java they could be for.
    """
    java = find_java(jvm)
    return (
        startup_cache("kafka", java, broker_class_path(jar_paths("kafka", jvm)), jvm),
        startup_cache("spark", java, driver_class_path(jar_paths("spark", jvm)), jvm),
    )


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
    with suppress(AlreadyRunning), only_training(jvm):  # another has begun: it removes that
        pass


@contextmanager
def only_training(jvm: JvmSettings) -> Iterator[Path]:
    """An empty data folder for the one training that there may be; removed afterwards.

    Raises:
        UsageError: the folder of the caches is not ours; see `take_folder`.
        AlreadyRunning: another process trains.
    """
    folder = startup_folder(jvm)
    take_folder(folder, _STARTUP_FOLDER)
    try:
        with file_lock(training_lock(jvm), wait=False):
            _clear(folder)
            try:
                yield folder / "training"
            finally:
                _clear(folder)
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another process trains the start-up cache in {folder}.",
            rule="One process trains it at a time.",
            next_step="start without it, or wait until it is there",
        ) from error


def _clear(folder: Path) -> None:
    """Removes everything that a training makes on its way, of one that was killed as well."""
    data_dir = folder / "training"
    left_over = read_record(broker_folder(data_dir))
    if left_over is not None:
        stop_identity(left_over.broker, grace_s=0)
    with throw_away_checkpoint(data_dir):  # it may lie in memory
        pass
    shutil.rmtree(data_dir, ignore_errors=True)
    forget_partial(folder)
