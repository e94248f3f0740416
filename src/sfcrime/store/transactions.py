"""The transactions of one run, one after the other, each of which asks whether it may write.

Where a connection is lost, another is made for a minute, and what was begun is begun again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TypeVar

from sqlalchemy import Connection, Engine

from sfcrime.errors import StoreLost, StoreUnavailable
from sfcrime.store import database, writer_row
from sfcrime.store.address import StoreAddress
from sfcrime.store.records import Totals
from sfcrime.store.written_state import file_identity

Result = TypeVar("Result")

PATIENCE_S = 60.0
"""How long another connection is tried for, once one was lost."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Transactions:
    """Made once the run has named itself in the store.

    Args:
        engine: of the run alone; disposed by `close`.
        address: of the store.
        run_id: what the run is called there.
    """

    def __init__(self, engine: Engine, address: StoreAddress, run_id: str) -> None:
        self.address = address
        self.lock = RLock()
        """Keeps the transactions apart."""
        self.was_lost = False
        """Whether the connection was lost: another server may have answered since."""
        self._engine = engine
        self._run_id = run_id
        self._file = file_identity(address)

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A transaction, which the end of the block commits.

        Raises:
            Refused: another run has opened the store.
            StoreUnavailable: the database failed; StoreLost where it may have committed.
        """
        with self.lock, database.translated(self.address), self._engine.begin() as connection:
            writer_row.require_own(connection, self.address, self._file, self._run_id)
            yield connection

    def do(self, work: Callable[[Connection], Result], on_lost: Callable[[], None]) -> Result:
        """Does work in a transaction; in others, where the connection is lost.

        A new connection comes after the end of the one that was lost (`postgresql_lock`): what that
        committed is seen then, and nothing is added to it.

        Args:
            work: may be done again after a COMMIT of which nobody knows whether it was heard.
            on_lost: called before it is done again.

        Raises:
            StoreLost: no connection for a minute.
            StoreUnavailable, Refused: as `one`.
        """
        pause_s, until_s = _FIRST_PAUSE_S, float("inf")
        with self.lock:
            while True:
                try:
                    with self.one() as connection:
                        return work(connection)
                except StoreLost:
                    now_s = time.monotonic()
                    until_s = min(until_s, now_s + PATIENCE_S)
                    if now_s + pause_s > until_s:
                        raise
                self.was_lost = True
                on_lost()
                self._engine.dispose()
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()


def require_not_older(totals: Totals, batch_id: int, address: StoreAddress) -> None:
    """Refuses a ledger that lacks what was committed before a batch.

    Raises:
        StoreUnavailable: a server answers that has not got all that the one before it had.
    """
    held = -1 if totals.last_batch_id is None else totals.last_batch_id
    if held < batch_id - 1:
        raise StoreUnavailable(
            f"The store {address} ends with batch {held}, and batch {batch_id - 1} was committed.",
            rule="A batch goes on from what was counted before it. A standby that lacks the newest "
            "commits has taken over: have it confirm them (synchronous_standby_names).",
            next_step="start the job again: it goes on where the ledger that is there now ends",
        )
