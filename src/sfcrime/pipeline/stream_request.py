"""What a run of the stream is asked to do, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from sfcrime.settings import Settings
from sfcrime.store.records import BatchProgress, Generation


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
