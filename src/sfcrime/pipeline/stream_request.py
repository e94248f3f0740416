"""What a run of the stream is asked to do, what it reports to, and what forbids it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sfcrime.errors import AlreadyRunning
from sfcrime.machine.locks import LockHeld, file_lock
from sfcrime.machine.own_folder import DATA_FOLDER, take_folder
from sfcrime.settings import Settings
from sfcrime.spark.properties import require_free_options, spark_properties
from sfcrime.store.records import BatchProgress, Generation

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
    """Set: the run ends after the batch in hand."""
    hooks: StreamHooks
    until_caught_up: bool = False
    """Ends when every record is accounted for."""
    await_topic: bool = False
    """On an outside cluster, a topic that does not exist is waited for (the embedded broker's
    always is)."""


def require_settable(settings: Settings) -> None:
    """Refuses further Spark properties and source options that sfcrime decides itself.

    Raises:
        UsageError: names the property or option.
    """
    spark_properties(settings, settings.data_dir)
    require_free_options(settings.stream.source_options)


@contextlib.contextmanager
def job_lock(data_dir: Path) -> Iterator[None]:
    """Two jobs would refuse each other's batches: so only one may try.

    Raises:
        UsageError: the data folder is not ours; see `take_folder`.
        AlreadyRunning: another job runs.
    """
    take_folder(data_dir, DATA_FOLDER)
    try:
        with file_lock(data_dir / JOB_LOCK_FILE, wait=False):
            yield
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another job runs on {data_dir}.",
            rule="One data directory has one job.",
            next_step="stop it, or use another --data-dir",
        ) from error
