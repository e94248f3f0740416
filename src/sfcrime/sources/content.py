"""The uncompressed content of a file, with its digest and the progress of reading it."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sfcrime.errors import UnreadableFile, UsageError

_GZIP_MAGIC = b"\x1f\x8b"


class FileContent:
    """The bytes of an open file, unpacked where it is gzip."""

    def __init__(
        self, path: Path, raw: BinaryIO, on_progress: Callable[[int, int], None] | None
    ) -> None:
        self.path = path
        self._raw = raw
        self._on_progress = on_progress
        self._size = path.stat().st_size
        self._digest = hashlib.sha256()
        packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        raw.seek(0)
        self._unpacked = gzip.GzipFile(fileobj=raw) if packed else raw

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end alone.

        Raises:
            UnreadableFile: the gzip data is cut, damaged or followed by other bytes, or the
                device fails.
        """
        try:
            chunk = self._unpacked.read(size)
        except (EOFError, zlib.error, OSError) as error:
            raise UnreadableFile(
                f"{self.path} cannot be read to its end: {error}.",
                rule="A source is read whole before anything of it is published.",
                next_step="fetch or copy the file again, and run again",
            ) from error
        self._digest.update(chunk)
        if self._on_progress is not None:
            self._on_progress(min(self._raw.tell(), self._size), self._size)
        return chunk

    def digest(self) -> str:
        """SHA-256 of the bytes read so far, in hex."""
        return self._digest.hexdigest()


@contextmanager
def open_content(
    path: Path, on_progress: Callable[[int, int], None] | None = None
) -> Iterator[FileContent]:
    """The content of a file, open while the context lasts.

    Raises:
        UsageError: there is no such file, it is no regular file, or it may not be read.
    """
    try:
        if not path.is_file():
            raise UsageError(
                f"{path} is {'a folder' if path.is_dir() else 'not there'}.",
                rule="A source is a file of calls for service, or `synthetic`.",
                next_step="--source FILE, or --source synthetic",
            )
        raw = path.open("rb")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be opened: {error.strerror}.",
            next_step="make the file readable, or name another with --source",
        ) from error
    with raw:
        yield FileContent(path, raw, on_progress)
