"""Standard input as a file: it can be read once, and a source is read whole before it is sorted."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from sfcrime.errors import SfcrimeError, UsageError
from sfcrime.sources.content import InputFile, OnRead

_CHUNK_BYTES = 1 << 20
_LOOK_S = 0.25


@contextmanager
def spooled_input(work_dir: Path, on_read: OnRead | None = None) -> Iterator[InputFile]:
    """Standard input to its end, in a scratch file of `work_dir` while the context lasts.

    Args:
        work_dir: an existing folder.
        on_read: called now and then, also while nothing comes, with (bytes read, 0); what it
            raises ends the reading.

    Raises:
        UsageError: standard input is closed.
        SfcrimeError: the disk has no room.
    """
    if sys.stdin is None:
        raise UsageError("Standard input is closed.", next_step="name a file in place of `-`")
    with NamedTemporaryFile(prefix="sfcrime-input-", dir=work_dir) as spool:
        try:
            done = 0
            for chunk in _chunks(sys.stdin.fileno()):
                spool.write(chunk)
                done += len(chunk)
                if on_read is not None:
                    on_read(done, 0)
            spool.flush()
        except OSError as error:
            raise SfcrimeError(
                f"Standard input could not be kept in {work_dir}: {error}",
                next_step="free space in the data folder, or name another with --data-dir",
            ) from error
        yield InputFile(Path(spool.name), "standard input")


def _chunks(descriptor: int) -> Iterator[bytes]:
    """What comes, and an empty chunk after each `_LOOK_S` seconds without anything."""
    while True:
        ready, _, _ = select.select([descriptor], [], [], _LOOK_S)
        if ready:
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
        else:
            yield b""
