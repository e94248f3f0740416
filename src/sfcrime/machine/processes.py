"""The processes of this machine: what the system says of one, and all that are below one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def stat_fields(pid: int) -> list[str] | None:
    """What Linux says of a process in `/proc/PID/stat`, from its state on (the third field of
    proc(5)); None where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name before it, in brackets, may hold blanks and brackets.
    return text.rpartition(")")[2].split()


def descendants(pid: int) -> list[int]:
    """All that a process started, and those that these started, whatever session they are in;
    each after the one that started it."""
    children: dict[int, list[int]] = {}
    for child, parent in _processes():
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def pids() -> list[int]:
    """The numbers of all processes (Linux)."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _processes() -> Iterator[tuple[int, int]]:
    """Every process of the machine, with its parent."""
    if sys.platform != "linux":
        # One `-o` each: elsewhere than on Linux, all that follows `pid=` would be its heading.
        asked = ["ps", "-A", "-o", "pid=", "-o", "ppid="]
        listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        for line in listed.splitlines():
            child, parent = map(int, line.split())
            yield child, parent
        return
    for pid in pids():  # a small system has no `ps`
        fields = stat_fields(pid)
        if fields is not None:
            yield pid, int(fields[1])
