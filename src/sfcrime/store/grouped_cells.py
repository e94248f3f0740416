"""Calls that the database adds up or picks out for a reader, with the texts of their labels."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement

from sfcrime.domain.wall_clock import MICROS
from sfcrime.store import cells, schema
from sfcrime.store.records import CellCount, Grouping, LargestCells
from sfcrime.store.snapshot import Snapshot


def calls_by(snapshot: Snapshot, where: cells.Condition, grouping: Grouping) -> list[CellCount]:
    """Calls of the cells by raw disposition and what else is asked for; in no given order."""
    window: ColumnElement[int] | None = None
    if grouping.windows:
        window = schema.cell.c.window_s
        if grouping.width_s is not None:
            window = cells.wider_window(grouping.width_s, grouping.origin_s)
    types, codes = {0: ""}, dict[int, str]()
    counts: list[CellCount] = []
    for some in snapshot.pages(cells.grouped(where, window, types=grouping.types)):
        snapshot.read_texts(schema.call_type, {row[1] for row in some}, types)
        snapshot.read_texts(schema.disposition, {row[2] for row in some}, codes)
        counts += [
            CellCount(window_s * MICROS, types[type_id], codes[code_id], calls)
            for window_s, type_id, code_id, calls in some
        ]
    return counts


def largest_cells(
    snapshot: Snapshot, since: Callable[[int | None], cells.Condition], back_us: int, most: int
) -> LargestCells:
    """The cells with the most calls, of the newest window and those right before it.

    Args:
        snapshot: what is read.
        since: the condition of the generation's cells from a time on, None: of all.
        back_us: from the start of the newest window back to that of the first.
        most: how many cells are read where there are more.
    """
    newest = next(snapshot.rows(cells.newest(since(None))))[0]
    if newest is None:
        return LargestCells([], 0)
    where = since(newest * MICROS - back_us)
    found = list(snapshot.rows(cells.largest(where, most)))
    left_out = 0
    if len(found) == most:
        left_out = next(snapshot.rows(cells.total(where)))[0] - sum(row[2] for row in found)
    types: dict[int, str] = {}
    snapshot.read_texts(schema.call_type, {row[1] for row in found}, types)
    largest = [CellCount(row[0] * MICROS, types[row[1]], "", row[2]) for row in found]
    return LargestCells(largest, left_out)
