"""What the page knows of the store: one immutable whole, and the thread that keeps it new.

Every answer is taken from one `Seen`, so its parts fit each other and no answer waits for the
store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sfcrime.dashboard.changes import Changes
from sfcrime.dashboard.columns import CellColumns
from sfcrime.dashboard.hours import HourTotals
from sfcrime.store.records import BatchProgress, Generation, PartitionRange, Totals

if TYPE_CHECKING:
    from sfcrime.store.records import WriterState


@dataclass(frozen=True, slots=True)
class Seen:
    """The store as the page knows it. All but `columns` and `changes` is of one snapshot."""

    revision: int
    """Grows by 1 with each publication of one `Watch`."""
    generation_id: int
    generation: Generation
    totals: Totals
    partitions: tuple[PartitionRange, ...]
    rejected_by_reason: Mapping[str, int]
    writer: WriterState
    progress: tuple[BatchProgress, ...]
    """Spark's reports of the newest 1,000 kept batches, oldest first."""
    hours: HourTotals
    columns: CellColumns | None
    """None while they are read for the first time. They may be some batches behind: see their own
    `totals`."""
    changes: Changes


class Watch:
    """Looks at the store every 50 ms and publishes a new `Seen` when something was written.

    Args:
        store: the store's file; it need not be there.
        on_seen: called from the watch's thread after each publication, with what `seen` is then;
            it must return at once and not raise.
    """

    def __init__(self, store: Path, on_seen: Callable[[Seen | None], None]) -> None:
        self._store = store
        self._on_seen = on_seen

    @property
    def seen(self) -> Seen | None:
        """The newest one; None: nothing was looked at yet, no store, or nothing in it."""
        raise NotImplementedError

    @property
    def problem(self) -> str | None:
        """Why the last look failed, in one sentence; None: it did not."""
        raise NotImplementedError

    @property
    def restarts(self) -> int:
        """How often everything was read anew: another generation, or another store."""
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the thread within 2 s; `seen` stays what it is."""
        raise NotImplementedError
