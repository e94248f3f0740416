"""Which connection may write: a lock that the database keeps as long as the connection lasts.

It refuses a second job at once. What keeps a writer out that comes back after another took over is
the run id, which each transaction compares (`writer_row`).
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import psycopg

from sfcrime.errors import StoreTaken

SILENT_S = 60.0
"""A job says every 5 s that it is alive. One whose connection has done nothing for so long was
stopped, or its machine is gone, and is ended by whoever starts next."""
_ENDS_WITHIN_S = 10.0
_ASKED_EVERY_S = 0.05

_KEY = int.from_bytes(b"sfcrime")  # of this database alone: locks of others are apart
_HOLDER = """
    SELECT pid, application_name, coalesce(host(client_addr), 'this machine'),
        to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'),
        CASE WHEN state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' THEN 0
            ELSE extract(epoch FROM clock_timestamp() - state_change) END::float8
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND classid::bigint = %(key)s::bigint >> 32
        AND objid::bigint = %(key)s::bigint & 4294967295
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class _Holder(NamedTuple):
    """The connection that has the lock; None is what another user's hides."""

    pid: int
    name: str
    client: str
    since: str | None
    silent_s: float | None

    def __str__(self) -> str:
        since = f" since {self.since}" if self.since else ""
        return f"{self.name or 'a connection'}, from {self.client}{since}"


def take_lock(connection: psycopg.Connection[tuple[Any, ...]], store: str, name: str) -> None:
    """Takes the lock for a connection, which is in no transaction.

    A connection of the same name that still has it, which the writer lost, is ended, and so is one
    that is silent: what it began is rolled back or committed before this returns.

    Raises:
        StoreTaken: another job has it.
    """
    deadline = time.monotonic() + _ENDS_WITHIN_S
    while connection.execute("SELECT pg_try_advisory_lock(%s)", [_KEY]).fetchone() != (True,):
        found = connection.execute(_HOLDER, {"key": _KEY}).fetchone()
        if found is None:  # it has just ended
            continue
        holder = _Holder(*found)
        is_silent = holder.silent_s is not None and holder.silent_s > SILENT_S
        if not (is_silent or holder.name == name) or time.monotonic() > deadline:
            raise StoreTaken(store, str(holder))
        connection.execute("SELECT pg_terminate_backend(%s)", [holder.pid])
        time.sleep(_ASKED_EVERY_S)
