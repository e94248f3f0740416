"""Where a store is: a file of SQLite, named by its path, or a database of PostgreSQL.

Whoever reads or writes a store is given its address; `database` knows which database that is.
"""

from __future__ import annotations

import os
import re
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
_PLACE = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]*)?")
"""A host and its port, as they stand in a URL."""
_ANY_MACHINE = "?"
"""In place of a host that a service of the user's names; it may be any."""


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
    """The URL as it was given; nothing of one that is refused is shown, for whatever stands at a
    wrong place in it may be a password."""
    scheme, separator, rest = url.partition("://")
    if scheme not in _SCHEMES or not separator:
        raise _refused("names no database of PostgreSQL", "It begins with postgresql://")
    # Before it is parsed: what is special in a URL may stand in a password, and parts it wrongly.
    place, *others = re.split(r"[/?#]", rest)
    login, _, hosts = place.rpartition("@")
    if ":" in login or any("@" in each for each in others):
        raise _holds_password()
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        parts, given = None, {}
    if parts is None or not all(_PLACE.fullmatch(each) for each in hosts.split(",")):
        raise _refused(
            "cannot be read",
            "A host has brackets only around an IPv6 address, and a number as its port",
        )
    if "password" in given or "sslpassword" in given:
        raise _holds_password()
    if set(given) - set(_PARAMETERS):
        raise _refused(
            "has another parameter than it may have", f"Those are {', '.join(_PARAMETERS)}"
        )
    if not unquote(parts.path).strip("/"):
        raise _refused("names no database", "The database stands after the host")
    return url


def _holds_password() -> UsageError:
    return UsageError(
        "The setting store.url holds a password.",
        rule="A URL is shown in lists of processes, in logs and on the page. An @ that belongs to "
        "a name in it is written as %40.",
        next_step="take the password out of it; write it into a file of mode 0600 and set "
        "SFCRIME_STORE_PASSWORD_FILE to its name, or set PGPASSWORD",
    )


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
    # Where the URL is silent, PostgreSQL's clients look there, in a service first.
    in_a_service = os.environ.get("PGSERVICE")
    by_variable = _ANY_MACHINE if in_a_service else os.environ.get("PGHOST", "")
    return [os.environ.get("PGHOSTADDR", ""), *(host or by_variable for host in named)]


def _is_local(host: str) -> bool:
    """Whether it is this machine: a socket, or loopback. A name may be any machine."""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
