"""Whether a store in PostgreSQL was written to: one tiny query, asked a few times a second."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import LiteralString

import psycopg

from sfcrime.errors import SfcrimeError
from sfcrime.store.address import PostgresqlAddress
from sfcrime.store.postgresql import DriverConnection, open_for_looking
from sfcrime.store.written_state import NO_ANSWER, WrittenState

ASKED_EVERY_S = 0.1
_AGAIN_AFTER_S = 1.0
"""A database that does not answer is asked again so much later."""

# Which transaction wrote each row last: every commit of a writer leaves its number in one of them.
_ASKED: LiteralString = """
    SELECT 'writer', xmin::text FROM writer
    UNION ALL SELECT 'current', xmin::text FROM current_generation
    UNION ALL SELECT 'totals', xmin::text FROM totals
    UNION ALL (SELECT 'progress', xmin::text FROM progress
        ORDER BY generation_id DESC, batch_id DESC LIMIT 1)
"""


class PostgresqlLook:
    """Asks at most every 0.1 s, and says in between what it heard last."""

    def __init__(self, address: PostgresqlAddress) -> None:
        self._address = address
        self._connection: DriverConnection | None = None
        self._known = WrittenState((), 0)
        self._due_s = 0.0

    def __call__(self) -> WrittenState:
        """How the store looks, as it was heard last."""
        if time.monotonic() >= self._due_s:
            pause_s = ASKED_EVERY_S
            try:
                self._known = WrittenState(self._ask(), 0)
            except (psycopg.Error, SfcrimeError):
                self.close()
                self._known = NO_ANSWER
                pause_s = _AGAIN_AFTER_S
            self._due_s = time.monotonic() + pause_s
        return self._known

    def _ask(self) -> tuple[tuple[str, str], ...]:
        if self._connection is None:
            self._connection = open_for_looking(self._address)
        try:
            return tuple(sorted(self._connection.execute(_ASKED).fetchall()))
        except psycopg.errors.UndefinedTable:  # no store is there yet
            return ()

    def close(self) -> None:
        """Lets go of the connection, which the next call makes again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def __del__(self) -> None:
        self.close()
