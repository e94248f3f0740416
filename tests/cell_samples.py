"""Cells of a batch as tests write them: row by row."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from sfcrime.store.outcome import CellColumns
from sfcrime.store.records import CellCount


def cells_of(cells: Iterable[CellCount]) -> CellColumns:
    """The columns of few cells."""
    rows = list(cells)
    return CellColumns(
        windows_us=pa.array([row.window_us for row in rows], pa.int64()),
        call_types=pa.array([row.call_type for row in rows], pa.string()),
        dispositions=pa.array([row.disposition for row in rows], pa.string()),
        calls=pa.array([row.calls for row in rows], pa.int64()),
    )
