"""Where a store is: a file of SQLite, named by its path, or a database of PostgreSQL.

Whoever reads or writes a store is given its address; `database` knows which database that is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from sfcrime.errors import UsageError
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE

_EXAMPLE = "--store-url postgresql://user@host/database"
_SCHEMES = ("postgresql", "postgres")
_PARAMETERS = (
    *("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"),
    *("channel_binding", "gssencmode", "target_session_attrs"),
)
"""Of a connection, that a URL may name: none is a secret, and none changes what is written."""


@dataclass(frozen=True, slots=True)
class PostgresqlAddress:
    """A database of PostgreSQL. As text it is its URL, which holds no secret."""

    url: str
    password_file: str = ""
    """Read for each connection; empty: PGPASSWORD, or what else PostgreSQL's clients look up."""

    def __str__(self) -> str:
        return self.url

    @property
    def connection_parameters(self) -> dict[str, str]:
        """What its connections are made with beside the URL: off this machine, a server that proves
        by TLS that it is the one that was named, unless the URL says otherwise."""
        parts = urlsplit(self.url)
        given = dict(parse_qsl(parts.query))
        local = all(_is_local(host) for host in _hosts(parts, given))
        return {} if local or "sslmode" in given else {"sslmode": "verify-full"}


StoreAddress: TypeAlias = Path | PostgresqlAddress
"""A path is that of a file of SQLite."""


def store_address(settings: Settings) -> StoreAddress:
    """Where the store of these settings is.

    Raises:
        UsageError: `store.url` names no database, or holds a password.
    """
    url = settings.store.url
    if not url:
        return settings.data_dir / STORE_FILE
    return PostgresqlAddress(_checked(url), settings.store.password_file)


def _checked(url: str) -> str:
    """The URL as it was given; one that is refused is not shown, for it may hold a password."""
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        raise _refused("cannot be read", str(error)) from error
    if parts.scheme not in _SCHEMES:
        raise _refused("names no database of PostgreSQL", "It begins with postgresql://")
    login = parts.netloc.rpartition("@")[0]
    if ":" in login or "password" in given or "sslpassword" in given:
        raise UsageError(
            "The setting store.url holds a password.",
            rule="A URL is shown in lists of processes, in logs and on the page.",
            next_step="take the password out of it; write it into a file of mode 0600 and set "
            "SFCRIME_STORE_PASSWORD_FILE to its name, or set PGPASSWORD",
        )
    unknown = sorted(set(given) - set(_PARAMETERS))
    if unknown:
        raise _refused(
            f"has the parameter {unknown[0]}", f"Parameters that it may have: {_PARAMETERS}"
        )
    if not unquote(parts.path).strip("/"):
        raise _refused("names no database", "The database stands after the host")
    return url


def _refused(what: str, rule: str) -> UsageError:
    return UsageError(f"The setting store.url {what}.", rule=f"{rule}.", next_step=_EXAMPLE)


def _hosts(parts: SplitResult, given: dict[str, str]) -> list[str]:
    """Every host that a connection may be made to; "" is a socket of this machine."""
    places = parts.netloc.rpartition("@")[2]
    named = [
        unquote(each).rpartition("]")[0].removeprefix("[") or unquote(each).partition(":")[0]
        for each in places.split(",")
    ]
    if given.get("host"):
        named = given["host"].split(",")
    # Where the URL is silent, PostgreSQL's clients look there.
    by_variable = os.environ.get("PGHOST", "")
    return [os.environ.get("PGHOSTADDR", ""), *(host or by_variable for host in named)]


def _is_local(host: str) -> bool:
    """Whether it is this machine: a socket, or loopback. A name may be any machine."""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
