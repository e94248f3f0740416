"""The uncompressed content of a file, with its digest and the progress of reading it."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader

import pyarrow as pa

from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.elements import Chunks
from sfcrime.sources.input_files import InputFile, OnRead

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_OTHER_PACKINGS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
}
_MAGIC_BYTES = 6


class FileContent:
    """The bytes of an open file, unpacked where it is gzip or zstd."""

    def __init__(self, file: InputFile, raw: BufferedReader, on_read: OnRead | None) -> None:
        self.path = file.path
        self.name = file.name
        self.size = file.path.stat().st_size
        """Of the file as it is, in bytes."""
        self._raw = raw
        self._on_read = on_read
        self._digest = hashlib.sha256()
        magic = raw.read(_MAGIC_BYTES)
        raw.seek(0)
        for other, packing in _OTHER_PACKINGS.items():
            if magic.startswith(other):
                raise UsageError(
                    f"{file.name} is packed with {packing}.",
                    rule="A file of calls is plain, or packed with gzip or zstd.",
                    next_step="unpack it, and name the unpacked file",
                )
        self._unpacked = _unpacked(raw, magic)
        self.is_packed = self._unpacked is not raw
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end; `read` gives them again.

        Raises:
            UnreadableFile: as `read`.
        """
        while len(self._ahead) < size and (chunk := self._read(size - len(self._ahead))):
            self._ahead += chunk
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end alone.

        Raises:
            UnreadableFile: the packed data is cut, damaged or followed by other bytes, or the
                device fails.
        """
        if self._ahead:
            chunk, self._ahead = self._ahead[:size], self._ahead[size:]
            return chunk
        return self._read(size)

    def _read(self, size: int) -> bytes:
        try:
            chunk = self._unpacked.read(size)
        except (EOFError, zlib.error, OSError) as error:
            near = f"near byte {self._raw.tell()} of {self.size}"
            problem = f"cannot be read to its end: {error} ({near})"
            raise UnreadableFile(self.name, problem) from error
        self._digest.update(chunk)
        self.report(self._raw.tell())
        return chunk

    def digest_whole(self) -> None:
        """Makes the bytes of the whole file the digest's, for readers that go to and fro in it."""
        self._raw.seek(0)
        self._digest = hashlib.file_digest(self._raw, "sha256")

    def report(self, done: int) -> None:
        """Tells how many of the file's bytes are done with."""
        if self._on_read is not None:
            self._on_read(min(done, self.size), self.size)

    def digest(self) -> str:
        """SHA-256 of the bytes read so far, in hex."""
        return self._digest.hexdigest()


@contextmanager
def open_content(file: InputFile, on_read: OnRead | None = None) -> Iterator[FileContent]:
    """The content of a file, open while the context lasts.

    Raises:
        UsageError: there is no such file, it is no regular file, it may not be read, or it is
            packed in a way that is not read here.
    """
    path = file.path
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise UsageError(
                f"{file.name} is {what if path.exists() else 'not there'}.",
                rule="A source is files of calls for service, `-` (standard input, of `sfcrime "
                "produce`), or `synthetic`.",
                next_step="name a file, or files by a pattern such as 'calls/*.csv'",
            )
        raw = path.open("rb")
    except OSError as error:
        raise UsageError(
            f"{file.name} cannot be opened: {error.strerror}.",
            next_step="make the file readable, or name another",
        ) from error
    with raw:
        yield FileContent(file, raw, on_read)


def _unpacked(raw: BufferedReader, magic: bytes) -> Chunks:
    unpacked: Chunks = raw
    if magic.startswith(_GZIP_MAGIC):
        unpacked = gzip.GzipFile(fileobj=raw)
    elif magic.startswith(_ZSTD_MAGIC):
        unpacked = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return unpacked
