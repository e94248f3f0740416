"""Whether the store's file is sound, as the database itself can tell."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from sfcrime.store import sqlite

_MOST_PROBLEMS = 10
_LIMIT_S = 120.0


def file_problems(path: Path) -> list[str]:
    """What the database finds wrong with its pages, indexes and references; at most 10.

    Raises:
        StoreUnavailable: the file cannot be read at all.
    """
    clock = sqlite.ReadClock(_LIMIT_S)
    engine = sqlite.open_for_reading(path, clock)
    with sqlite.translated(path, clock), engine.begin() as connection:
        clock.restart()
        pages = connection.execute(text(f"PRAGMA quick_check({_MOST_PROBLEMS})")).scalars().all()
        references = connection.execute(text("PRAGMA foreign_key_check")).all()
    found = [str(line) for line in pages if line != "ok"]
    found += [f"a row of {row[0]} refers to a {row[2]} that is not there" for row in references]
    return found[:_MOST_PROBLEMS]
