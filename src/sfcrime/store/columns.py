"""The cells of a batch, column by column, as the writer takes them.

Owns the form and the checks on it, not the tables. A batch of 250,000 records changes about
150,000 cells; as Arrow columns they are sorted and numbered at 0.25 us each, as tuples at 1.1 us.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sfcrime.store.records import CellCount

Column: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass(frozen=True, slots=True)
class CellColumns:
    """Changed cells of one batch: row i of the four columns is one `CellCount`.

    Columns have one length, hold no nulls, and may come in any order. A key is best given once
    (one repeated is added up). `windows_us` and `calls` are int64; the labels are strings,
    dictionary-encoded or not.
    """

    windows_us: Column
    call_types: Column
    dispositions: Column
    calls: Column

    @classmethod
    def from_cells(cls, cells: Iterable[CellCount]) -> CellColumns:
        """Columns of rows: for few cells, as tests have them."""
        rows = list(cells)
        return cls(
            windows_us=pa.array([row.window_us for row in rows], pa.int64()),
            call_types=pa.array([row.call_type for row in rows], pa.string()),
            dispositions=pa.array([row.disposition for row in rows], pa.string()),
            calls=pa.array([row.calls for row in rows], pa.int64()),
        )

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def counted(self) -> int:
        """The sum of `calls`."""
        return int(pc.sum(self.calls).as_py() or 0)
