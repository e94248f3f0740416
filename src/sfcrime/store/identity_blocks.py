"""The stored blocks of identities, as readers see them, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from sfcrime.domain.calls import Stage
from sfcrime.errors import AccountingBroken
from sfcrime.store import schema
from sfcrime.store.identity_columns import IdentityColumns, contained, merged
from sfcrime.store.identity_packing import unpacked

BLOCKS_AT_A_TIME = 64
"""Read by one statement: some 2 MiB of bytes."""
_HIGHEST_STAGE = max(Stage)
_CALL_IDS = 10**18


class BlockHeader(NamedTuple):
    """What a row of `identity_block` says of its bytes; keys are (time key, call id)."""

    number: int
    """The row's id."""
    level: int
    identities: int
    first: tuple[int, int]
    last: tuple[int, int]


class StoredBlock(NamedTuple):
    """One block as it was read."""

    header: BlockHeader
    rows: IdentityColumns
    """What it holds; no rows where its bytes cannot be read."""
    unreadable: str
    """Why they cannot; empty where they can."""


def block_headers(connection: Connection, number: int) -> list[BlockHeader]:
    """Those of generation `number`, by level and first key."""
    table = schema.identity_block
    rows = connection.execute(
        select(
            *(table.c.id, table.c.level, table.c.identities),
            *(table.c.first_time_key, table.c.first_call_id),
            *(table.c.last_time_key, table.c.last_call_id),
        )
        .where(table.c.generation_id == number)
        .order_by(table.c.level, table.c.first_time_key, table.c.first_call_id, table.c.id)
    )
    return [BlockHeader(*row[:3], tuple(row[3:5]), tuple(row[5:])) for row in rows]


def stored_identities(connection: Connection, number: int) -> Iterator[StoredBlock]:
    """Every block of generation `number`, by level and first key, one in memory at a time."""
    headers = block_headers(connection, number)
    found = packed_blocks(connection, [header.number for header in headers])
    for header, (_, content) in zip(headers, found, strict=True):
        try:
            yield StoredBlock(header, unpacked(content, header.identities, header.first), "")
        except AccountingBroken as error:
            yield StoredBlock(header, IdentityColumns.joined([]), error.happened)


def packed_blocks(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each block asked for, in the order asked, read 64 at a time.

    Raises:
        AccountingBroken: one is not there.
    """
    table = schema.identity_block
    for start in range(0, len(numbers), BLOCKS_AT_A_TIME):
        wanted = list(numbers[start : start + BLOCKS_AT_A_TIME])
        rows = connection.execute(
            select(table.c.id, table.c.packed).where(table.c.id.in_(wanted))
        ).all()
        contents = {row.id: row.packed for row in rows}
        for block in wanted:
            if block not in contents:
                raise AccountingBroken(
                    f"Block {block} of the identities is not in the store.",
                    rule="Only the writer changes the identities.",
                    next_step="start the job again, which reads the whole store",
                )
            yield block, contents[block]


def block_faults(blocks: Iterable[StoredBlock]) -> Iterator[str]:
    """What is wrong with the stored blocks, one sentence each; nothing where all is well.

    Found are: bytes that cannot be read, a header that is not its content's, rows out of order,
    a stage or a call id that is none, an identity twice in a level or in level 0 and one above,
    and blocks of one level (from 1) that overlap. Levels from 1 may interleave: an identity that
    stands in two of them is found by the count alone.

    Args:
        blocks: as `stored_identities` gives them: by level and first key.
    """
    previous: BlockHeader | None = None
    level_0 = IdentityColumns.joined([])
    for header, rows, unreadable in blocks:
        if unreadable:
            yield f"Block {header.number}: {unreadable}"
            continue
        yield from (f"Block {header.number} {fault}." for fault in _own_faults(header, rows))
        twice = int(contained(level_0, rows).sum())
        if twice:
            yield f"Block {header.number} holds {twice:,} identities that level 0 holds too."
        if header.level == 0:
            level_0 = merged(level_0, rows)
        elif previous and previous.level == header.level and previous.last >= header.first:
            yield (
                f"Block {header.number} begins at {header.first}, but block {previous.number} of "
                f"the same level {header.level} ends at {previous.last}."
            )
        previous = header


def _own_faults(header: BlockHeader, rows: IdentityColumns) -> Iterator[str]:
    if len(rows) != header.identities:
        yield f"says {header.identities:,} identities and holds {len(rows):,}"
    for name, said, at in (("begins", header.first, 0), ("ends", header.last, -1)):
        key = key_at(rows, at)
        if key != said:
            yield f"{name} at {key}, not at {said} as its row says"
    times, ids = rows.time_keys, rows.call_ids
    smaller = (times[1:] < times[:-1]) | ((times[1:] == times[:-1]) & (ids[1:] < ids[:-1]))
    if smaller.any():
        yield f"has {int(smaller.sum()):,} identities that are smaller than the one before"
    if rows.repeats().any():
        yield f"holds {int(rows.repeats().sum()):,} identities twice"
    if (rows.stages > _HIGHEST_STAGE).any():
        yield "has a stage that is none"
    if (ids < 0).any() or (ids >= _CALL_IDS).any():
        yield "has a call id that is none"


def key_at(rows: IdentityColumns, at: int) -> tuple[int, int]:
    """Time key and call id of one row."""
    return int(rows.time_keys[at]), int(rows.call_ids[at])
