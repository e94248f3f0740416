"""The identities a generation has counted: kept in the store for ever, looked up by column.

Lives in the writer's transaction: `first_copies` says which rows of a batch are new, `add` writes
them, and after COMMIT `keep` makes them known (`drop` after a failed one). Memory holds where
blocks lie (48 bytes each), the newest 131,072 identities, and unpacked blocks: 32 MiB of them in a
backlog, else half a MiB.
"""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection, func, select

from sfcrime.errors import AccountingBroken
from sfcrime.store import schema
from sfcrime.store.identity_blocks import block_headers
from sfcrime.store.identity_cache import BlockCache
from sfcrime.store.identity_columns import IdentityColumns, Mask, contained
from sfcrime.store.identity_levels import Held, IdentityBounds, Level
from sfcrime.store.identity_merging import Merging


class Identities:
    """What one writer knows of the identities of one generation; nothing before `turn_to`.

    Not for several threads at once.
    """

    def __init__(self, bounds: IdentityBounds | None = None) -> None:
        self._bounds = bounds or IdentityBounds()
        self._cache = BlockCache(self._bounds.cache_bytes)
        self._number: int | None = None
        self._held: Held | None = None
        self._changed: Held | None = None

    def held(self, connection: Connection) -> int:
        """Identities held; read first where nothing is known yet.

        Raises:
            AccountingBroken: a block that is read here is not what its row says.
        """
        return self._newest(connection).identities

    def turn_to(self, number: int) -> None:
        """Forgets everything; what generation `number` holds is read when it is needed first. So a
        damaged block stops a job that counts on, and none that counts from the start again."""
        self.drop()
        self._number = number

    def first_copies(self, connection: Connection, keys: IdentityColumns) -> Mask:
        """Which rows are the first copy of an identity that is not held.

        Args:
            keys: in the order that decides which copy is the first.

        Returns:
            True or False for each row, in the order of the rows.

        Raises:
            AccountingBroken: a block that is read here is not what its row says.
        """
        held = self._newest(connection)
        first = np.zeros(len(keys), np.bool_)
        if not len(keys):
            return first
        order = keys.order()
        ordered = keys.take(order)
        fresh = ~ordered.repeats()
        fresh &= ~contained(held.level_0, ordered)
        for number, level in enumerate(held.levels, start=1):
            self._find(connection, level, number, ordered, fresh)
        first[order] = fresh
        return first

    def _find(
        self, connection: Connection, level: Level, number: int, keys: IdentityColumns, fresh: Mask
    ) -> None:
        """Clears `fresh` where one of the sorted keys is held by the level."""
        touched = level.touched(keys)
        headers = [level.header(int(position), number) for position in touched.positions]
        blocks = self._cache.blocks(connection, headers)
        for rows, start, stop in zip(blocks, touched.starts, touched.stops, strict=True):
            fresh[start:stop] &= ~contained(rows, keys.take(slice(start, stop)))

    def add(self, connection: Connection, fresh: IdentityColumns) -> None:
        """Writes identities that `first_copies` found new, in the write transaction.

        Args:
            fresh: in any order; none held, none twice.

        Raises:
            AccountingBroken: an identity would be held twice (found where the blocks it lies in
                are written), or the store did not change by as many identities.
        """
        held = self._newest(connection)
        if not len(fresh) or self._number is None:
            return
        merging = Merging(connection, self._number, held, self._bounds, self._cache)
        merging.add(fresh.take(fresh.order()))
        expected = held.identities + len(fresh)
        if merging.held.identities != expected:
            raise AccountingBroken(
                f"The store would hold {merging.held.identities:,} identities.",
                rule=f"It held {held.identities:,}, and {len(fresh):,} are new.",
            )
        self._changed = merging.held

    def keep(self) -> None:
        """The transaction was committed: what was added is held from now on."""
        if self._changed is not None:
            self._held, self._changed = self._changed, None

    def release(self) -> None:
        """Gives back what only a backlog has a use for: calls that come live lie in few blocks."""
        self._cache.cut(self._bounds.live_cache_bytes)

    def drop(self) -> None:
        """The transaction failed: everything is read again when it is needed next."""
        self._cache.clear()
        self._held = self._changed = None

    def _newest(self, connection: Connection) -> Held:
        if self._changed is not None:
            return self._changed
        if self._held is None:
            if self._number is None:
                return _NOTHING
            self._held = _read(connection, self._number, self._cache)
        return self._held


_NOTHING = Held(IdentityColumns.joined([]), (), (), 1)


def _read(connection: Connection, number: int, cache: BlockCache) -> Held:
    headers = block_headers(connection, number)
    newest = connection.scalar(select(func.max(schema.identity_block.c.id))) or 0
    in_level_0 = [header for header in headers if header.level == 0]
    parts = IdentityColumns.joined(list(cache.blocks(connection, in_level_0)))
    cache.clear()  # level 0 is in memory as a whole
    highest = max((header.level for header in headers), default=0)
    return Held(
        level_0=parts.take(parts.order()),
        level_0_numbers=tuple(header.number for header in in_level_0),
        levels=tuple(
            Level().changed([], [header for header in headers if header.level == level])
            for level in range(1, highest + 1)
        ),
        next_number=newest + 1,
    )
