"""The one place that knows PostgreSQL's connections, with `postgresql_lock` and the other modules
of that name: opening, what a server must be like, the time limit of readers.

It has the functions of `sqlite`; the rest of the room is plain SQLAlchemy.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import IntLoader
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import NullPool

from sfcrime.errors import StoreLost, StoreUnavailable, UsageError
from sfcrime.machine.secret_files import SecretNotRead, read_secret
from sfcrime.store.address import PostgresqlAddress
from sfcrime.store.postgresql_lock import take_lock

_LOOK_S = 5.0
"""For a tiny query of whoever looks; see `_LOOK`."""
_ON_THE_WAY_S = 5.0
"""How much longer than its server works on a statement a reader waits for the answer."""

MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of the server, without which a power cut loses what was committed."""
_ALL = {"jit": "off"}  # compiling a statement takes longer than most of ours take
_WRITER = _ALL | {
    "statement_timeout": "0",
    # A writer that was stopped, or whose machine is gone, gives up its locks within a minute.
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "6",
}
_READER = _ALL | {"idle_in_transaction_session_timeout": "0"}
_CONNECTION = {
    "client_encoding": "utf8",  # whatever the user's variables say
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 6,
    "tcp_user_timeout": 50_000,  # a network that drops everything is a lost connection
}
_LOOK = {"connect_timeout": 2, "tcp_user_timeout": 5_000}
"""Whoever looks does so again, and has other things to look after."""
_READ_WRITE = {"target_session_attrs": "read-write"}

_MADE_SO = (
    "ALTER TABLE cell SET (fillfactor = 80)",  # so that a changed row stays on its page
    "ALTER TABLE window_total SET (fillfactor = 80)",
    "ALTER TABLE identity_block ALTER COLUMN packed SET STORAGE EXTERNAL",  # zstd has packed it
)


class DriverConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection of the driver on which no reader waits without end: a server that is frozen
    stops no statement, and its kernel goes on to acknowledge whatever it is sent."""

    most_s: float | None = None
    """How long an answer is waited for; None: as long as it takes."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As the driver's; an answer that does not come in time is a lost connection."""
        try:
            return super().wait(gen, interval, self.most_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # the answer may still come, and would be taken for another one's
            raise


def open_for_writing(address: PostgresqlAddress) -> Engine:
    """An engine with one connection, which holds the writer's lock as long as it lasts; one that
    comes after it takes the lock from it.

    Raises, at the first use and after a loss:
        StoreTaken: another job has the lock.
        StoreUnavailable: the server could lose what was committed, or a pooler is between.
    """
    from sfcrime.store.postgresql_upserts import adapt  # NumPy comes with it

    name = f"sfcrime {socket.gethostname()[:30]} {os.getpid()} {uuid.uuid4().hex[:8]}"

    was_connected = False

    def connect() -> DriverConnection:
        nonlocal was_connected
        try:
            connection = _connect(address, name, _WRITER, _READ_WRITE)
        except UsageError as error:
            if was_connected:  # its password may be about to be replaced
                lost = StoreLost(error.happened, rule=error.rule, next_step=error.next_step)
                raise lost from error
            raise
        try:
            connection.autocommit = True
            _require_safe(connection, address)
            take_lock(connection, str(address), name)
            connection.autocommit = False
            adapt(connection)
            was_connected = True
        except BaseException:
            connection.close()
            raise
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=1,
        max_overflow=0,
        use_native_hstore=False,
    )


