"""All cells of a generation in memory, as columns, for questions about types and dispositions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.chunk import CHUNK_S, HOURS_OF_A_CHUNK, Chunk, Pairs, added_up
from sfcrime.dashboard.memory.hours import HourTotals, hour_totals
from sfcrime.dashboard.memory.labels import CallTypes as CallTypes
from sfcrime.statistics.rollups import HOUR_S
from sfcrime.store.records import Totals

_DENSE_PAIRS = 4_000_000
"""Up to so many possible pairs of label and disposition are added up in a table with a place for
each; those of hostile records are sorted."""


@dataclass(frozen=True)
class CellColumns:
    """All cells of one generation, as one snapshot had them. Immutable; spans are half open,
    seconds on the wall, whole hours."""

    totals: Totals
    """Of the same snapshot: its newest batch, and as many counted calls as the cells hold."""
    types: CallTypes
    dispositions: Sequence[str]
    """Raw codes by number."""
    chunks: Mapping[int, Chunk]
    """By start; only those with cells."""

    @property
    def calls(self) -> int:
        """Of all cells together."""
        return sum(each.total() for each in self.chunks.values())

    @cached_property
    def hours(self) -> HourTotals:
        """Calls by hour of these cells; those of the whole count may be some batches ahead."""
        starts_s = np.array(sorted(self.chunks), np.int64)
        hours_s = (starts_s[:, None] + HOUR_S * np.arange(HOURS_OF_A_CHUNK)).ravel()
        by_hour = [self.chunks[start_s].by_hour for start_s in starts_s.tolist()]
        calls = np.concatenate([np.zeros(0, np.int64), *by_hour])
        return hour_totals(hours_s[calls > 0], calls[calls > 0])

    def by_label(self, since_s: int, until_s: int) -> NDArray[np.int64]:
        """Calls of each label of `types.labels`."""
        pairs = self._pairs(since_s, until_s)
        sums = np.bincount(pairs.labels, pairs.calls, minlength=len(self.types.labels))
        return sums.astype(np.int64)

    def by_label_and_disposition(self, since_s: int, until_s: int) -> Pairs:
        """Calls by label and disposition, each pair with calls once, in no given order; numbers of
        `types.labels` and of `dispositions`."""
        pairs, codes = self._pairs(since_s, until_s), len(self.dispositions)
        key = pairs.labels * codes + pairs.dispositions
        possible = len(self.types.labels) * codes
        if possible <= _DENSE_PAIRS and len(key) > possible // 16:
            sums = np.bincount(key, pairs.calls, minlength=possible)
            key = np.flatnonzero(sums)
            calls = sums[key].astype(np.int64)
        else:
            key, calls = added_up(key, pairs.calls)
        return Pairs(key // max(codes, 1), key % max(codes, 1), calls)

    def by_hour(
        self, since_s: int, until_s: int, wanted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Calls of each hour of the span, 0 outside of the count.

        Args:
            since_s: start of the first hour.
            until_s: end of the last hour.
            wanted: of each label of `types.labels`, whether its calls are wanted; None: all.
        """
        found = np.zeros(max(0, (until_s - since_s) // HOUR_S), np.int64)
        for chunk in self._between(since_s, until_s):
            calls = chunk.by_hour if wanted is None else chunk.hours_of(wanted)
            shift = (chunk.start_s - since_s) // HOUR_S
            start, end = max(shift, 0), min(shift + len(calls), len(found))
            found[start:end] = calls[start - shift : end - shift]
        return found

    def _between(self, since_s: int, until_s: int) -> Iterator[Chunk]:
        return (
            chunk
            for start_s, chunk in self.chunks.items()
            if start_s < until_s and since_s < start_s + CHUNK_S
        )

    def _pairs(self, since_s: int, until_s: int) -> Pairs:
        """Calls by label and disposition; a pair may be there once for each chunk."""
        found = [each.pairs_between(since_s, until_s) for each in self._between(since_s, until_s)]
        if not found:
            return Pairs(*(np.zeros(0, np.int64) for _ in range(3)))
        return Pairs(
            np.concatenate([each.labels for each in found]),
            np.concatenate([each.dispositions for each in found]),
            np.concatenate([each.calls for each in found]),
        )
