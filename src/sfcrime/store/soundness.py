"""Whether a store is one state of its ledger, looked at whenever it is opened for writing.

Each commit keeps that true, and a power cut does. A copy that was taken file by file while a job
wrote does not: its files, and the pages of one file, may be of different moments, which SQLite
cannot see. So every sum that the totals state is added up again: 0.7 s for 2.7 million cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from sqlalchemy import Connection, Table, func, select

from sfcrime.store import database, rows, schema, sqlite
from sfcrime.store.address import StoreAddress
from sfcrime.store.records import PartitionRange

_MOST_PROBLEMS = 10
_CHECK_LIMIT_S = 120.0


def require_sound(connection: Connection, address: StoreAddress, *, in_order: bool) -> None:
    """Refuses a store whose parts are not of one moment.

    Args:
        connection: in a transaction.
        address: of the store, for the message.
        in_order: it was closed in order; else its pages are checked too.

    Raises:
        StoreUnavailable: naming what does not fit.
    """
    pages = [] if in_order else database.wrong_pages(connection, 1)
    for problem in chain(pages, _wrong_sums(connection)):
        raise database.damaged(address, problem)


def store_problems(address: StoreAddress) -> list[str]:
    """What is wrong with a store: with its pages, indexes and references, or else with its sums.

    Raises:
        StoreUnavailable: it cannot be read at all.
    """
    clock = sqlite.ReadClock(_CHECK_LIMIT_S)
    engine = database.open_for_reading(address, clock)
    with database.translated(address, clock), engine.begin() as connection:
        found = database.wrong_pages(connection, _MOST_PROBLEMS)
        found += database.lost_references(connection)
        return found[:_MOST_PROBLEMS] or list(_wrong_sums(connection))


def _wrong_sums(connection: Connection) -> Iterator[str]:
    for number in connection.scalars(select(schema.totals.c.generation_id)).all():
        for what, stated, held in _sums(connection, number):
            if stated != held:
                yield f"it states {stated:,} {what}, and holds {held:,}"


def _sums(connection: Connection, number: int) -> Iterator[tuple[str, int, int]]:
    """What the totals of a generation state, and what the tables hold."""
    totals = rows.totals(connection, number)
    account, ledger = totals.accounting, rows.partitions(connection, number)
    cell, window = schema.cell, schema.window_total
    block, batch = schema.identity_block, schema.batch
    calls, *labels = connection.execute(
        select(
            func.coalesce(func.sum(cell.c.calls), 0),
            func.coalesce(func.max(cell.c.call_type_id), 0),
            func.coalesce(func.max(cell.c.disposition_id), 0),
        ).where(cell.c.generation_id == number)
    ).one()
    yield "counted calls in cells", account.counted, calls
    windows = select(func.coalesce(func.sum(window.c.calls), 0))
    in_windows = connection.scalar(windows.where(window.c.generation_id == number)) or 0
    yield "counted calls in windows", account.counted, in_windows
    for table, used in zip((schema.call_type, schema.disposition), labels, strict=True):
        held = connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
        yield f"labels in {table.name}", used, min(used, held)
    identities = select(func.coalesce(func.sum(block.c.identities), 0))
    held = connection.scalar(identities.where(block.c.generation_id == number)) or 0
    yield "identities", account.counted, held
    yield from _set_aside_sums(connection, number, ledger)
    offsets = sum(each.end - each.start for each in ledger)
    yield "offsets of partitions", account.read + account.gaps, offsets
    for name in ("counted", "late", "rejected"):
        by_partition = sum(getattr(each, name) for each in ledger)
        yield f"{name} records of partitions", getattr(account, name), by_partition
    newest = connection.scalar(
        select(func.max(batch.c.batch_id)).where(batch.c.generation_id == number)
    )
    yield "batches", totals.batches, 0 if newest is None else newest + 1


def _set_aside_sums(
    connection: Connection, number: int, ledger: Sequence[PartitionRange]
) -> Iterator[tuple[str, int, int]]:
    """What the accounts of partitions state of records set aside, and the sums by reason hold; and
    what those state to be kept, and the rows are."""
    sums = rows.set_aside_sums(connection, number)
    for table in (schema.rejected, schema.late):
        mine = [each for each in sums if each.is_late is (table is schema.late)]
        summed, kept = Counter[int](), Counter[int]()
        for each in mine:
            summed[each.partition] += each.records
            kept[each.partition] += each.kept
        found = dict(_rows_by_partition(connection, table, number))
        stated = {each.partition: getattr(each, table.name) for each in ledger}
        for partition in sorted({*stated, *summed, *found}):
            what = f"{table.name} records of partition {partition}"
            yield f"{what} by reason", stated.get(partition, 0), summed[partition]
            yield f"kept {what}", kept[partition], found.get(partition, 0)


def _rows_by_partition(
    connection: Connection, table: Table, number: int
) -> Iterator[tuple[int, int]]:
    counted = select(table.c.partition, func.count()).where(table.c.generation_id == number)
    for row in connection.execute(counted.group_by(table.c.partition)):
        yield row[0], row[1]
