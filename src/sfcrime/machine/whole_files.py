"""Writes files that are there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Replaces a file in one step, for its owner alone.

    A reader, and a machine whose power was cut, sees the old content or the new one, never a part.
    One process writes a file at a time.
    """
    partial = path.with_name(f"{path.name}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)  # else the new name can be on the disk before what it names
    partial.replace(path)
