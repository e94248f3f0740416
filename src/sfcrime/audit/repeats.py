"""Tells repeats from counted calls, pile by pile: the first copies, conflicts and cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.recount import Labels, Recount
from sfcrime.audit.result import Conflict
from sfcrime.audit.share_count import in_piles, pile_of_window
from sfcrime.audit.shares import ROW
from sfcrime.audit.spill import CHUNK_ROWS, Rows
from sfcrime.domain.wall_clock import MICROS
from sfcrime.store.records import CellCount

CELL = np.dtype([("window_s", np.int64), ("label", np.int64), ("calls", np.int64)])
"""Calls of a cell; of the recount a part of them, and the label's number is that of `Labels`."""


class ContestedCall(NamedTuple):
    """A conflict, in numbers."""

    call_id: int
    call_us: int
    window_s: int
    choices: tuple[tuple[int, int], ...]
    """(partition, label's number of its first copy), by partition."""

    def conflict(self, labels: Labels) -> Conflict:
        """The same with its cells."""
        window_us = self.window_s * MICROS
        return Conflict(
            self.call_id,
            self.call_us,
            tuple(
                (partition, CellCount(window_us, *labels.texts[label], 1))
                for partition, label in self.choices
            ),
        )


def count_identities(count: Recount, pile: int, contested: list[ContestedCall]) -> Rows:
    """Counts the calls of a pile: completes `count`, and writes its cells to the spill.

    Args:
        count: takes how many identities there are, and what each partition holds of them.
        pile: each is to be counted once.
        contested: takes the conflicts found, by (call time, call id); their calls are in no cell.

    Returns:
        the pile's identities (`call_us`, `call_id`), sorted, each once.
    """
    copies = _first_copies(count, pile)
    repeated = _is_repeated(copies)
    group = np.cumsum(~repeated) - 1  # of each row: which of the identities it is a copy of
    identities = copies[~repeated]
    count.counted += len(identities)
    is_shared = (np.bincount(group) > 1)[group] if len(copies) else repeated
    for partition, held in _by_partition(copies):
        count.partitions[partition].identities += held
    for partition, held in _by_partition(copies[is_shared]):
        count.partitions[partition].shared += held
    differs = repeated.copy()
    differs[1:] &= copies["label"][1:] != copies["label"][:-1]
    conflicts = np.unique(group[differs])
    for number in conflicts.tolist():
        start, end = np.searchsorted(group, [number, number + 1])
        contested.append(_contested(copies[start:end], count.plan.rules.window_s))
    _spill_cells(count, np.delete(identities, conflicts))
    return identities


def _by_partition(rows: Rows) -> Iterator[tuple[int, int]]:
    partitions, held = np.unique(rows["partition"], return_counts=True)
    return zip(partitions.tolist(), held.tolist(), strict=True)


def _first_copies(count: Recount, pile: int) -> Rows:
    """Of each identity and partition the row with the lowest offset, sorted by (call time, call
    id, partition)."""
    kept, waiting = np.empty(0, ROW), list[Rows]()
    for rows in count.rows(pile):
        waiting.append(rows)
        if sum(map(len, waiting)) >= CHUNK_ROWS:  # repeats go before further rows come
            kept, waiting = _without_repeats(np.concatenate([kept, *waiting])), []
    return _without_repeats(np.concatenate([kept, *waiting])) if waiting else kept


def _without_repeats(rows: Rows) -> Rows:
    rows = rows[np.lexsort((rows["call_id"], rows["call_us"]))]
    repeated = _is_repeated(rows)
    if not repeated.any():
        return rows
    # Few have copies, and only of these the order of places matters.
    copied = repeated | np.append(repeated[1:], False)
    copies = rows[copied]
    keys = (copies["offset"], copies["partition"], copies["call_id"], copies["call_us"])
    rows[copied] = copies[np.lexsort(keys)]
    repeated[1:] &= rows["partition"][1:] == rows["partition"][:-1]
    return rows[~repeated]


def _is_repeated(rows: Rows) -> NDArray[np.bool_]:
    """Of sorted rows: True where a row's identity is that of the one before it."""
    repeated = np.zeros(len(rows), np.bool_)
    repeated[1:] = rows["call_us"][1:] == rows["call_us"][:-1]
    repeated[1:] &= rows["call_id"][1:] == rows["call_id"][:-1]
    return repeated


def _contested(copies: Rows, window_s: int) -> ContestedCall:
    call_us = int(copies["call_us"][0])
    start_s = call_us // MICROS
    choices = zip(copies["partition"].tolist(), copies["label"].tolist(), strict=True)
    call_id = int(copies["call_id"][0])
    return ContestedCall(call_id, call_us, start_s - start_s % window_s, tuple(choices))


def _spill_cells(count: Recount, calls: Rows) -> None:
    times_s = calls["call_us"] // MICROS
    cells = np.empty(len(calls), CELL)
    cells["window_s"] = times_s - times_s % count.plan.rules.window_s
    cells["label"] = calls["label"]
    cells["calls"] = 1
    plan, cells = count.plan, summed_cells(cells)
    for pile, some in in_piles(cells, pile_of_window(cells["window_s"], plan.piles)):
        plan.spill.append(counted_cells(pile), some)


def counted_cells(pile: int) -> str:
    """The file of the recount's cells, by pile of their window."""
    return f"counted-cells-{pile}"


def summed_cells(cells: Rows) -> Rows:
    """Each cell once with all of its calls, sorted by window and label."""
    if not len(cells):
        return cells
    cells = cells[np.lexsort((cells["label"], cells["window_s"]))]
    is_first = np.ones(len(cells), np.bool_)
    is_first[1:] = cells["window_s"][1:] != cells["window_s"][:-1]
    is_first[1:] |= cells["label"][1:] != cells["label"][:-1]
    summed = cells[is_first]
    summed["calls"] = np.add.reduceat(cells["calls"], np.flatnonzero(is_first))
    return summed
