"""What the writer keeps in memory of the stored identities: level 0, and where the other blocks
lie.

Frozen: a change makes a new one, so that a transaction which fails changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from sfcrime.store.identity_blocks import BlockHeader
from sfcrime.store.identity_columns import (
    IdentityColumns,
    Integers,
    lower_bound,
    upper_bound,
)


@dataclass(frozen=True, slots=True)
class IdentityBounds:
    """How large the parts of the stored identities may get.

    By measurement; tests make them tiny. Every store can be read and continued with any bounds.
    """

    block_identities: int = 16_384
    """Most identities of a block; twice as many compress no better."""
    block_bytes: int = 32_768
    """What a block is split at where its identities compress badly: one look-up reads little."""
    level_0_identities: int = 131_072
    """Level 0 with so many is merged into level 1; 2 MiB of memory."""
    level_0_blocks: int = 1_024
    """The same with so many blocks, so that opening reads few."""
    level_1_identities: int = 262_144
    growth: int = 8
    """How many times more than level n level n + 1 may hold."""
    cache_bytes: int = 32 << 20
    """Memory of unpacked blocks."""
    live_cache_bytes: int = 512 << 10
    """The same after a batch of live calls."""

    @property
    def lone_identities(self) -> int:
        """Fewer than these never make a block of their own beside another of the level."""
        return max(1, self.block_identities // 4)

    def identities_of(self, level: int) -> int:
        """Most identities of a level from 1; above them it hands blocks to the next."""
        return self.level_1_identities * int(self.growth ** (level - 1))


class Touched(NamedTuple):
    """Of block `positions[i]` of a level the rows [starts[i], stops[i]) are searched."""

    positions: Integers
    starts: Integers
    stops: Integers


_NUMBER, _IDENTITIES, _FIRST, _LAST, _WIDTH = 0, 1, 2, 4, 6


@dataclass(frozen=True, slots=True)
class Level:
    """The blocks of one level from 1, by first key; none overlaps another."""

    rows: Integers = field(default_factory=lambda: np.empty((0, _WIDTH), np.int64))
    """A block a row: number, identities, first time key and call id, last time key and call id."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def numbers(self) -> Integers:
        return self.rows[:, _NUMBER]

    @property
    def identities(self) -> Integers:
        return self.rows[:, _IDENTITIES]

    @property
    def firsts(self) -> IdentityColumns:
        return IdentityColumns(self.rows[:, _FIRST], self.rows[:, _FIRST + 1])

    @property
    def lasts(self) -> IdentityColumns:
        return IdentityColumns(self.rows[:, _LAST], self.rows[:, _LAST + 1])

    def header(self, position: int, level: int) -> BlockHeader:
        """The block at a position of this level."""
        number, identities, *keys = (int(value) for value in self.rows[position])
        return BlockHeader(number, level, identities, (keys[0], keys[1]), (keys[2], keys[3]))

    def changed(self, removed: Sequence[int] | Integers, added: Sequence[BlockHeader]) -> Level:
        """The level without the blocks at the positions `removed`, and with those `added`."""
        kept = np.delete(self.rows, np.asarray(removed, np.int64), axis=0)
        new = [[each.number, each.identities, *each.first, *each.last] for each in added]
        rows = np.concatenate([kept, np.array(new, np.int64).reshape(-1, _WIDTH)])
        return Level(rows[np.lexsort((rows[:, _FIRST + 1], rows[:, _FIRST]))])

    def touched(self, keys: IdentityColumns) -> Touched:
        """The blocks that one of the sorted keys (at least one) may stand in."""
        start = int(lower_bound(self.lasts, keys.take(slice(0, 1)))[0])
        stop = int(upper_bound(self.firsts, keys.take(slice(-1, None)))[0])
        positions = np.arange(start, stop)
        if len(positions) > len(keys):  # few keys far apart: only the blocks around them
            around = upper_bound(self.firsts, keys) - 1
            positions = np.unique(around[around >= start])
        starts = lower_bound(keys, self.firsts.take(positions))
        stops = upper_bound(keys, self.lasts.take(positions))
        hit = stops > starts
        return Touched(positions[hit], starts[hit], stops[hit])

    def receiving(self, keys: IdentityColumns) -> Touched:
        """Where the sorted keys (at least one) belong: each to the last block that begins at or
        before it, or to the first block."""
        begun = upper_bound(self.firsts, keys.take(slice(0, 1)))[0]
        stop = int(upper_bound(self.firsts, keys.take(slice(-1, None)))[0])
        positions = np.arange(max(0, int(begun) - 1), max(1, stop))
        cuts = lower_bound(keys, self.firsts.take(positions))
        cuts[0] = 0
        stops = np.append(cuts[1:], len(keys))
        hit = stops > cuts
        return Touched(positions[hit], cuts[hit], stops[hit])

    def overlaps(self, above: Level) -> Integers:
        """How many blocks of this level each block of the level above overlaps."""
        return upper_bound(self.firsts, above.lasts) - lower_bound(self.lasts, above.firsts)


@dataclass(frozen=True, slots=True)
class Held:
    """All identities of a generation, as the writer knows them at one instant."""

    level_0: IdentityColumns
    """Sorted, all blocks of level 0 together: they may overlap, no identity stands twice."""
    level_0_numbers: tuple[int, ...]
    levels: tuple[Level, ...]
    """Level 1 and on."""
    next_number: int
    """Above the number of every block in the store."""

    @property
    def identities(self) -> int:
        """How many they are."""
        return len(self.level_0) + sum(int(each.identities.sum()) for each in self.levels)

    def level(self, level: int) -> Level:
        """A level from 1; one not begun is empty."""
        return self.levels[level - 1] if level <= len(self.levels) else Level()

    def with_level(self, level: int, blocks: Level) -> Held:
        """The same with other blocks in one level; at most the one after the last is new."""
        return replace(self, levels=(*self.levels[: level - 1], blocks, *self.levels[level:]))
