"""Interned labels: raw call types and dispositions as small numbers.

3,400 labels stand in 2.5 million cells; numbers keep a cell at 15 bytes and its key cheap to
compare. Numbers are given in the writer's transaction, and stay as long as a cell has the label.
The store knows all labels; memory holds a bounded number of those used last.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select

from sfcrime.store import rows, schema
from sfcrime.store.outcome import Column

LABELS_KEPT = 8_192
"""Of each table, in memory: twice what the real calls have. A label has at most 256 bytes (R14 of
docs/rules.md)."""

LABELS_FORGOTTEN_AT_ONCE = 5_000
"""In one transaction: each may lie on two pages of its own, 40 MB in all."""


class Labels:
    """One table of labels as the writer knows it.

    Args:
        table: `call_type` or `disposition`: an id, and one text column.
        most: labels kept in memory.
    """

    def __init__(self, table: Table, most: int = LABELS_KEPT) -> None:
        self._table = table
        self._most = most
        self._kept: dict[str, int] = {}
        self._used: dict[str, int] = {}

    def __len__(self) -> int:
        """Labels in memory."""
        return len(self._kept.keys() | self._used.keys())

    def number(self, connection: Connection, column: Column) -> pa.Array:
        """The id of each label of the column, as int64; labels that the store lacks are inserted.

        They are kept in memory only after `keep`, so a rolled-back batch leaves nothing behind.
        """
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        numbers: list[int] = []
        self._used = {}
        for start in range(0, len(encoded.dictionary), rows.LABELS_AT_A_TIME):
            texts = encoded.dictionary.slice(start, rows.LABELS_AT_A_TIME).to_pylist()
            found = self._found_or_made(connection, texts)
            numbers += [found[text] for text in texts]
            if len(self._used) + len(found) <= self._most:
                self._used |= found
        return pc.take(pa.array(numbers, pa.int64()), encoded.indices)

    def _found_or_made(self, connection: Connection, texts: list[str]) -> dict[str, int]:
        found = {text: self._kept[text] for text in texts if text in self._kept}
        unknown = dict.fromkeys(text for text in texts if text not in found)
        if unknown:
            found |= rows.label_numbers(connection, self._table, unknown)
        new = [text for text in unknown if text not in found]
        if new:
            number, text_column = self._table.columns
            first = (connection.scalar(select(func.max(number))) or 0) + 1
            made = dict(zip(new, range(first, first + len(new)), strict=True))
            connection.execute(
                insert(self._table),
                [{number.name: each, text_column.name: text} for text, each in made.items()],
            )
            found |= made
        return found

    def forget_unused(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Deletes the labels that no cell of any generation has.

        Args:
            transaction: begins one; many short ones are made. No batch may be committed between
                them: it could use a label that no cell had at first.
        """
        number = self._table.c.id
        # Some thousand numbers: PostgreSQL keeps those at hand, and not one for each cell.
        in_cells = select(schema.cell.c[f"{self._table.name}_id"]).distinct()
        statement = select(number).where(number.not_in(in_cells)).order_by(number)
        with transaction() as connection:
            unused = np.fromiter(connection.scalars(statement), np.int64)  # 8 bytes a label
        self._kept = {}
        for start in range(0, len(unused), LABELS_FORGOTTEN_AT_ONCE):
            some = unused[start : start + LABELS_FORGOTTEN_AT_ONCE].tolist()
            with transaction() as connection:
                one = delete(self._table).where(number == bindparam("unused"))
                connection.execute(one, [{"unused": each} for each in some])

    def drop(self) -> None:
        """The transaction failed: what it would have made known is not."""
        self._used = {}

    def keep(self) -> None:
        """The transaction was committed: what it used is known from now on, and as much of what
        was known before as there is room for all of, or none of it."""
        together = self._kept | self._used
        self._kept = together if len(together) <= self._most else self._used
        self._used = {}
