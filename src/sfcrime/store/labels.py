"""Interned labels: raw call types and dispositions as small numbers.

3,400 labels stand in 2.5 million cells; numbers keep a cell at 15 bytes and its key cheap to
compare. Numbers are given in the writer's transaction and never change.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table

from sfcrime.store.outcome import Column
from sfcrime.store.rows import labels_by_text


class Labels:
    """One table of labels as the writer knows it.

    Args:
        table: `call_type` or `disposition`: an id, and one text column.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._text = next(column for column in table.columns if column.name != "id")
        self._ids: dict[str, int] = {}
        self._new: dict[str, int] = {}

    def read(self, connection: Connection) -> None:
        """Learns what the store holds, forgetting anything else."""
        self._ids = labels_by_text(connection, self._table)
        self._new = {}

    def number(self, connection: Connection, column: Column) -> pa.Array:
        """The id of each label of the column, as int64; labels not met before are inserted.

        They count as known only after `keep`, so a rolled-back batch leaves nothing behind.
        """
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        texts: list[str] = encoded.dictionary.to_pylist()
        self._new = {}
        for text in texts:
            if text not in self._ids and text not in self._new:
                self._new[text] = len(self._ids) + len(self._new) + 1
        if self._new:
            connection.execute(
                self._table.insert(),
                [{"id": number, self._text.name: text} for text, number in self._new.items()],
            )
        numbers = [self._ids.get(text) or self._new[text] for text in texts]
        return pc.take(pa.array(numbers, pa.int64()), encoded.indices)

    def drop(self) -> None:
        """The transaction failed: what it would have made known is not."""
        self._new = {}

    def keep(self) -> None:
        """The transaction was committed: the new labels are known from now on."""
        self._ids.update(self._new)
        self._new = {}
