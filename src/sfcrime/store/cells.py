"""What readers ask of the cells, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, func, literal, select

from sfcrime.domain.wall_clock import MICROS
from sfcrime.store import schema

Condition = list[ColumnElement[bool]]


def between(number: int, since_us: int | None, until_us: int | None) -> Condition:
    """The cells of generation `number` whose windows begin within the bounds."""
    cell = schema.cell
    bounds = [cell.c.generation_id == number]
    # Cells start on whole seconds: rounding both bounds up keeps them exact.
    if since_us is not None:
        bounds.append(cell.c.window_s >= -(-since_us // MICROS))
    if until_us is not None:
        bounds.append(cell.c.window_s < -(-until_us // MICROS))
    return bounds


def labelled(where: Condition) -> Select[Any]:
    """Window, call type, disposition and calls of each cell, in this order."""
    cell, call_type, disposition = schema.cell, schema.call_type, schema.disposition
    return (
        select(cell.c.window_s, call_type.c.label, disposition.c.code, cell.c.calls)
        .join(call_type, call_type.c.id == cell.c.call_type_id)
        .join(disposition, disposition.c.id == cell.c.disposition_id)
        .where(*where)
        .order_by(cell.c.window_s, call_type.c.label, disposition.c.code)
    )


def numbered(where: Condition) -> Select[Any]:
    """Window in seconds, numbers of call type and disposition, and calls, in the order of the
    table's key."""
    cell = schema.cell
    key = (cell.c.window_s, cell.c.call_type_id, cell.c.disposition_id)
    return select(*key, cell.c.calls).where(*where).order_by(*key)


def window_totals(number: int, changed_after: int | None) -> Select[Any]:
    """The totals of generation `number` by window; only those that a batch above `changed_after`
    changed, unless that is None."""
    table = schema.window_total
    statement = select(table.c.window_s, table.c.calls, table.c.batch_id)
    statement = statement.where(table.c.generation_id == number).order_by(table.c.window_s)
    return statement if changed_after is None else statement.where(table.c.batch_id > changed_after)


def newest(where: Condition) -> Select[Any]:
    """The newest window; NULL where there is no cell."""
    return select(func.max(schema.cell.c.window_s)).where(*where)


def wider_window(width_s: int, origin_s: int) -> ColumnElement[int]:
    """Where the window of `width_s` seconds begins that a cell lies in; one begins at `origin_s`,
    which no cell lies before."""
    return (schema.cell.c.window_s - origin_s) // width_s * width_s + origin_s


def grouped(where: Condition, window: ColumnElement[int] | None, *, types: bool) -> Select[Any]:
    """Window (0 for None), numbers of call type (0 for all of them) and disposition, and calls, in
    no given order."""
    cell = schema.cell
    # In the order of the table's key, so that what can be is grouped without sorting.
    key = (
        literal(0) if window is None else window.label("window"),
        cell.c.call_type_id if types else literal(0),
        cell.c.disposition_id,
    )
    grouped_by = [each for each in key if not isinstance(each, BindParameter)]
    return select(*key, func.sum(cell.c.calls)).where(*where).group_by(*grouped_by)


def largest(where: Condition, most: int) -> Select[Any]:
    """Window, number of the call type and calls of the `most` cells with the most calls; of equal
    ones those whose call types were counted first."""
    cell = schema.cell
    return (
        select(cell.c.window_s, cell.c.call_type_id, cell.c.calls)
        .where(*where)
        .order_by(cell.c.calls.desc(), cell.c.call_type_id)
        .limit(most)
    )


def total(where: Condition) -> Select[Any]:
    """The calls of all cells; NULL where there is none."""
    return select(func.sum(schema.cell.c.calls)).where(*where)