def open_for_reading(address: PostgresqlAddress, limit_s: float, *, again: bool = False) -> Engine:
    """An engine that cannot write; each transaction is one snapshot, which delays nobody.

    Args:
        address: of the store.
        limit_s: a statement is stopped that works longer before its next rows are there.
        again: its connection is kept for the next snapshot, and proved to be alive; making one
            takes as long as reading some hundred cells.
    """
    options = _READER | {"statement_timeout": f"{max(1, round(limit_s * 1000))}ms"}

    def connect() -> DriverConnection:
        connection = _connect(address, "sfcrime reader", options, {})
        connection.most_s = limit_s + _ON_THE_WAY_S
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.prepare_threshold = None  # a snapshot asks few things twice
        return connection

    pool: dict[str, Any] = {"poolclass": NullPool}
    if again:
        pool = {"pool_size": 1, "pool_pre_ping": True}
    engine = create_engine(
        "postgresql+psycopg://", creator=connect, use_native_hstore=False, **pool
    )
    event.listen(engine, "handle_error", _close_cursor)
    return engine


def _close_cursor(failed: ExceptionContext) -> None:
    """SQLAlchemy forgets the cursor of a connection that is lost, and the driver warns of it."""
    if failed.is_disconnect and failed.execution_context is not None:
        failed.execution_context.cursor.close()


def open_for_looking(address: PostgresqlAddress, *, safe: bool = False) -> DriverConnection:
    """A connection for tiny queries, of which one that does not come soon is a loss; `safe`: only
    to a server that a writer would take."""
    options = _READER | {"statement_timeout": f"{round(_LOOK_S * 1000)}ms"}
    connection = _connect(address, "sfcrime look", options, _LOOK)
    connection.most_s = _LOOK_S
    connection.autocommit = True
    try:
        if safe:
            _require_safe(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def after_making(connection: Connection) -> None:
    """What new tables get that the shared schema does not say."""
    for statement in _MADE_SO:
        connection.exec_driver_sql(statement)


def _connect(
    address: PostgresqlAddress, name: str, options: dict[str, str], more: Mapping[str, str | int]
) -> DriverConnection:
    parameters: dict[str, Any] = {**_CONNECTION, **more, **address.connection_parameters}
    if address.password_file:
        parameters["password"] = _password(Path(address.password_file).expanduser())
    connection = DriverConnection.connect(
        address.url,
        application_name=name,
        options=" ".join(f"-c {option}={value}" for option, value in options.items()),
        **parameters,
    )
    # The store has no fractions: only sums of whole numbers come as this type.
    connection.adapters.register_loader("numeric", IntLoader)
    return connection


def _password(path: Path) -> str:
    try:
        password = read_secret(path)
    except SecretNotRead as error:
        raise _bad_password(path, str(error)) from error
    if not password or "\n" in password:
        raise _bad_password(path, "holds no password")
    return password


def _bad_password(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"The password file {path} {problem}.",
        rule="The database's password is one line in a file of yours that nobody else can read.",
        next_step=f"chmod 600 {path}; or correct SFCRIME_STORE_PASSWORD_FILE",
        may_pass=True,  # a file is replaced while a job runs
    )


def _require_safe(connection: DriverConnection, address: PostgresqlAddress) -> None:
    """Refuses a server that could lose or bend what was committed."""
    if connection.execute("SELECT pg_backend_pid()").fetchone() != (connection.info.backend_pid,):
        raise StoreUnavailable(
            f"The store {address} answers through a pooler.",
            rule="Whoever may write is decided by a lock that lasts as long as the connection to "
            "the server, and a pooler lends that to others.",
            next_step="name the server itself, by its own port, with --store-url",
        )
    asked = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
    found: dict[str, str] = dict(
        connection.execute(asked, [["server_encoding", *MUST_BE_ON]]).fetchall()
    )
    if found["server_encoding"] != "UTF8":
        raise StoreUnavailable(
            f"The database of the store {address} has the encoding {found['server_encoding']}.",
            rule="Labels may hold any character.",
            next_step="make another one: createdb --encoding UTF8 --template template0 NAME",
        )
    for name in MUST_BE_ON:
        if found[name] == "off":
            raise StoreUnavailable(
                f"The server of the store {address} has {name}=off.",
                rule="What was committed must survive a power cut: nothing is counted again.",
                next_step=f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()",
            )
