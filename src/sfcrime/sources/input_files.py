"""The files that a user names to read calls from: paths, patterns, and standard input."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from tempfile import NamedTemporaryFile

from sfcrime.errors import SfcrimeError, UsageError

STANDARD_INPUT = "-"
"""What names it among files."""

OnRead = Callable[[int, int], None]
"""Bytes read, and bytes in all; 0 in all where that is not known."""

_CHUNK_BYTES = 1 << 20
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read calls from."""

    path: Path
    name: str
    """What messages call it."""


def files_of(name: str) -> list[InputFile]:
    """The files that a name or pattern means; those of a pattern in the order of their names.

    A name that is there is itself, also where it could be a pattern; a plain one that is not
    there is found out by who opens it.

    Args:
        name: a path, or a pattern with `*`, `?`, `[...]` or `**`; `~` is the home folder.

    Raises:
        UsageError: no file fits the pattern.
    """
    path = Path(name).expanduser()
    if path.exists() or not has_magic(name):
        return [InputFile(path, str(path))]
    # Not Path.glob: until Python 3.13 it takes no pattern that begins at the root.
    found = [Path(each) for each in sorted(glob(str(path), recursive=True))]  # noqa: PTH207
    files = [InputFile(each, str(each)) for each in found if each.is_file()]
    if not files:
        raise UsageError(
            f"No file fits {name}.",
            rule="A pattern names files that are there; `**` goes into folders.",
            next_step="correct the pattern, and quote it so that the shell leaves it alone",
        )
    return files


def without_repeats(files: Iterable[InputFile]) -> list[InputFile]:
    """Each file once, where it was named first, however it was named."""
    found: dict[Path, InputFile] = {}
    for file in files:
        found.setdefault(file.path.resolve(), file)
    return list(found.values())


@contextmanager
def spooled_input(work_dir: Path, on_read: OnRead | None = None) -> Iterator[InputFile]:
    """Standard input to its end, in a scratch file of `work_dir` while the context lasts: it can
    be read once, and a source is read whole before it is sorted.

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
