"""Writing identities: into level 0 as they come, merged into higher levels in bounded steps.

Level 0 takes every batch as blocks of its own. Full, it is merged into level 1. A level above its
bound hands blocks to the next, those first that overlap the fewest there; one that overlaps none
only changes its level. So what comes in order of time is written twice at most, and what comes
in any order some nine times a level, whose number grows with the logarithm of all identities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from sqlalchemy import Connection, Delete, Update, bindparam, delete, insert, update

from sfcrime.errors import AccountingBroken
from sfcrime.store import schema
from sfcrime.store.identity_blocks import BlockHeader, key_at
from sfcrime.store.identity_cache import BlockCache
from sfcrime.store.identity_columns import IdentityColumns, Integers, merged
from sfcrime.store.identity_levels import Held, IdentityBounds, Level
from sfcrime.store.identity_packing import packed

_table = schema.identity_block


@dataclass(slots=True)
class Merging:
    """One transaction's changes to the identities of generation `number`."""

    _connection: Connection
    _number: int
    held: Held
    """What is held with them: the caller takes it over after COMMIT."""
    _bounds: IdentityBounds
    _cache: BlockCache

    def add(self, fresh: IdentityColumns) -> None:
        """Takes in sorted rows of which none is held."""
        level_0 = merged(self.held.level_0, fresh)
        numbers = self.held.level_0_numbers
        is_full = len(level_0) >= self._bounds.level_0_identities
        if is_full or len(numbers) >= self._bounds.level_0_blocks:
            self._delete(numbers)
            self.held = replace(self.held, level_0=level_0.take(slice(0, 0)), level_0_numbers=())
            self._pour(level_0, 1)
        else:
            written = [header.number for header in self._write(fresh, 0)]
            self.held = replace(self.held, level_0=level_0, level_0_numbers=(*numbers, *written))
        # Each level gets on average no more than the batch, and may hand on twice that: a level
        # is never far above its bound, and no commit works for more than its own rows.
        budget = self._bounds.block_identities + 2 * len(fresh)
        for level in range(1, len(self.held.levels) + 1):
            above = int(self.held.level(level).identities.sum()) - self._bounds.identities_of(level)
            if above > 0:
                self._hand_on(level, min(above, budget))

    def _hand_on(self, level: int, identities: int) -> None:
        """Moves blocks with at least so many identities into the next level."""
        blocks, below = self.held.level(level), self.held.level(level + 1)
        overlaps = below.overlaps(blocks)
        order = np.argsort(overlaps, kind="stable")  # of equal ones the oldest calls go first
        enough = int(np.searchsorted(np.cumsum(blocks.identities[order]), identities)) + 1
        taken = np.sort(order[:enough])
        lone = overlaps[taken] == 0
        if len(below):
            lone &= blocks.identities[taken] >= self._bounds.lone_identities
        moved, poured = taken[lone], taken[~lone]
        rows = self._read(blocks, level, poured)
        self._change_level(blocks.numbers[moved], level + 1)
        self._delete(blocks.numbers[poured])
        self.held = self.held.with_level(level, blocks.changed(taken, []))
        # Moved blocks first: rows beside them must not be merged into a block across them.
        below = below.changed([], [blocks.header(int(each), level) for each in moved])
        self.held = self.held.with_level(level + 1, below)
        if len(rows):
            self._pour(rows, level + 1)

    def _pour(self, keys: IdentityColumns, level: int) -> None:
        """Merges sorted rows into a level, rewriting only the blocks that they belong to."""
        blocks = self.held.level(level)
        if not len(blocks):
            blocks = blocks.changed([], self._write(keys, level))
            self.held = self.held.with_level(level, blocks)
            return
        removed: list[int] = []
        added: list[BlockHeader] = []
        alone: list[IdentityColumns] = []
        into: list[tuple[int, IdentityColumns]] = []
        for position, start, stop in zip(*blocks.receiving(keys), strict=True):
            group = keys.take(slice(start, stop))
            last = blocks.header(int(position), level).last
            if key_at(group, 0) > last and len(group) >= self._bounds.lone_identities:
                alone.append(group)
            else:
                into.append((int(position), group))
        headers = [blocks.header(position, level) for position, _ in into]
        found = self._cache.blocks(self._connection, headers)
        for (position, group), rows in zip(into, found, strict=True):
            removed.append(position)
            added += self._write(merged(rows, group), level)
        for group in alone:
            added += self._write(group, level)
        self._delete([header.number for header in headers])
        self.held = self.held.with_level(level, blocks.changed(removed, added))

    def _read(self, blocks: Level, level: int, positions: Integers) -> IdentityColumns:
        headers = [blocks.header(int(position), level) for position in positions]
        return IdentityColumns.joined(list(self._cache.blocks(self._connection, headers)))

    def _write(self, rows: IdentityColumns, level: int) -> list[BlockHeader]:
        """Inserts sorted rows as blocks, and says which."""
        twice = np.flatnonzero(rows.repeats())
        if len(twice):
            at = int(twice[0])
            raise AccountingBroken(
                f"Call {rows.call_ids[at]} at {rows.calls_us[at]} us on the wall would be held "
                f"twice, and {len(twice) - 1:,} more.",
                rule="An identity is held once; its second record is a duplicate.",
            )
        written = []
        for part, content in self._parts(rows):
            header = BlockHeader(
                self.held.next_number, level, len(part), key_at(part, 0), key_at(part, -1)
            )
            self.held = replace(self.held, next_number=header.number + 1)
            written.append((header, content))
            if level:  # level 0 is in memory as a whole
                self._cache.keep(header.number, part.copy())
        self._connection.execute(insert(_table), [self._row(*each) for each in written])
        return [header for header, _ in written]

    def _parts(self, rows: IdentityColumns) -> Iterator[tuple[IdentityColumns, bytes]]:
        """Even parts of the rows, small enough for a block, and their bytes."""
        for part in _even(rows, -(-len(rows) // self._bounds.block_identities)):
            content = packed(part)
            shares = round(len(content) / self._bounds.block_bytes)
            if shares > 1 and len(part) >= 2 * shares:
                yield from ((share, packed(share)) for share in _even(part, shares))
            else:
                yield part, content

    def _row(self, header: BlockHeader, content: bytes) -> dict[str, object]:
        return {
            "id": header.number,
            "generation_id": self._number,
            "level": header.level,
            "first_time_key": header.first[0],
            "first_call_id": header.first[1],
            "last_time_key": header.last[0],
            "last_call_id": header.last[1],
            "identities": header.identities,
            "packed": content,
        }

    def _change_level(self, numbers: Integers, level: int) -> None:
        statement = update(_table).where(_table.c.id == bindparam("number")).values(level=level)
        self._execute_on(numbers.tolist(), statement)

    def _delete(self, numbers: Sequence[int] | Integers) -> None:
        listed = [int(number) for number in numbers]
        self._execute_on(listed, delete(_table).where(_table.c.id == bindparam("number")))
        for number in listed:
            self._cache.forget(number)

    def _execute_on(self, numbers: list[int], statement: Update | Delete) -> None:
        if not numbers:
            return
        changed = self._connection.execute(statement, [{"number": number} for number in numbers])
        if changed.rowcount != len(numbers):
            raise AccountingBroken(
                f"{len(numbers):,} blocks of identities were to be changed, and "
                f"{changed.rowcount:,} were there.",
                rule="Only the writer changes the identities.",
                next_step="start the job again, which reads the whole store",
            )


def _even(rows: IdentityColumns, parts: int) -> list[IdentityColumns]:
    cuts = [len(rows) * part // parts for part in range(parts + 1)]
    return [rows.take(slice(*ends)) for ends in pairwise(cuts)]
