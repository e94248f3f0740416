"""Identities as columns of numbers: how they are made, ordered, searched and merged.

An identity is (call id, call time, stage). It stands here as the pair (time key, call id), in
this order, where `time key = call_us << 2 | stage`: calls of one time lie side by side, whatever
their ids are, so what arrives together is found together. Needs NumPy, but neither Arrow nor the
database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfcrime.domain.calls import Stage

Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

STAGE_BITS = 2
"""Stages are 0 to 3; microseconds up to the year 2099 need 52 bits, so a time key needs 54."""


@dataclass(frozen=True, slots=True)
class IdentityColumns:
    """Row i of both columns is one identity; int64, of equal length, in any order."""

    time_keys: Integers
    """Call time in microseconds on the wall, times 4, plus the stage."""
    call_ids: Integers
    """From 0 to 10^18 - 1."""

    @classmethod
    def of_calls(
        cls,
        call_ids: Sequence[int] | Integers,
        calls_us: Sequence[int] | Integers,
        stage: Stage | Sequence[int] | Integers = Stage.CLOSED,
    ) -> IdentityColumns:
        """Columns of calls; `stage` is one for all of them, or a column of its own."""
        times = np.asarray(calls_us, np.int64) << STAGE_BITS
        return cls(times | np.asarray(stage, np.int64), np.asarray(call_ids, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[IdentityColumns]) -> IdentityColumns:
        """The rows of all parts, one part after the other; of none: no rows."""
        none = np.empty(0, np.int64)
        return cls(
            np.concatenate([none, *(part.time_keys for part in parts)]),
            np.concatenate([none, *(part.call_ids for part in parts)]),
        )

    def __len__(self) -> int:
        return len(self.time_keys)

    @property
    def calls_us(self) -> Integers:
        """Call times, microseconds on the wall."""
        return self.time_keys >> STAGE_BITS

    @property
    def stages(self) -> Integers:
        """Numbers of `Stage`."""
        return self.time_keys & ((1 << STAGE_BITS) - 1)

    @property
    def nbytes(self) -> int:
        """Memory of both columns."""
        return int(self.time_keys.nbytes + self.call_ids.nbytes)

    def take(self, rows: Mask | Integers | slice) -> IdentityColumns:
        """The rows of a mask, an index or a slice; a slice copies nothing."""
        return IdentityColumns(self.time_keys[rows], self.call_ids[rows])

    def copy(self) -> IdentityColumns:
        """The same rows in memory of their own, so that a slice does not hold the whole."""
        return IdentityColumns(self.time_keys.copy(), self.call_ids.copy())

    def order(self) -> Integers:
        """The index that sorts the rows; equal ones stay in the order they came in.

        Rows that are nearly in order already take 0.007 us each, shuffled ones 0.1 us.
        """
        return np.lexsort((self.call_ids, self.time_keys))

    def repeats(self) -> Mask:
        """Of sorted rows: True where a row equals the one before it."""
        found = np.zeros(len(self), np.bool_)
        found[1:] = (self.time_keys[1:] == self.time_keys[:-1]) & (
            self.call_ids[1:] == self.call_ids[:-1]
        )
        return found


def lower_bound(sorted_rows: IdentityColumns, wanted: IdentityColumns) -> Integers:
    """For each wanted row, how many of the sorted rows are smaller than it."""
    low = np.searchsorted(sorted_rows.time_keys, wanted.time_keys, side="left")
    high = np.searchsorted(sorted_rows.time_keys, wanted.time_keys, side="right")
    # Between both stand the rows of the same time key: halved by call id, all searches at once.
    # At most 21 rounds for a million calls of one instant, 2 or 3 for what a city sends.
    open_rows = np.flatnonzero(low < high)
    while len(open_rows):
        middle = (low[open_rows] + high[open_rows]) >> 1
        smaller = sorted_rows.call_ids[middle] < wanted.call_ids[open_rows]
        low[open_rows[smaller]] = middle[smaller] + 1
        high[open_rows[~smaller]] = middle[~smaller]
        open_rows = open_rows[low[open_rows] < high[open_rows]]
    return low


def upper_bound(sorted_rows: IdentityColumns, wanted: IdentityColumns) -> Integers:
    """For each wanted row, how many of the sorted rows are not greater than it."""
    return lower_bound(sorted_rows, IdentityColumns(wanted.time_keys, wanted.call_ids + 1))


def contained(sorted_rows: IdentityColumns, wanted: IdentityColumns) -> Mask:
    """For each wanted row, whether it is among the sorted rows."""
    if not len(sorted_rows):
        return np.zeros(len(wanted), np.bool_)
    at = np.minimum(lower_bound(sorted_rows, wanted), len(sorted_rows) - 1)
    found: Mask = (sorted_rows.time_keys[at] == wanted.time_keys) & (
        sorted_rows.call_ids[at] == wanted.call_ids
    )
    return found


def merged(one: IdentityColumns, other: IdentityColumns) -> IdentityColumns:
    """The sorted rows of two sorted columns; rows that are in both stand side by side.

    The shorter is searched in the longer: 10 rows into 131,072 take 0.1 ms, no sort of all.
    """
    few, many = (one, other) if len(one) < len(other) else (other, one)
    if not len(few):
        return many
    places = lower_bound(many, few) + np.arange(len(few))
    of_many = np.ones(len(many) + len(few), np.bool_)
    of_many[places] = False
    columns = []
    for ours, theirs in ((many.time_keys, few.time_keys), (many.call_ids, few.call_ids)):
        column = np.empty(len(of_many), np.int64)
        column[of_many] = ours
        column[places] = theirs
        columns.append(column)
    return IdentityColumns(*columns)
