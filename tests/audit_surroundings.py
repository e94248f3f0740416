"""What surrounds an audit: a disk without room, and its processes."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No process of ours can write a larger file; the system fails as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def wait_until(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.01)


def children_of(pid: int) -> set[int]:
    """What a process has started and not yet waited for."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return {int(each) for each in listed.split()}


def runs(pid: int) -> bool:
    """Whether it is there and no zombie that waits for somebody to look at its exit code."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return status.rsplit(") ", 1)[1][0] != "Z"
