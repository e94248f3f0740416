"""Runs the query as a part of its own: starts the JVM, and the rest while that starts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sfcrime.errors import AlreadyRunning
from sfcrime.machine.locks import LockHeld, file_lock
from sfcrime.settings import Settings
from sfcrime.spark.driver import driver_command
from sfcrime.spark.gateway import start_driver_jvm
from sfcrime.spark.properties import require_free_options, spark_properties
from sfcrime.store.records import BatchProgress, Generation
from sfcrime.streaming.scratch import fresh_work_dir

JOB_LOCK_FILE = "stream.lock"
"""In the data folder; held as long as a job runs on it."""


@dataclass(frozen=True, slots=True)
class StreamHooks:
    """Whom the stream tells what it does."""

    on_step: Callable[[str], None]
    on_ready: Callable[[str, Generation], None]
    """The Spark UI's address and the generation, once the query is about to run."""
    on_progress: Callable[[BatchProgress], None]


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A run of the query."""

    settings: Settings
    """Of which topic, into which data folder."""
    stop: Event
    """Set: the run ends behind the batch in hand."""
    hooks: StreamHooks
    until_caught_up: bool = False
    """Ends when every record is accounted for."""
    await_topic: bool = False
    """On an outside cluster, a topic that does not exist is waited for (the embedded broker's
    always is)."""


def stream_topic(request: StreamRequest) -> dict[int, int]:
    """Runs the query until it is stopped or caught up, or fails.

    Returns:
        By partition, the first offset that is not accounted for; empty where a stop came first.

    Raises:
        AlreadyRunning: another job works on this data directory.
        SfcrimeError: see `streaming.job` for what is refused and what can fail.
    """
    settings = request.settings
    require_settable(settings)
    with job_lock(settings.data_dir):
        request.hooks.on_step("starting Spark")
        jvm = start_driver_jvm(driver_command(settings, fresh_work_dir(settings.data_dir)))
        try:
            # PySpark, Arrow and SQLAlchemy take as long to import as the JVM takes to start.
            from sfcrime.pipeline.count_topic import count_topic

            return count_topic(request, jvm)
        finally:
            jvm.stop()


def require_settable(settings: Settings) -> None:
    """Refuses further Spark properties and source options that sfcrime decides itself.

    Raises:
        UsageError: names the property or option.
    """
    spark_properties(settings, settings.data_dir)
    require_free_options(settings.stream.source_options)


@contextlib.contextmanager
def job_lock(data_dir: Path) -> Iterator[None]:
    """Two jobs would refuse each other's batches: so only one may try."""
    try:
        with file_lock(data_dir / JOB_LOCK_FILE, wait=False):
            yield
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another job runs on {data_dir}.",
            rule="One data directory has one job.",
            next_step="stop it, or use another --data-dir",
        ) from error
