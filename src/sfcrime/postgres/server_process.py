"""The process of the local PostgreSQL server: started, waited for until it is ready, and ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress

from sfcrime.errors import AlreadyRunning, PortTaken, PostgresUnavailable
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.own_folder import is_locked
from sfcrime.machine.ports import LOOPBACK, free_port, is_free
from sfcrime.postgres.account import server_environment
from sfcrime.postgres.database_files import ServerFolder
from sfcrime.postgres.programs import Programs

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # As PostgreSQL ships them. A store without them is refused, so nothing else may set them.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # A backlog is no reason for a checkpoint every few seconds.
    "max_wal_size": "2GB",
    # The log is not bounded: it gets the server's own matters, and nothing of a statement, which
    # may hold records. Who sent one is told what was wrong with it.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}
"""What the server is told at each start; `postgresql.conf` in its files may say the rest."""

_START_TIMEOUT_S = 60.0
"""A server that is not ready by then has failed. It takes 0.2 s on 2 cores."""
_REPLAYED_BYTES_PER_S = 10_000_000
"""After a power cut it first reads its log of changes: 50 MB a second and more."""
_STOP_GRACE_S = 30.0
"""It ends connections at once, then writes to the disk what is only in memory."""

_PORT_ATTEMPTS = 5
_LOOK_EVERY_S = 0.05


def start_and_wait(
    folder: ServerFolder, programs: Programs, wanted_port: int, settings: Mapping[str, str]
) -> tuple[Child, int]:
    """Starts the process and waits until it is ready; the process, and its port.

    Args:
        folder: whose database is there.
        programs: that this account can run.
        wanted_port: on loopback; 0: a free one, another where that was lost meanwhile.
        settings: what the server is told.

    Raises:
        PortTaken, PostgresUnavailable: as `start_server` does.
    """
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port = wanted_port or free_port()
        child = _start(folder, programs, {**settings, "port": str(port)})
        try:
            failure = _wait_until_ready(child, folder)
        except BaseException:
            end_in_order(child)
            raise
        if failure is None:
            return child, port
        end_in_order(child)
        if wanted_port:
            require_free(port)
        if is_free(port) or attempt == _PORT_ATTEMPTS:
            break
    raise PostgresUnavailable(
        f"PostgreSQL {failure}. Its last words:\n{last_lines(folder.log) or '(nothing)'}",
        next_step=f"see {folder.log}",
    )


def _start(folder: ServerFolder, programs: Programs, settings: Mapping[str, str]) -> Child:
    # No process of a server lives, the lock says: the number noted here is nobody's, or another's
    # by now, of whom PostgreSQL would be afraid.
    (folder.database / "postmaster.pid").unlink(missing_ok=True)
    place = folder.place()
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return start_child(
        place.command(
            [programs["postgres"], "-D", place.name, *given],
            lock=folder.alive,
            end_signal=signal.SIGINT,
        ),
        folder.log,
        environment=server_environment(),
    )


def _wait_until_ready(child: Child, folder: ServerFolder) -> str | None:
    """What failed; None once it is ready."""
    to_replay = sum(each.stat().st_size for each in (folder.database / "pg_wal").glob("0*"))
    timeout_s = _START_TIMEOUT_S + to_replay / _REPLAYED_BYTES_PER_S
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if is_ready(noted_by_server(folder)):
            return None
        if not child.is_running():
            return f"ended with exit code {child.exit_code} while it started"
        time.sleep(_LOOK_EVERY_S)
    return f"was not ready within {timeout_s:.0f} s"


def noted_by_server(folder: ServerFolder) -> list[str]:
    """What the server notes of itself: its process first, its port fourth, its state eighth."""
    try:
        return (folder.database / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def is_ready(noted: list[str]) -> bool:
    """Whether a server that notes this of itself takes connections."""
    return len(noted) >= 8 and noted[7].strip() == "ready"


def end_in_order(child: Child) -> None:
    """SIGINT is PostgreSQL's order to end without waiting for its clients."""
    if child.is_running():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)
        if child.wait(_STOP_GRACE_S) is None:
            child.kill_tree()


def end_left_over(folder: ServerFolder) -> None:
    """Ends a server without an owner; while its lock is held, the process that it noted is its."""
    for number, wait_s in ((signal.SIGINT, _STOP_GRACE_S), (signal.SIGKILL, 5.0)):
        noted = noted_by_server(folder)
        if not is_locked(folder.alive):
            return
        if noted and noted[0].isdigit():
            with suppress(ProcessLookupError):
                os.kill(int(noted[0]), number)
        wait_until_gone(folder, wait_s)
    if is_locked(folder.alive):
        raise AlreadyRunning("PostgreSQL server", folder.path)


def wait_until_gone(folder: ServerFolder, wait_s: float = _STOP_GRACE_S) -> None:
    """Waits until none of its processes lives, at most so long."""
    deadline = time.monotonic() + wait_s
    while is_locked(folder.alive) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)


def require_free(port: int) -> None:
    """Raises PortTaken where something listens there."""
    if not is_free(port):
        raise PortTaken(
            f"{LOOPBACK}:{port}",
            "local PostgreSQL server",
            "--port 0 picks a free one; or stop what uses it, perhaps a PostgreSQL of the system",
        )
