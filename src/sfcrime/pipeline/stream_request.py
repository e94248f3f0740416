"""What a run of the stream is asked to do, what it reports to, and what forbids it at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sfcrime.machine.locks import only_one
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


def job_lock(data_dir: Path) -> AbstractContextManager[None]:
    """Two jobs would refuse each other's batches: so only one may try."""
    return only_one("job", data_dir / JOB_LOCK_FILE)
