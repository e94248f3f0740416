"""What the page knows of the store: one immutable whole, and the thread that keeps it new.

Every answer is taken from one `Seen`, so its parts fit each other and no answer waits for the
store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from threading import Event, Thread

from sfcrime.dashboard.memory.changes import Changes
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.dashboard.memory.hours import HourTotals
from sfcrime.dashboard.memory.kept_columns import KeptColumns
from sfcrime.dashboard.memory.ledger import LedgerIdentity, identity_of
from sfcrime.dashboard.memory.summary import Summary, SummaryReader
from sfcrime.errors import StoreEmpty
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import Readers, StoreReader
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    PartitionRange,
    Totals,
    WriterState,
)
from sfcrime.store.written_state import SURELY_SEEN_NS, WrittenState, open_look

LOOK_EVERY_S = 0.05
_NEVER_NS = 2**63
_AGAIN_AFTER_S = 0.5
"""A look that failed is tried again so much later."""
_LOG = logging.getLogger(__name__)


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
    """In a backlog with many rejected records it may be some batches behind."""
    writer: WriterState
    progress: tuple[BatchProgress, ...]
    """Spark's reports of the newest 1,000 kept batches, oldest first."""
    hours: HourTotals
    columns: CellColumns | None
    """None while they are read for the first time. They may be some batches behind: see their own
    `totals`."""
    changes: Changes
    """Of the cells, up to the batch of `columns`."""


class Watch:
    """Looks at the store every 50 ms and publishes a new `Seen` when something was written.

    Args:
        store: the store's address; it need not be there.
        on_seen: called from the watch's thread after each publication, with what `seen` is then;
            it must return at once and not raise.
    """

    def __init__(self, store: StoreAddress, on_seen: Callable[[Seen | None], None]) -> None:
        self._store = store
        self._on_seen = on_seen
        self._written_state = open_look(store)
        self._readers = Readers(store)
        self._stop = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="columns")
        self._known: _Known | None = None
        self._looked_at: WrittenState | None = None
        self._again_ns = _NEVER_NS
        self._seen: Seen | None = None
        self._problem: str | None = None
        self._revision = 0
        self._restarts = 0

    @property
    def seen(self) -> Seen | None:
        """The newest one; None: nothing was looked at yet, no store, or nothing in it."""
        return self._seen

    @property
    def problem(self) -> str | None:
        """Why the last look failed, in one sentence; None: it did not."""
        return self._problem

    @property
    def restarts(self) -> int:
        """How often everything was read anew: another generation, or another store."""
        return self._restarts

    def start(self) -> None:
        """Begins to look, at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the threads within 2 s; `seen` stays what it is."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2)
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = LOOK_EVERY_S
            try:
                self.look()
            except Exception as error:
                # Whatever it is: the page goes on with what it has seen, and looks again.
                wait_s = _AGAIN_AFTER_S
                self._note(error)

    def look(self) -> None:
        """Looks at the store if it was written to, or if there is something left to do.

        Raises:
            StoreUnavailable: the store cannot be read; the next look tries again.
        """
        state = self._written_state()
        now_ns = time.time_ns()
        left = self._known is not None and self._known.wants_a_look()
        if state == self._looked_at and now_ns < self._again_ns and not left:
            return
        self._looked_at = None  # where this fails, the next look tries again
        try:
            with self._readers.open() as reader:
                self._read(reader)
        except StoreEmpty:
            self._forget()
            if self._seen is not None or self._revision == 0:
                self._publish(None)
        self._problem = None
        age_ns = abs(now_ns - state.newest_ns)
        self._looked_at = state
        # Until its commit can surely be seen: each time when the write is three times as old.
        self._again_ns = now_ns + 2 * age_ns if age_ns < SURELY_SEEN_NS else _NEVER_NS

    def _read(self, reader: StoreReader) -> None:
        generation, totals = reader.generation(), reader.totals()
        ledger = identity_of(self._store, reader.number, generation)
        known = self._known
        if known is None or not known.goes_on(ledger, totals):
            self._restarts += known is not None
            self._forget()
            columns = KeptColumns(self._store, ledger, self._worker, self._stop.is_set)
            known = self._known = _Known(ledger, SummaryReader(), columns)
        summary = known.summaries.read(reader, generation, totals)
        try:
            known.columns.look(reader, summary.totals)
        finally:
            self._show(known, reader.number, summary)

    def _show(self, known: _Known, number: int, summary: Summary) -> None:
        if known.columns.columns is None and self._seen is not None and not known.is_shown:
            return  # another generation: the old one is shown until all of the new one is there
        seen = _seen_of(self._revision + 1, number, summary, known.columns)
        if not _is_same(seen, self._seen):
            known.is_shown = True
            self._publish(seen)

    def _forget(self) -> None:
        if self._known is not None:
            self._known.columns.give_up()
            self._known = None

    def _publish(self, seen: Seen | None) -> None:
        self._revision += 1
        self._seen, self._problem = seen, None
        self._on_seen(seen)

    def _note(self, error: Exception) -> None:
        problem = str(error).partition("\n")[0] or type(error).__name__
        if problem != self._problem:
            _LOG.warning("The store cannot be read: %s", problem)
        self._problem = problem


@dataclass(slots=True)
class _Known:
    """What is known of one ledger."""

    ledger: LedgerIdentity
    summaries: SummaryReader
    columns: KeptColumns
    is_shown: bool = False

    def wants_a_look(self) -> bool:
        """Whether there is something to do although nothing was written."""
        return self.columns.wants_a_look()

    def goes_on(self, ledger: LedgerIdentity, totals: Totals) -> bool:
        """Whether this is a later state of what is known."""
        before, now = self.summaries.batch, totals.last_batch_id
        is_later = before is None or (now is not None and now >= before)
        return is_later and ledger == self.ledger


def _seen_of(revision: int, number: int, summary: Summary, kept: KeptColumns) -> Seen:
    parts = {each.name: getattr(summary, each.name) for each in fields(Summary)}
    return Seen(
        revision=revision,
        generation_id=number,
        columns=kept.columns,
        changes=kept.changes,
        **parts,
    )


def _is_same(new: Seen, old: Seen | None) -> bool:
    """Whether nothing that is shown has changed; hours and columns are new where they differ."""
    return (
        old is not None
        and new.hours is old.hours
        and new.columns is old.columns
        and new.generation_id == old.generation_id
        and new.generation == old.generation
        and new.totals == old.totals
        and new.writer == old.writer
        and new.rejected_by_reason == old.rejected_by_reason
        and new.progress == old.progress
    )
