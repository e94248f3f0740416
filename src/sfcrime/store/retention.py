"""How much of each history is kept: what a commit leaves behind beyond that is dropped in it.

Rejected and late records are dropped in the order in which they were committed, those of one batch
by offset; what they came to stays in `set_aside`. Each commit drops what it added and a bounded
number more, so that a bound that was lowered is reached over some batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, delete, func, literal, select, update

from sfcrime.domain.outcomes import Outcome
from sfcrime.store import schema
from sfcrime.store.outcome import BatchOutcome, LedgerBefore

MORE_DROPPED_AT_ONCE = 10_000
"""Rejected records, and late ones, beyond those that the commit added: some 10 ms."""
BATCHES_FORGOTTEN_AT_ONCE = 1_000
_LOOKED_AT_ONCE = 5_000
"""Rows of one partition; looking takes 0.1 us each."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many rows are kept, the newest ones of each generation."""

    batches: int
    """Batches that keep their ledger rows and progress, at least 1."""
    rejected_rows: int = 0
    """Rejected records; 0: all."""
    late_rows: int = 0
    """Late records; 0: all."""


class _Run(NamedTuple):
    """Neighbouring rows of one partition that one batch left; runs sort as they were committed."""

    batch_id: int
    """-1: not known, before all others."""
    past: int
    """The offset after the last of them."""
    partition: int
    rows: int


def forget_batches(connection: Connection, number: int, table: Table, before: int) -> None:
    """Deletes rows of batches older than `before`, those of the oldest 1,000 at most; totals keep
    what they counted."""
    mine = table.c.generation_id == number
    oldest = select(func.min(table.c.batch_id)).where(mine).scalar_subquery()
    past = oldest + BATCHES_FORGOTTEN_AT_ONCE
    connection.execute(
        delete(table).where(mine, table.c.batch_id < before, table.c.batch_id < past)
    )


def drop_set_aside(
    connection: Connection,
    number: int,
    keep: Retention,
    outcome: BatchOutcome,
    before: LedgerBefore,
) -> None:
    """Drops the oldest rows of rejected and of late records, where there are more than are kept.

    Args:
        connection: in the transaction that wrote the batch.
        number: of the generation.
        keep: how many are kept.
        outcome: the batch.
        before: what was there before it.
    """
    for table, most in ((schema.rejected, keep.rejected_rows), (schema.late, keep.late_rows)):
        if most:
            kept = {each.partition: getattr(each, table.name) for each in outcome.ranges}
            added = sum(kept.values())
            for each in before.set_aside:
                if each.is_late is (table is schema.late):
                    kept[each.partition] = kept.get(each.partition, 0) + each.kept
            due = min(sum(kept.values()) - most, added + MORE_DROPPED_AT_ONCE)
            if due > 0:
                _drop_oldest(connection, number, table, kept, due)


def _drop_oldest(
    connection: Connection, number: int, table: Table, kept: Mapping[int, int], due: int
) -> None:
    """Drops `due` of the rows that are kept, by partition."""
    at_once = min(due, _LOOKED_AT_ONCE)
    partitions = [partition for partition, rows in kept.items() if rows]
    runs = merge(*(_runs(connection, number, table, each, at_once) for each in partitions))
    ends: dict[int, int] = {}
    for run in runs:
        end = run.past
        if run.rows > due:
            mine = _rows(table, number, run.partition, ends.get(run.partition, 0))
            some = select(table.c.record_offset).where(*mine).order_by(table.c.record_offset)
            end = connection.scalars(some.limit(1).offset(due)).one()
        ends[run.partition] = end
        due -= run.rows
        if due <= 0:
            break
    for partition, end in ends.items():
        _drop_before(connection, number, table, partition, end)


def _runs(
    connection: Connection, number: int, table: Table, partition: int, at_once: int
) -> Iterator[_Run]:
    """The runs of a partition, in order, from `at_once` rows at a time."""
    start = 0
    while True:
        some = (
            select(func.coalesce(table.c.batch_id, -1).label("batch_id"), table.c.record_offset)
            .where(*_rows(table, number, partition, start))
            .order_by(table.c.record_offset)
            .limit(at_once)
            .subquery()
        )
        past = (func.max(some.c.record_offset) + 1).label("past")
        runs = select(some.c.batch_id, past, func.count()).group_by(some.c.batch_id).order_by(past)
        found = connection.execute(runs).all()
        if not found:
            return
        for batch_id, end, rows in found:
            yield _Run(batch_id, end, partition, rows)
        start = found[-1].past


def _drop_before(
    connection: Connection, number: int, table: Table, partition: int, end: int
) -> None:
    """Drops the rows of a partition below the offset `end`; the sums say how many they were."""
    mine = (*_rows(table, number, partition, 0), table.c.record_offset < end)
    reason = literal(Outcome.LATE.value) if table is schema.late else table.c.reason
    sums, offset = schema.set_aside, table.c.record_offset
    dropped = select(reason, func.count(), func.max(offset) + 1).where(*mine).group_by(reason)
    for name, rows, kept_from in connection.execute(dropped).all():
        key = (sums.c.generation_id == number, sums.c.partition == partition)
        connection.execute(
            update(sums)
            .where(*key, sums.c.reason == name)
            .values(dropped=sums.c.dropped + rows, kept_from=kept_from)
        )
    connection.execute(delete(table).where(*mine))


def _rows(table: Table, number: int, partition: int, start: int) -> tuple[ColumnElement[bool], ...]:
    """Those of a partition at or after the offset `start`."""
    columns = table.c
    return (
        columns.generation_id == number,
        columns.partition == partition,
        columns.record_offset >= start,
    )
