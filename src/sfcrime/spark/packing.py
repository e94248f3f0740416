"""Packs what an executor's Python needs to judge: sfcrime and the packages that judging imports.

PySpark is not among it, a cluster has its own. The archive fits executors of this system, this
processor and this minor version of Python.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path
from typing import BinaryIO

import sfcrime
from sfcrime.errors import UsageError

PACKAGES = ("msgspec", "numpy", "orjson", "pyarrow", "tzdata")
"""Beside sfcrime itself."""
_LEFT_OUT = (
    *("*.dist-info/*", "*/__pycache__/*", "../*", "*/tests/*", "*/include/*", "*/src/*"),
    *("*.pyi", "*.pyx", "*.pxi", "*.pxd", "*.h", "*.a", "*.c", "*.cc", "*.cmake"),
    "numpy/f2py/*",
    # Copies of one library under two more names than the one that is loaded, `.so.2600`.
    *("pyarrow/libarrow_python*.so", "pyarrow/libarrow_python*.so.*.*.*"),
    # Arrow over networks and clouds.
    *("pyarrow/*flight*", "pyarrow/*s3*", "pyarrow/*gcs*", "pyarrow/*azure*", "pyarrow/*hdfs*"),
    *("pyarrow/*encryption*", "pyarrow/*_orc*"),
)
"""What a worker never opens: a third of the packages' bytes."""
_DATE = 315_532_800
"""1980-01-01, of every file: what is packed again is the same to the byte."""
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that was made."""

    path: Path
    files: int
    size: int
    """Bytes."""
    sha256: str


def pack_site(path: Path) -> Packed:
    """Writes the archive, in place of one that is there; the same packages give the same bytes.

    Raises:
        UsageError: it cannot be written there.
    """
    files = dict(_files())
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as out:
            _write(files, out)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(
            f"The archive {path} cannot be written: {error.strerror}.",
            next_step="name a file in a folder that is there and that you can write with -o",
        ) from error
    with path.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    return Packed(path, len(files), path.stat().st_size, digest)


def _files() -> Iterator[tuple[str, Path]]:
    """Name in the archive and place of each file."""
    own = Path(sfcrime.__file__).parent
    for path in own.rglob("*.py"):
        yield str(path.relative_to(own.parent)), path
    for package in PACKAGES:
        for file in distribution(package).files or ():
            if not any(fnmatch(str(file), pattern) for pattern in _LEFT_OUT):
                yield str(file), Path(str(file.locate()))


def _write(files: dict[str, Path], out: BinaryIO) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = files[name].stat().st_size, _DATE, 0o644
            with files[name].open("rb") as file:
                archive.addfile(entry, file)
