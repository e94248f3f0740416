"""What surrounds an audit: a disk without room, and its processes."""

from __future__ import annotations

import resource
from collections.abc import Iterator
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


def children_of(pid: int) -> set[int]:
    """What a process has started and not yet waited for."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return {int(each) for each in listed.split()}
