"""The local PostgreSQL server: a child process, on loopback, in the data folder.

One sfcrime process owns it at a time (a lock in its folder); others may use it while it runs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from sfcrime.errors import AlreadyRunning, ChildFailed, PortTaken, PostgresUnavailable
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.own_folder import (
    DATA_FOLDER,
    FolderKind,
    is_locked,
    take_alone,
    take_folder,
)
from sfcrime.machine.ports import LOOPBACK, free_port, is_free
from sfcrime.postgres.account import can_run, server_account, server_environment
from sfcrime.postgres.database_files import ROLE, ServerFolder, make_database, server_folder
from sfcrime.postgres.programs import (
    Programs,
    copied_programs,
    find_programs,
    require_open_folder,
)

POSTGRES_FOLDER = FolderKind("PostgreSQL server's folder", "--data-dir", ())

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

START_TIMEOUT_S = 60.0
"""A server that is not ready by then has failed. It takes 0.2 s on 2 cores."""
REPLAYED_BYTES_PER_S = 10_000_000
"""After a power cut it first reads its log of changes: 50 MB a second and more."""
STOP_GRACE_S = 30.0
"""It ends connections at once, then writes to the disk what is only in memory."""

DEFAULT_PORT = 5432
"""That of every PostgreSQL."""
_PORT_ATTEMPTS = 5
_LOOK_EVERY_S = 0.05

OnStep = Callable[[str], None]


class RunningServer:
    """A server that is ready; made by `start_server`. A context manager that stops it."""

    def __init__(self, child: Child, folder: ServerFolder, port: int, held: ExitStack) -> None:
        self._child = child
        self._held = held
        self.folder = folder
        self.port = port

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def url(self) -> str:
        """The store on it, without the password, which is in `folder.password_file`."""
        return url_of(self.port)

    def is_running(self) -> bool:
        return self._child.is_running()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; below 0: the number of the signal that ended it."""
        return self._child.exit_code

    def require_running(self) -> None:
        """Raises ChildFailed, with the last lines of its log, where it has ended by itself."""
        if not self.is_running():
            raise ChildFailed(
                f"PostgreSQL ended. Its last words:\n{last_lines(self.folder.log)}",
                next_step=f"read {self.folder.log}; running again goes on where it stopped",
            )

    def kill(self) -> None:
        """Ends it at once, and waits until all of its processes are gone."""
        self._child.kill_tree()
        _wait_until_gone(self.folder, STOP_GRACE_S)

    def stop(self) -> None:
        """Ends the server in order and frees its folder: its clients' connections are ended, what
        they had not committed is rolled back. Repeatable."""
        _end_in_order(self._child)
        self._held.close()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def url_of(port: int, database: str = ROLE) -> str:
    """The URL of a database of the local server."""
    return f"postgresql://{ROLE}@{LOOPBACK}:{port}/{database}"


def start_server(
    data_dir: Path,
    port: int = 0,
    on_step: OnStep = lambda _: None,
    settings: Mapping[str, str] | None = None,
) -> RunningServer:
    """Starts the server of a data folder and waits until it is ready.

    Its database is made at the first start. One that was left by a killed process is ended first.
    Call it from the main thread: Linux ends the server with the thread that started it.

    Args:
        data_dir: the server lives in the folder `postgres` of it.
        port: on loopback; 0 picks a free one.
        on_step: told what is being done, a short phrase each.
        settings: of PostgreSQL, in place of some of `SETTINGS` or besides.

    Raises:
        UsageError: the data folder is not ours; see `take_folder`.
        AlreadyRunning: another sfcrime process runs the server of this folder.
        PortTaken: the port is in use.
        PostgresUnavailable: its programs are missing, or it did not start; with its last words.
    """
    folder = server_folder(data_dir)
    programs = find_programs(folder.major)
    with ExitStack() as stack:
        take_folder(data_dir, DATA_FOLDER)
        running = running_port(data_dir)
        used = f" {url_of(running)}" if running else ""
        instead = f"use it with --store-url{used}, stop it, or choose another --data-dir"
        alone = take_alone(folder.path, POSTGRES_FOLDER, "PostgreSQL server", next_step=instead)
        stack.enter_context(alone)
        _end_left_over(folder)
        if port:
            _require_free(port)
        programs = _runnable(programs, folder, stack)
        if not folder.database.exists():
            on_step("making the database")
        told = {**SETTINGS, **(settings or {})}
        make_database(folder, programs, synced=told["fsync"] == "on")
        on_step(f"starting PostgreSQL {programs.version}")
        child, chosen = _start_and_wait(folder, programs, port, told)
        return RunningServer(child, folder, chosen, stack.pop_all())


