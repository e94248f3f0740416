"""Who may reach the page: the address it listens on, the names it answers to, the token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from sfcrime.errors import UsageError
from sfcrime.machine.secret_files import MOST_SECRET_BYTES, SecretNotRead, read_secret
from sfcrime.settings import DashboardSettings

LEAST_TOKEN_CHARACTERS = 16
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - names that no browser asks for
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\Z|\[[0-9a-f:.]{2,45}\]\Z")


@dataclass(frozen=True, slots=True)
class Binding:
    """What was checked before anything listens."""

    host: str
    port: int
    names: frozenset[str]
    """Hosts that a request may name, in lower case and without a port."""
    token: str | None

    def url(self, port: int) -> str:
        """The address of the page on a port, for a browser on this machine."""
        host = self.host
        if host in _ANY_ADDRESS:
            host = "::1" if host == "::" else "127.0.0.1"
        return f"http://{_in_brackets(host)}:{port}"


def binding_of(settings: DashboardSettings) -> Binding:
    """The settings as they are used.

    Raises:
        UsageError: a name that cannot be one, a token file that others can read, or an address
            that other machines reach without token or names.
    """
    host = settings.host.strip().lower().removeprefix("[").removesuffix("]")
    allowed = _allowed_names(settings.allowed_hosts)
    token = read_token(Path(settings.token_file).expanduser()) if settings.token_file else None
    if not is_loopback(host) and (token is None or not allowed):
        raise UsageError(
            f"The page cannot listen on {settings.host!r} like this: other machines can reach it.",
            rule="An address that is not loopback's needs a token, which everybody who looks has "
            "to know, and the names under which browsers may ask for the page.",
            next_step="write a token into a file of mode 0600 and name it with --token-file, and "
            "set SFCRIME_DASHBOARD_ALLOWED_HOSTS; or leave --host out",
        )
    own = frozenset() if host in _ANY_ADDRESS else frozenset({_in_brackets(host)})
    return Binding(host, settings.port, _LOOPBACK_NAMES | own | allowed, token)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name other than localhost may be any."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """The token of a file that its owner alone can read; blanks around it are no part of it.

    Raises:
        UsageError: it cannot be read, others can read it, or it holds no token.
    """
    try:
        token = read_secret(path)
    except SecretNotRead as error:
        raise _bad_token(path, str(error)) from error
    if not re.fullmatch(rf"[!-~]{{{LEAST_TOKEN_CHARACTERS},{MOST_SECRET_BYTES}}}", token):
        raise _bad_token(path, "holds no token")
    return token


def _bad_token(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"The token file {path} {problem}.",
        rule=f"A token is one line of at least {LEAST_TOKEN_CHARACTERS} printable ASCII characters "
        "without blanks, in a file of yours that nobody else can read.",
        next_step=f"(umask 077; openssl rand -hex 32 > {path}), or chmod 600 {path}",
    )


def _allowed_names(text: str) -> frozenset[str]:
    names = frozenset(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if not _NAME.match(name):
            raise UsageError(
                f"The setting dashboard.allowed_hosts names {name!r}, which is no host.",
                rule="A host stands there without a scheme, a port or a path; IPv6 in brackets.",
                next_step="for example SFCRIME_DASHBOARD_ALLOWED_HOSTS=calls.example.org",
            )
    return names


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host
