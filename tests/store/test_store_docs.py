"""docs/store.md says what the tables are."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from sfcrime.store import schema
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
TABLES = re.compile(r"^### (\w+)\n\n(.+)\n\n\| column .*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)


def documented() -> dict[str, list[tuple[str, str, bool, bool]]]:
    """Table -> (column, type, in the key, may be null), as the page has them."""
    found = {}
    for name, _, lines in TABLES.findall(PAGE):
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines.splitlines()]
        assert all(row[4] for row in cells), f"a column of {name} has no meaning"
        found[name] = [(row[0], row[1], row[2] == "key", row[3] == "null") for row in cells]
    return found


def test_every_table_and_column_is_on_the_page(tmp_path: Path) -> None:
    open_writer(tmp_path / "sfcrime.db", history_rows=1).close()
    connection = sqlite3.connect(tmp_path / "sfcrime.db")
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    in_the_file = {
        name: [
            (row[1], row[2], bool(row[5]), not row[3])
            for row in connection.execute(f"PRAGMA table_info({name})")
        ]
        for name in names
    }
    connection.close()
    assert documented() == in_the_file


def test_every_table_is_described_in_the_words_of_the_code() -> None:
    said = {name: words for name, words, _ in TABLES.findall(PAGE)}
    assert said == {table.name: table.comment for table in schema.metadata.sorted_tables}


def test_the_example_query_runs(tmp_path: Path) -> None:
    with open_writer(tmp_path / "sfcrime.db", history_rows=1) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
    query = PAGE.split("```sql\n")[1].split("```")[0]
    connection = sqlite3.connect(tmp_path / "sfcrime.db")
    first = connection.execute(query).fetchone()
    connection.close()
    assert first == ("2018-10-02 09:00:00", "Traf Violation Cite", "CIT", 3)
