"""From the names that a user gives to the files that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

from sfcrime.errors import UsageError
from sfcrime.sources.content import InputFile


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
