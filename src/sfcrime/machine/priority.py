"""Work that nobody waits for makes way for work that somebody does."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

_LOWEST = 19


def lower(pid: int, to: int) -> None:
    """Gives a process that was just started, and those it will start, a lower priority.

    Args:
        pid: of a process that leads a session of its own: many a Linux weighs sessions against
            each other, and processes only within a session.
        to: 0, what a process has, to 19, the lowest. At 10 it gets a tenth of a processor that
            another process wants as well.
    """
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, to)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(to), "ascii")


def make_way() -> None:
    """Gives this process, and those it will start, the lowest priority for processor and disk, as
    far as the system knows such."""
    lower(os.getpid(), _LOWEST)
    ionice = shutil.which("ionice")
    if ionice is not None:
        idle = [ionice, "-c", "3", "-p", str(os.getpid())]
        subprocess.run(idle, stdin=subprocess.DEVNULL, capture_output=True, check=False)
