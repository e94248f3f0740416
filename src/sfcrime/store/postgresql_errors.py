"""What PostgreSQL and its driver say, as errors of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sfcrime.errors import ReadTooLong, StoreDamaged, StoreLost, StoreUnavailable
from sfcrime.store.address import PostgresqlAddress

_STOPPED = "57014"
_DAMAGED = ("XX001", "XX002")
_LOST = (
    "57P01",  # the server is shut down, or somebody ended the connection
    "57P02",  # it crashed
    "57P03",  # it is starting
    "57P05",  # it ended a connection that was idle
    "25P03",  # it ended one that was idle in a transaction
    "25006",  # it only reads: a standby, or one that has become it
    "53300",  # it has as many connections as it takes
)
_NEXT_STEPS = {
    "42501": "give the user the right: GRANT CREATE, USAGE ON SCHEMA public TO ... for who writes, "
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ... for who reads",
    "53100": "make room on the database's disk",
}
_NOT_LET_IN = {
    "authentication failed": "put the password of the URL's user into the file that "
    "SFCRIME_STORE_PASSWORD_FILE names",
    "no password supplied": "write the password into a file of mode 0600 and set "
    "SFCRIME_STORE_PASSWORD_FILE to its name",
    "does not exist": "make the database, or correct --store-url: createdb --encoding UTF8 NAME",
}
"""By words of the server's: the driver gives no code for a connection that was not made. Words of
another language get the general next step."""


@contextmanager
def translated(address: PostgresqlAddress, limit_s: float | None = None) -> Iterator[None]:
    """Turns every error of the database into one of the tree.

    Args:
        address: of the store.
        limit_s: of a reader, how long a statement may work.

    Raises:
        StoreLost: there is no connection any more, or none yet.
        StoreDamaged: the database found pages that it cannot read.
        ReadTooLong: a reader's statement was stopped.
        StoreUnavailable: any other error.
    """
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None) or ""
        said = str(cause).strip().partition("\n")[0].removesuffix(".")
        if state == _STOPPED and limit_s is not None:
            raise ReadTooLong(
                f"A read of the store {address} took more than {limit_s:g} s."
            ) from error
        if state in _DAMAGED:
            raise damaged(address, said) from error
        if is_lost(cause):
            raise StoreLost(
                f"The store {address} does not answer: {said}.", next_step=_let_in(str(cause))
            ) from error
        next_step = _NEXT_STEPS.get(state, "read the log of the database")
        raise StoreUnavailable(
            f"The store {address} cannot be used: {said}.", next_step=next_step
        ) from error


def _let_in(said: str) -> str:
    steps = (step for words, step in _NOT_LET_IN.items() if words in said)
    return next(steps, StoreLost.next_step)


def is_lost(error: BaseException | None) -> bool:
    """Whether it says that there is no connection, which another try may mend."""
    state = getattr(error, "sqlstate", None)
    if state is None:  # of the driver's own, or of a connection that was not made
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state in _LOST or state.startswith("08")


def damaged(address: PostgresqlAddress, what: str) -> StoreDamaged:
    """The error of a store that is no state of its ledger; `what` is wrong with it."""
    return StoreDamaged(
        f"The store {address} is damaged: {what}.",
        rule="A store is copied as a whole, by one pg_dump or a base backup (docs/store.md).",
        next_step="restore a whole copy; or name an empty database with --store-url, and the next "
        "start counts the topic from the beginning",
    )
