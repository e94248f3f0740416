"""Reads the cells of one generation into columns, and renews what batches changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.changes import ChangedCells, Changes, changed_cells, newest_changes
from sfcrime.dashboard.memory.chunk import CHUNK_S, Cells, Chunk, chunk_of, chunk_start
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.dashboard.memory.labels import CallTypeEntries, CodeEntries, Numbers, Texts
from sfcrime.errors import StoreUnavailable
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import Totals, WindowTotal

_WINDOWS_BETWEEN = 12
"""Windows that did not change are read with those around them if they are at most so many in a
row: that costs less than one more statement."""


class Stopped(Exception):
    """Reading was given up because nobody wants the columns any more."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """Columns as a later snapshot had them."""

    columns: CellColumns
    changes: Changes
    """Of the cells since the columns that were renewed."""


class ColumnReader:
    """Reads columns of one generation; one thread at a time.

    Args:
        is_stopped: asked every 10,000 cells and every 500 new labels; True makes a read
            end with `Stopped`.
    """

    def __init__(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self._window_s = 0
        self._is_stopped = is_stopped
        self._types = CallTypeEntries()
        self._codes = CodeEntries()
        self._type_numbers = Numbers(self._types.add)
        self._code_numbers = Numbers(self._codes.add)

    def read(self, reader: StoreReader) -> CellColumns:
        """All of them; some 1 us a cell.

        Raises:
            StoreUnavailable: the cells do not add up to the counted calls of the snapshot.
        """
        totals = reader.totals()
        self._window_s = reader.generation().window_minutes * 60
        windows = np.fromiter((each.window_s for each in reader.window_totals()), np.int64)
        chunks: dict[int, Chunk] = {}
        for start_s in np.unique(chunk_start(windows)).tolist():
            cells = self._cells(reader, start_s, start_s + CHUNK_S)
            chunks[start_s] = self._chunk(start_s, cells)
        columns = self._columns(totals, chunks)
        if columns.calls != totals.accounting.counted:
            raise StoreUnavailable(
                f"The cells of the store hold {columns.calls:,} calls, its totals state "
                f"{totals.accounting.counted:,}.",
                rule="Cells and totals are written in one transaction.",
                next_step="sfcrime audit says which cells differ",
            )
        return columns

    def renew(
        self,
        reader: StoreReader,
        totals: Totals,
        old: CellColumns,
        changed: Sequence[WindowTotal],
    ) -> Renewed | None:
        """Columns as the reader's snapshot has them; only what changed is read.

        Args:
            reader: of the generation.
            totals: of the same snapshot.
            old: what this `ColumnReader` read or renewed last.
            changed: the windows that batches after those of `old` changed, by window.

        Returns:
            None where cells and totals do not fit each other: everything has to be read.
        """
        windows = np.array([each.window_s for each in changed], np.int64)
        starts = chunk_start(windows)
        chunks, found = dict(old.chunks), list[tuple[Cells, Cells]]()
        for start_s in np.unique(starts).tolist():
            some = windows[starts == start_s]
            now = self._cells_of(reader, some)
            kept, before = _parted(chunks.get(start_s), some)
            chunks[start_s] = self._chunk(start_s, kept.followed_by(now))
            found.append((before, now))
        columns = self._columns(totals, chunks)
        if columns.calls != totals.accounting.counted:
            return None
        return Renewed(columns, self._changes(reader, columns, found, changed))

    def _cells_of(self, reader: StoreReader, windows: NDArray[np.int64]) -> Cells:
        """Those of some windows, which ascend."""
        gaps = np.flatnonzero(np.diff(windows) > (_WINDOWS_BETWEEN + 1) * self._window_s) + 1
        cells = _no_cells()
        for some in np.split(windows, gaps):
            found = self._cells(reader, int(some[0]), int(some[-1]) + self._window_s)
            cells = cells.followed_by(found.only(np.isin(found.windows, some)))
        return cells

    def _cells(self, reader: StoreReader, since_s: int, until_s: int) -> Cells:
        pages = []
        for page in reader.numbered_cells(since_s, until_s):
            if self._is_stopped():
                raise Stopped
            pages.append(np.array(page, np.int64))
        if not pages:
            return _no_cells()
        windows, types, codes, calls = np.concatenate(pages).T
        return Cells(
            windows,
            self._type_numbers.of(types, self._until_stopped(reader.call_type_texts)),
            self._code_numbers.of(codes, self._until_stopped(reader.disposition_texts)),
            calls,
        )

    def _until_stopped(self, texts: Texts) -> Texts:
        def checked(numbers: Collection[int]) -> Mapping[int, str]:
            if self._is_stopped():
                raise Stopped
            return texts(numbers)

        return checked

    def _chunk(self, start_s: int, cells: Cells) -> Chunk:
        types, codes = self._types.types(), self._codes.codes()
        return chunk_of(start_s, self._window_s, cells, types, len(codes))

    def _columns(self, totals: Totals, chunks: dict[int, Chunk]) -> CellColumns:
        return CellColumns(totals, self._types.types(), self._codes.codes(), chunks)

    def _changes(
        self,
        reader: StoreReader,
        columns: CellColumns,
        found: list[tuple[Cells, Cells]],
        changed: Sequence[WindowTotal],
    ) -> Changes:
        labels, codes = len(columns.types.labels), len(columns.dispositions)
        cells = _together(changed_cells(*each, labels, codes) for each in found)
        windows = np.array([each.window_s for each in changed], np.int64)
        batch_of = np.array([each.batch_id for each in changed], np.int64)
        batches = batch_of[np.searchsorted(windows, cells.now.windows)]
        newest, newest_ms = columns.totals.last_batch_id, columns.totals.committed_ms
        assert newest is not None and newest_ms is not None  # something was changed by a batch
        committed_ms = dict.fromkeys(batch_of.tolist(), newest_ms)
        if len(committed_ms) > 1:
            rows = reader.ledger_rows(newest + 1 - min(committed_ms))
            committed_ms |= {each.batch_id: each.committed_ms for each in rows}
        return newest_changes(cells, batches, committed_ms, columns.types, columns.dispositions)


def _no_cells() -> Cells:
    return Cells(*(np.zeros(0, np.int64) for _ in range(4)))


def _parted(chunk: Chunk | None, windows: NDArray[np.int64]) -> tuple[Cells, Cells]:
    """The cells of a chunk that are not in some windows, and those that are."""
    if chunk is None:
        return _no_cells(), _no_cells()
    cells = chunk.cells()
    inside = np.isin(cells.windows, windows)
    return cells.only(~inside), cells.only(inside)


def _together(parts: Iterator[ChangedCells]) -> ChangedCells:
    cells, added = _no_cells(), np.zeros(0, np.int64)
    for part in parts:
        cells, added = cells.followed_by(part.now), np.concatenate([added, part.added])
    return ChangedCells(cells, added)
