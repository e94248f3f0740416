"""As whom PostgreSQL's programs run, and how they become that account.

PostgreSQL refuses to run as root. Where sfcrime does, the server gets an account without rights:
`postgres` where the machine has one, else `nobody`. That account owns the database files and
nothing else. It cannot walk through the data folder above them, which is root's; so the programs
are started inside of their folder and know it as the place they are in.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import PostgresUnavailable
from sfcrime.machine.own_folder import PRIVATE_UMASK

_ACCOUNTS = ("postgres", "nobody")
_KEPT_VARIABLES = ("PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# Becomes the account inside of the folder, then the program. The lock, if any, is held for as long
# as any process of the program lives: they all inherit it. Changing the account makes Linux forget
# with whose end this process ends, so that is said (again) afterwards; 1 is PR_SET_PDEATHSIG.
_BECOME = """
import ctypes, fcntl, os, sys
lock, folder, uid, gid, parent, end_signal = sys.argv[1:7]
if lock:
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.set_inheritable(held, True)
os.chdir(folder)
if uid:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(end_signal))
if os.getppid() == int(parent):
    try:
        os.execv(sys.argv[7], sys.argv[7:])
    except OSError as error:
        sys.exit(f"{sys.argv[7]}: {error.strerror}")
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the machine."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where programs work, and as whom."""

    folder: Path
    account: Account | None
    """None: that of this process."""

    @property
    def name(self) -> str:
        """The folder, as the programs can reach it."""
        return "/proc/self/cwd" if self.account else str(self.folder)

    def make(self) -> None:
        """Makes the folder, for the account alone."""
        self.folder.mkdir(mode=0o700)
        if self.account:
            os.chown(self.folder, self.account.uid, self.account.gid)

    def command(
        self, program: Sequence[str], lock: Path | None = None, end_signal: int = signal.SIGKILL
    ) -> list[str]:
        """The command that becomes the program, as the account, inside of the folder.

        Args:
            program: its path and arguments.
            lock: held while any process of it lives. Where another holds it, the command fails.
            end_signal: what it gets when this process is gone (Linux).
        """
        ids = [str(self.account.uid), str(self.account.gid)] if self.account else ["", ""]
        given = [str(lock or ""), str(self.folder), *ids, str(os.getpid()), str(int(end_signal))]
        return [sys.executable, "-I", "-S", "-c", _BECOME, *given, *program]

    def run(self, program: Sequence[str], typed: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program to its end, with `typed` as its standard input."""
        return subprocess.run(
            self.command(program),
            input=typed,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=server_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal is this process's to answer
            umask=PRIVATE_UMASK,
        )


def server_environment() -> dict[str, str]:
    """The variables that the programs get: none by which a user's own PostgreSQL is configured, and
    no secret."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def server_account(database: Path) -> Account | None:
    """As whom the server of this folder is to run, there or not; None: as this process.

    Raises:
        PostgresUnavailable: this is root, and there is no account to become, or the files are of
            one that is not there.
    """
    if os.geteuid() != 0:
        return None
    if sys.platform == "linux":
        if database.exists() and (owner := database.stat().st_uid) != 0:
            return _owner(owner, database)
        for name in _ACCOUNTS:
            try:
                return _account(pwd.getpwnam(name))
            except KeyError:
                continue
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and there is no account that it could run as.",
        next_step="run this as another user than root",
    )


def _owner(uid: int, database: Path) -> Account:
    try:
        return _account(pwd.getpwuid(uid))
    except KeyError:
        raise PostgresUnavailable(
            f"The database files {database} belong to the user {uid}, whom this machine does not "
            "know.",
            rule="The server runs as the owner of its files.",
            next_step=f"give them to another: chown -R {_ACCOUNTS[-1]} {database}",
        ) from None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_run(program: str, account: Account | None) -> bool:
    """Whether the account can run a program: a folder above it may be closed, as a home of root's
    is."""
    return Place(Path("/"), account).run([program, "--version"]).returncode == 0
