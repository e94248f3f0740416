"""Which cells the newest batches changed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.chunk import Cells, added_up
from sfcrime.dashboard.memory.labels import CallTypes

CHANGES_KEPT = 500


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that were added to one cell."""

    batch_id: int
    """The batch that changed the cell's window last."""
    committed_ms: int
    window_s: int
    label: str
    """The raw call type."""
    reading: str
    """What it is read as."""
    disposition: str
    """The raw code."""
    added: int
    calls: int
    """Of the cell, with them."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The newest changes of cells, and how many there were."""

    newest: tuple[Change, ...] = ()
    """At most 500: newest batch first, then newest window, then most calls added."""
    by_batch: Mapping[int, int] = field(default_factory=dict)
    """Of each batch in `newest`, how many changes it made, listed or not."""

    @property
    def left_out(self) -> int:
        """Changes of the batches in `newest` that are not listed."""
        return sum(self.by_batch.values()) - len(self.newest)

    def of_batch(self, batch_id: int) -> tuple[Change, ...]:
        """Those listed of one batch."""
        return tuple(each for each in self.newest if each.batch_id == batch_id)

    def followed_by(self, later: Changes) -> Changes:
        """Both together, as many as are kept."""
        newest = (*later.newest, *self.newest)[:CHANGES_KEPT]
        made = Counter(self.by_batch) + Counter(later.by_batch)
        return Changes(newest, {each.batch_id: made[each.batch_id] for each in newest})


@dataclass(frozen=True, slots=True)
class ChangedCells:
    """Row i of the columns is a cell that has more calls than before."""

    now: Cells
    added: NDArray[np.int64]
    """Calls that it has more."""


def changed_cells(before: Cells, now: Cells, labels: int, codes: int) -> ChangedCells:
    """What is new in some windows.

    Args:
        before: all their cells as they were.
        now: all their cells as they are; no call was ever taken away.
        labels: how many labels there are.
        codes: how many dispositions.
    """
    old_keys, old_calls = _by_key(before, labels, codes)
    keys, calls = _by_key(now, labels, codes)
    added = calls.copy()
    if len(old_keys):
        place = np.minimum(np.searchsorted(old_keys, keys), len(old_keys) - 1)
        added -= np.where(old_keys[place] == keys, old_calls[place], 0)
    more = added > 0
    pairs, dispositions = np.divmod(keys[more], codes)
    windows, numbers = np.divmod(pairs, labels)
    return ChangedCells(Cells(windows, numbers, dispositions, calls[more]), added[more])


def _by_key(cells: Cells, labels: int, codes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # A window of 2099 with 100 million pairs of label and disposition still fits into 63 bits.
    pairs = cells.labels * codes + cells.dispositions
    return added_up(cells.windows * (labels * codes) + pairs, cells.calls)


def newest_changes(
    changed: ChangedCells,
    batches: NDArray[np.int64],
    committed_ms: Mapping[int, int],
    types: CallTypes,
    codes: Sequence[str],
) -> Changes:
    """The changes that are kept of one renewal.

    Args:
        changed: cells.
        batches: of each, the batch that changed its window last.
        committed_ms: when these batches were committed.
        types: the call types that the cells are numbered by.
        codes: the dispositions.
    """
    now = changed.now
    order = np.lexsort((-changed.added, -now.windows, -batches))[:CHANGES_KEPT]
    rows = zip(
        *(
            column[order].tolist()
            for column in (
                batches, now.windows, now.labels, now.dispositions, changed.added, now.calls
            )
        ),
        strict=True,
    )  # fmt: skip
    newest = tuple(
        Change(
            batch_id=batch,
            committed_ms=committed_ms[batch],
            window_s=window_s,
            label=types.labels[label],
            reading=types.readings[types.reading[label]],
            disposition=codes[code],
            added=added,
            calls=calls,
        )
        for batch, window_s, label, code, added, calls in rows
    )
    made = dict(zip(*(each.tolist() for each in np.unique_counts(batches)), strict=True))
    return Changes(newest, {each.batch_id: made[each.batch_id] for each in newest})
