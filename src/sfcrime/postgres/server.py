"""The local PostgreSQL server, on loopback, in the data folder.

One sfcrime process owns it at a time (a lock in its folder); others may use it while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from sfcrime.errors import ChildFailed
from sfcrime.machine.child import Child, last_lines
from sfcrime.machine.own_folder import (
    DATA_FOLDER,
    FolderKind,
    is_locked,
    take_alone,
    take_folder,
)
from sfcrime.machine.ports import LOOPBACK
from sfcrime.postgres.account import can_run, server_account
from sfcrime.postgres.database_files import ROLE, ServerFolder, make_database, server_folder
from sfcrime.postgres.programs import (
    Programs,
    copied_programs,
    find_programs,
    require_open_folder,
)
from sfcrime.postgres.server_process import (
    SETTINGS,
    end_in_order,
    end_left_over,
    is_ready,
    noted_by_server,
    require_free,
    start_and_wait,
    wait_until_gone,
)

POSTGRES_FOLDER = FolderKind("PostgreSQL server's folder", "--data-dir", ())

DEFAULT_PORT = 5432
"""That of every PostgreSQL."""

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
        wait_until_gone(self.folder)

    def stop(self) -> None:
        """Ends the server in order and frees its folder: its clients' connections are ended, what
        they had not committed is rolled back. Repeatable."""
        end_in_order(self._child)
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
        end_left_over(folder)
        if port:
            require_free(port)
        programs = _runnable(programs, folder, stack)
        if not folder.database.exists():
            on_step("making the database")
        told = {**SETTINGS, **(settings or {})}
        make_database(folder, programs, synced=told["fsync"] == "on")
        on_step(f"starting PostgreSQL {programs.version}")
        child, chosen = start_and_wait(folder, programs, port, told)
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
    noted = noted_by_server(folder)
    return int(noted[3]) if is_ready(noted) and is_locked(folder.alive) else None
