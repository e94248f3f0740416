"""Keeps the columns of one generation up to date beside the totals, in at most 5 % of the time.

What takes a few milliseconds is done at once, within the look at the store that found the batch;
what takes longer (the first reading of a large store, a large batch) is done by a thread of its
own, so that totals and hours never wait for it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event

from sfcrime.dashboard.memory.changes import Changes
from sfcrime.dashboard.memory.column_reading import ColumnReader, Renewed
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.dashboard.memory.ledger import LedgerIdentity, identity_of
from sfcrime.dashboard.memory.share import Share
from sfcrime.machine.freed_memory import FreedMemory, trim_heap
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import Totals

RENEWING_SHARE = 0.05
"""Of the time that may go into renewing columns while batches come one after the other."""
QUIET_S = 1.0
"""After so long without a batch there is no backlog, and nothing to wait for."""
WINDOWS_AT_ONCE = 64
"""Changed windows that are read within a look: some 10 ms."""
CALLS_AT_ONCE = 20_000
"""The same of a first reading."""
COST_AT_ONCE_S = 0.05
"""A look does not renew what took longer than this the last time."""


class KeptColumns:
    """The columns of one generation; `look` is called by one thread.

    Args:
        store: the store's address.
        ledger: whose cells are kept.
        worker: does what takes long; one thread.
        is_stopped: True makes what the worker does end early.
        clock_s: seconds that never go back.
    """

    def __init__(
        self,
        store: StoreAddress,
        ledger: LedgerIdentity,
        worker: Executor,
        is_stopped: Callable[[], bool],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.columns: CellColumns | None = None
        self.changes = Changes()
        self._store = store
        self._ledger = ledger
        self._worker = worker
        self._given_up = Event()
        self._is_stopped = lambda: self._given_up.is_set() or is_stopped()
        self._clock_s = clock_s
        self._reader = ColumnReader(self._is_stopped)
        self._share = Share(RENEWING_SHARE, clock_s)
        self._job: Future[Renewed | None] | None = None
        self._freed = FreedMemory()
        self._batch: int | None = None
        self._batch_since_s = clock_s()

    def give_up(self) -> None:
        """Ends what the worker does for it: nobody will look any more."""
        self._given_up.set()

    def wants_a_look(self) -> bool:
        """Whether there is something to do although nothing was written."""
        if self._job is not None:
            return self._job.done()
        return self._is_behind() and self._may_begin()

    def look(self, reader: StoreReader, totals: Totals) -> None:
        """Takes over what the worker did, and does or begins what there is to do.

        Raises:
            StoreUnavailable: the worker could not read the store, or its cells do not add up.
        """
        if totals.last_batch_id != self._batch:
            self._batch, self._batch_since_s = totals.last_batch_id, self._clock_s()
        self._take_over()
        if self._job is not None or not self._may_begin():
            return
        if self.columns is None:
            if totals.accounting.counted <= CALLS_AT_ONCE:
                self._keep(self._read(reader))
            else:
                self._job = self._worker.submit(self._work, None)
        elif self._is_behind():
            changed = list(reader.window_totals(changed_after=self._after(self.columns)))
            if len(changed) <= WINDOWS_AT_ONCE and self._share.last_s <= COST_AT_ONCE_S:
                with self._share.taken():
                    self._keep(self._reader.renew(reader, totals, self.columns, changed))
                self._freed.after(len(changed))
            else:
                self._job = self._worker.submit(self._work, self.columns)

    def _is_behind(self) -> bool:
        return self.columns is None or self.columns.totals.last_batch_id != self._batch

    def _may_begin(self) -> bool:
        return self._share.is_due() or self._clock_s() - self._batch_since_s >= QUIET_S

    def _take_over(self) -> None:
        job = self._job
        if job is not None and job.done():
            self._job = None
            self._keep(job.result())
            trim_heap()

    def _keep(self, renewed: Renewed | None) -> None:
        """None: the columns do not fit, or the store is another one; all is read anew."""
        if renewed is None:
            self.columns, self._reader = None, ColumnReader(self._is_stopped)
        else:
            if self.columns is None:
                # Labels and columns stay. Python's collector of cycles, which stops every thread,
                # would pass over them again and again: 40 ms each time.
                gc.freeze()
            self.columns = renewed.columns
            self.changes = self.changes.followed_by(renewed.changes)

    def _read(self, reader: StoreReader) -> Renewed:
        return Renewed(self._reader.read(reader), Changes())

    def _work(self, old: CellColumns | None) -> Renewed | None:
        """In the worker's thread."""
        with open_reader(self._store) as reader:
            generation = reader.generation()
            if identity_of(self._store, reader.number, generation) != self._ledger:
                return None
            if old is None:
                return self._read(reader)
            with self._share.taken():
                changed = list(reader.window_totals(changed_after=self._after(old)))
                return self._reader.renew(reader, reader.totals(), old, changed)

    @staticmethod
    def _after(columns: CellColumns) -> int:
        """Windows changed by batches above this are not in the columns."""
        batch = columns.totals.last_batch_id
        return -1 if batch is None else batch
