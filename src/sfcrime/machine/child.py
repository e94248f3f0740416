"""Starts and stops child processes: the broker, and the commands that `run` and the lab supervise.

A child has its own session, so a Ctrl-C at the terminal reaches only its parent, which then ends
it in order. On Linux a child ends when its parent does, even by SIGKILL; elsewhere the next start
finds the broker that was left, and ends it (`kafka.broker_record`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from sfcrime.machine.own_folder import PRIVATE_UMASK
from sfcrime.machine.processes import descendants

STOP_GRACE_S = 10.0
"""How long a child may take to end by itself before it is killed."""
_KILLED_WITHIN_S = 1.0
"""A JVM of 600 MB that is killed is gone after 0.1 s."""

# Asks Linux to end this process with its parent, then becomes the command. A `preexec_fn` would
# save 25 ms and is unsafe in a parent with threads. 1 is PR_SET_PDEATHSIG.
_END_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, int(sys.argv[2]))
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[3], sys.argv[3:])
"""


class Child:
    """A running child of ours; made by `start_child`."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self._process = process
        self.log_path = log_path

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the number of the signal that ended it."""
        return self._process.poll()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def ask_to_end(self) -> None:
        """SIGTERM, and no waiting."""
        self._process.terminate()

    def wait(self, timeout_s: float | None) -> int | None:
        """Waits for its end; None where it still runs after `timeout_s` seconds, if bounded."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_s: float = STOP_GRACE_S) -> int:
        """Ends it: SIGTERM, then after `grace_s` seconds `kill_tree`. Its exit code. Repeatable."""
        if self.is_running():
            self._process.terminate()
            if self.wait(grace_s) is None:
                self.kill_tree()
        return self._process.wait()

    def kill_tree(self) -> None:
        """Ends it and all that is below it (SIGKILL), stopped processes too, which would not see
        that it is gone. Nothing where it has ended by itself."""
        if not self.is_running():
            return
        below = descendants(self.pid)
        self._process.kill()
        self._process.wait()
        for pid in below:
            with suppress(ProcessLookupError, PermissionError):  # gone; it may be another's by now
                os.kill(pid, signal.SIGKILL)

    def kill_session(self) -> None:
        """Ends it and all that it started within its session (SIGKILL), and waits until they are
        gone. Nothing where it has ended by itself: its number may be another's by now."""
        if not self.is_running():
            return
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + _KILLED_WITHIN_S
        with suppress(ProcessLookupError, PermissionError):  # there is no process left in it
            while time.monotonic() < deadline:
                os.killpg(self.pid, 0)
                time.sleep(0.02)


def start_child(
    command: Sequence[str],
    log_path: Path | None,
    *,
    environment: Mapping[str, str] | None = None,
    end_signal: int = signal.SIGKILL,
    own_session: bool = True,
) -> Child:
    """Starts a command without a shell; what it makes can be opened by this user alone.

    Linux ends the child with the THREAD that started it: call this from one that lives as long
    as the child is wanted (the main thread).

    Args:
        command: the program and its arguments.
        log_path: takes both outputs; emptied first. Its folder is made. It is not bounded: what a
            command says for as long as it runs belongs into a log of its own. None: both go where
            ours go.
        environment: all of the child's variables; ours where None.
        end_signal: what the child gets when its parent is gone (Linux).
        own_session: False leaves it in ours, to end with it; see `Child.kill_session`.
    """
    started = list(command)
    if sys.platform == "linux":
        parent = [str(os.getpid()), str(int(end_signal))]
        started = [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT, *parent, *command]
    with ExitStack() as opened:
        log = None if log_path is None else opened.enter_context(_emptied(log_path))
        process = subprocess.Popen(
            started,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log and subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=own_session,
            umask=PRIVATE_UMASK,
        )
    return Child(process, log_path or Path(os.devnull))


def _emptied(log_path: Path) -> BinaryIO:
    log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_path.touch(mode=0o600)
    return log_path.open("wb")


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log; empty where there is no such file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, maxlen=count)).rstrip()
    except OSError:
        return ""


def last_words(*paths: Path) -> str:
    """The ends of several logs of one program, one below the other."""
    return "\n".join(text for text in map(last_lines, paths) if text) or "(nothing)"
