"""Cells of 28 days as columns: 3 to 4 bytes a cell, and their sums by label and disposition. Pure.

Rows are sorted by label and disposition, so that one number for each pair of these, and none for
each row, says where the pair's rows begin. Labels come by category and reading: whoever wants
those of one category or type reads rows that lie together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.labels import CallTypes
from sfcrime.statistics.rollups import DAY_S, FIRST_MONDAY_S, HOUR_S

CHUNK_S = 28 * DAY_S
"""Four weeks, so that a batch of live calls renews one or two chunks of some 40,000 cells, and
few chunks of a long span are cut by its ends."""
HOURS_OF_A_CHUNK = CHUNK_S // HOUR_S


@dataclass(frozen=True, slots=True)
class Cells:
    """Row i of the columns is one cell."""

    windows: NDArray[np.int64]
    """Starts of windows, seconds on the wall."""
    labels: NDArray[np.int64]
    """Numbers of `CallTypes`."""
    dispositions: NDArray[np.int64]
    calls: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.calls)

    def only(self, wanted: NDArray[np.bool_]) -> Cells:
        """Those of the rows that are wanted."""
        return Cells(
            self.windows[wanted],
            self.labels[wanted],
            self.dispositions[wanted],
            self.calls[wanted],
        )

    def followed_by(self, others: Cells) -> Cells:
        """These and then the others."""
        return Cells(
            np.concatenate([self.windows, others.windows]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.dispositions, others.dispositions]),
            np.concatenate([self.calls, others.calls]),
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Calls by label and disposition: row i of the columns is one pair."""

    labels: NDArray[np.int64]
    dispositions: NDArray[np.int64]
    calls: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeptPairs:
    """The same in as few bytes as they take: a chunk has some 4,000."""

    labels: NDArray[np.int32]
    dispositions: NDArray[np.int16]
    calls: NDArray[np.integer]

    def unpacked(self) -> Pairs:
        """For who computes with them."""
        return Pairs(
            *(each.astype(np.int64) for each in (self.labels, self.dispositions, self.calls))
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """The cells of 28 days, immutable; made by `chunk_of`."""

    start_s: int
    window_s: int
    """Width of a window, a whole part of an hour."""
    labels: NDArray[np.int32]
    """Those with cells, by category, then reading, then number."""
    label_rows: NDArray[np.int32]
    """Where the rows of each begin, and where the last one's end."""
    pairs: KeptPairs
    """Sums over the 28 days, in the order of the rows."""
    pair_rows: NDArray[np.int32]
    """Where the rows of each pair begin, and where the last one's end."""
    windows: NDArray[np.uint16]
    """Of each row, windows since the start: at most 40,320 of one minute."""
    calls: NDArray[np.integer]
    """Of each row, in as few bytes as the largest takes."""
    by_hour: NDArray[np.int64]
    """Calls of each of the 672 hours."""

    def total(self) -> int:
        return int(self.by_hour.sum())

    def cells(self) -> Cells:
        """All of them as rows."""
        times, pairs = np.diff(self.pair_rows), self.pairs.unpacked()
        return Cells(
            self.start_s + self.windows.astype(np.int64) * self.window_s,
            np.repeat(pairs.labels, times),
            np.repeat(pairs.dispositions, times),
            self.calls.astype(np.int64),
        )

    def pairs_between(self, since_s: int, until_s: int) -> Pairs:
        """Calls by label and disposition of the windows within [since_s, until_s), whole hours."""
        if since_s <= self.start_s and until_s >= self.start_s + CHUNK_S:
            return self.pairs.unpacked()
        since, until = ((each - self.start_s) // self.window_s for each in (since_s, until_s))
        inside = (self.windows >= max(since, 0)) & (self.windows < max(until, 0))
        sums = np.add.reduceat(np.where(inside, self.calls, 0), self.pair_rows[:-1], dtype=np.int64)
        some, pairs = sums > 0, self.pairs.unpacked()
        return Pairs(pairs.labels[some], pairs.dispositions[some], sums[some])

    def hours_of(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Calls of each of the 672 hours under the labels that are wanted."""
        some = np.concatenate([[False], wanted[self.labels], [False]])
        edges = np.flatnonzero(some[1:] != some[:-1])  # from where to where labels are wanted
        if not len(edges):
            return np.zeros(HOURS_OF_A_CHUNK, np.int64)
        rows = self.label_rows[edges].reshape(-1, 2).tolist()
        windows = np.concatenate([self.windows[start:end] for start, end in rows])
        calls = np.concatenate([self.calls[start:end] for start, end in rows])
        return _by_hour(windows, calls, self.window_s)


def chunk_start(windows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Start of the chunk that each window lies in, a Monday."""
    return windows - (windows - FIRST_MONDAY_S) % CHUNK_S


def chunk_of(start_s: int, window_s: int, cells: Cells, types: CallTypes, codes: int) -> Chunk:
    """The chunk of some cells.

    Args:
        start_s: where it starts.
        window_s: width of the generation's windows.
        cells: at least one; those of one key are added up.
        types: all labels of the cells, at least.
        codes: how many dispositions there are.
    """
    present = np.flatnonzero(np.bincount(cells.labels, minlength=len(types.labels)))
    order = np.lexsort((present, types.reading[present], types.category[present]))
    labels = present[order]
    place = np.zeros(len(types.labels), np.int64)
    place[labels] = np.arange(len(labels))
    windows = CHUNK_S // window_s
    key = (place[cells.labels] * codes + cells.dispositions) * windows
    key += (cells.windows - start_s) // window_s
    key, calls = added_up(key, cells.calls)
    pair, window = np.divmod(key, windows)
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    label, disposition = np.divmod(pair[first], codes)
    rows = np.append(first, len(key)).astype(np.int32)
    narrow = window.astype(np.uint16)
    return Chunk(
        start_s=start_s,
        window_s=window_s,
        labels=labels.astype(np.int32),
        label_rows=rows[np.searchsorted(label, np.arange(len(labels) + 1))],
        pairs=KeptPairs(
            labels[label].astype(np.int32),
            disposition.astype(np.int16),
            _narrow(np.add.reduceat(calls, first)),
        ),
        pair_rows=rows,
        windows=narrow,
        calls=_narrow(calls),
        by_hour=_by_hour(narrow, calls, window_s),
    )


def added_up(
    key: NDArray[np.int64], calls: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each key once, ascending, and the calls of its rows together."""
    order = np.argsort(key)
    key, calls = key[order], calls[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    if len(first) == len(key):
        return key, calls
    return key[first], np.add.reduceat(calls, first)


def _narrow(calls: NDArray[np.int64]) -> NDArray[np.integer]:
    """The same in as few bytes as the largest of them takes."""
    return calls.astype(np.min_scalar_type(calls.max()))


def _by_hour(
    windows: NDArray[np.uint16], calls: NDArray[np.integer], window_s: int
) -> NDArray[np.int64]:
    sums = np.bincount(windows, calls, minlength=CHUNK_S // window_s)  # whole below 2**53
    by_hour: NDArray[np.int64] = sums.reshape(HOURS_OF_A_CHUNK, -1).sum(axis=1).astype(np.int64)
    return by_hour
