"""Work that nobody waits for makes way for work that somebody does."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

_LOWEST = 19


def make_way() -> None:
    """Gives this process, and those it will start, the lowest priority for processor and disk, as
    far as the system knows such."""
    os.nice(_LOWEST)
    # Many a Linux weighs sessions against each other, and processes only within a session.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_LOWEST), "ascii")
    ionice = shutil.which("ionice")
    if ionice is not None:
        idle = [ionice, "-c", "3", "-p", str(os.getpid())]
        subprocess.run(idle, stdin=subprocess.DEVNULL, capture_output=True, check=False)