def require_programs(data_dir: Path) -> Programs:
    """The programs that the server of a data folder needs; looked at, not run.

    Raises:
        PostgresUnavailable: they are missing, or cannot be run by the account that needs them.
    """
    folder = server_folder(data_dir)
    programs = find_programs(folder.major)
    if not can_run(programs["postgres"], server_account(folder.database)):
        require_open_folder(programs)
    return programs


def _runnable(programs: Programs, folder: ServerFolder, stack: ExitStack) -> Programs:
    """The programs, or a copy as long as the stack lives, where the account can run them."""
    if can_run(programs["postgres"], server_account(folder.database)):
        return programs
    return stack.enter_context(copied_programs(programs))


def running_port(data_dir: Path) -> int | None:
    """Where the server of a data folder listens, if it is ready."""
    folder = server_folder(data_dir)
    noted = _noted(folder)
    return int(noted[3]) if _is_ready(noted) and is_locked(folder.alive) else None


def _start_and_wait(
    folder: ServerFolder, programs: Programs, wanted_port: int, settings: Mapping[str, str]
) -> tuple[Child, int]:
    """Starts it, with another port where one was lost between choice and use."""
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port = wanted_port or free_port()
        child = _start(folder, programs, {**settings, "port": str(port)})
        try:
            failure = _wait_until_ready(child, folder)
        except BaseException:
            _end_in_order(child)
            raise
        if failure is None:
            return child, port
        _end_in_order(child)
        if wanted_port:
            _require_free(port)
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
    timeout_s = START_TIMEOUT_S + to_replay / REPLAYED_BYTES_PER_S
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if _is_ready(_noted(folder)):
            return None
        if not child.is_running():
            return f"ended with exit code {child.exit_code} while it started"
        time.sleep(_LOOK_EVERY_S)
    return f"was not ready within {timeout_s:.0f} s"


def _noted(folder: ServerFolder) -> list[str]:
    """What the server notes of itself: its process first, its port fourth, its state eighth."""
    try:
        return (folder.database / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _is_ready(noted: list[str]) -> bool:
    return len(noted) >= 8 and noted[7].strip() == "ready"


def _end_in_order(child: Child) -> None:
    """SIGINT is PostgreSQL's order to end without waiting for its clients."""
    if child.is_running():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)
        if child.wait(STOP_GRACE_S) is None:
            child.kill_tree()


def _end_left_over(folder: ServerFolder) -> None:
    """Ends a server without an owner; while its lock is held, the process that it noted is its."""
    for number, wait_s in ((signal.SIGINT, STOP_GRACE_S), (signal.SIGKILL, 5.0)):
        noted = _noted(folder)
        if not is_locked(folder.alive):
            return
        if noted and noted[0].isdigit():
            with suppress(ProcessLookupError):
                os.kill(int(noted[0]), number)
        _wait_until_gone(folder, wait_s)
    if is_locked(folder.alive):
        raise AlreadyRunning("PostgreSQL server", folder.path)


def _wait_until_gone(folder: ServerFolder, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while is_locked(folder.alive) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)


def _require_free(port: int) -> None:
    if not is_free(port):
        raise PortTaken(
            f"{LOOPBACK}:{port}",
            "local PostgreSQL server",
            "--port 0 picks a free one; or stop what uses it, perhaps a PostgreSQL of the system",
        )
