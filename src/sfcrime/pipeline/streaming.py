"""Runs the query as a part of its own: starts the JVM, and the rest while that starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sfcrime.errors import AlreadyRunning
from sfcrime.jvm.locks import LockHeld, file_lock
from sfcrime.pipeline.stream_request import StreamRequest
from sfcrime.settings import Settings
from sfcrime.streaming.driver import driver_command
from sfcrime.streaming.gateway import start_driver_jvm
from sfcrime.streaming.properties import require_free_options, spark_properties
from sfcrime.streaming.scratch import fresh_work_dir

JOB_LOCK_FILE = "stream.lock"
"""In the data folder; held as long as a job runs on it."""


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
            from sfcrime.pipeline.counting import count_topic

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
