"""Which file or folder stands under a name."""

from __future__ import annotations

from pathlib import Path


def place_of(path: Path) -> tuple[int, int] | None:
    """Device and inode, which a copy does not share; None where there is nothing to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
