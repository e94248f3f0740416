"""Compares the calls of every cell, pile by pile of windows, with what the store shows.

A cell is looked at once whichever side has it. Calls of conflicts may stand in either of several
cells, so the cells concerned are settled at the end, together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sfcrime.audit.conflicts import settle
from sfcrime.audit.recount import Labels
from sfcrime.audit.repeats import CELL, ContestedCall, summed_cells
from sfcrime.audit.result import MAX_LISTED, CellKey, DifferenceKind, DifferenceLog, cell_name
from sfcrime.audit.spill import Rows
from sfcrime.domain.wall_clock import MICROS

MAX_CELLS_TRACED = 10
"""Differing cells whose records are looked for in the topic."""

_Place = tuple[int, int]
"""(start of the window in seconds on the wall, label's number)."""

_DIFFERENT = np.dtype([*CELL.descr, ("held", np.int64), ("sides", np.int64)])
"""A cell whose sides are not equal: `calls` of the recount and `held` of the store."""
_RECOUNTED, _STORED, _CONTESTED = 1, 2, 4


@dataclass(slots=True)
class CellVerdict:
    """What comparing the cells gave."""

    cells: int = 0
    """Cells of the recount."""
    differing: int = 0
    first_differing: list[CellKey] = field(default_factory=list)
    """The first 10, in the order of their differences in the log."""


class CellComparison:
    """Cells under comparison.

    Args:
        labels: what the numbers of labels mean.
        contested: calls that may stand in either of several cells.
    """

    def __init__(self, labels: Labels, contested: Sequence[ContestedCall]) -> None:
        self._labels = labels
        self._contested = contested
        self._verdict = CellVerdict()
        self._first = np.empty(0, _DIFFERENT)
        self._settled: dict[_Place, tuple[int, int | None]] = {
            (each.window_s, label): (0, None) for each in contested for _, label in each.choices
        }
        self._windows: dict[int, int] = {}

    def add(self, recounted: Rows, stored: Rows) -> None:
        """Compares cells of some windows (`CELL`); all cells of a window come at once.

        Args:
            recounted: in parts, in any order, without the calls of conflicts.
            stored: in any order, each once.
        """
        windows = recounted.copy()
        windows["label"] = 0
        windows = summed_cells(windows)
        self._windows.update(
            zip(windows["window_s"].tolist(), windows["calls"].tolist(), strict=True)
        )
        wanted = set(np.unique(np.concatenate([recounted, stored])["window_s"]).tolist())
        places = [place for place in self._settled if place[0] in wanted]
        found = _side_by_side(recounted, stored, _cells_of(places))
        is_contested = (found["sides"] & _CONTESTED) != 0
        for row in found[is_contested].tolist():
            window_s, label, calls, held, sides = row
            self._settled[window_s, label] = (calls, held if sides & _STORED else None)
        certain = found[~is_contested]
        self._verdict.cells += int(np.count_nonzero(certain["sides"] & _RECOUNTED))
        different = certain[
            (certain["sides"] != _RECOUNTED | _STORED) | (certain["calls"] != certain["held"])
        ]
        self._verdict.differing += len(different)
        first = np.concatenate([self._first, different])
        self._first = first[np.lexsort((first["label"], first["window_s"]))][:MAX_LISTED]

    def finish(self, log: DifferenceLog) -> CellVerdict:
        """Settles the conflicts and notes what differs; to be called once, after the last cells."""
        for window_s, label, calls, held, sides in self._first.tolist():
            self._note(
                (window_s, label),
                calls if sides & _RECOUNTED else None,
                held if sides & _STORED else None,
                log,
            )
        log.add_unlisted(DifferenceKind.CELL, self._verdict.differing - len(self._first))
        numbers = {place: number for number, place in enumerate(self._settled)}
        dealt = settle(
            [
                [numbers[each.window_s, label] for _, label in each.choices]
                for each in self._contested
            ],
            {numbers[each]: (held or 0) - calls for each, (calls, held) in self._settled.items()},
        )
        for place, (certain, held) in self._settled.items():
            calls = certain + dealt[numbers[place]] or None
            self._verdict.cells += calls is not None
            if calls != held:
                self._verdict.differing += 1
                self._note(place, calls, held, log)
        return self._verdict

    def calls_by_window(self) -> dict[int, int]:
        """The calls of all cells that were added and of the conflicts, by the start of their
        window, seconds on the wall."""
        calls = dict(self._windows)
        for each in self._contested:
            calls[each.window_s] = calls.get(each.window_s, 0) + 1
        return calls

    def _note(self, place: _Place, calls: int | None, held: int | None, log: DifferenceLog) -> None:
        window_s, label = place
        key = (window_s * MICROS, *self._labels.texts[label])
        if len(self._verdict.first_differing) < MAX_CELLS_TRACED:
            self._verdict.first_differing.append(key)
        log.expect(DifferenceKind.CELL, cell_name(key), calls, held)


def _cells_of(places: Iterable[_Place]) -> Rows:
    return np.array([(*place, 0) for place in places], CELL)


def _side_by_side(recounted: Rows, stored: Rows, contested: Rows) -> Rows:
    """Each cell once, with what its sides say (`_DIFFERENT`), sorted by window and label."""
    sides = ((recounted, _RECOUNTED), (stored, _STORED), (contested, _CONTESTED))
    summed = [(summed_cells(cells), side) for cells, side in sides]
    rows = np.concatenate([_of_side(cells, side) for cells, side in summed])
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows["label"], rows["window_s"]))]
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = rows["window_s"][1:] != rows["window_s"][:-1]
    is_first[1:] |= rows["label"][1:] != rows["label"][:-1]
    starts, found = np.flatnonzero(is_first), rows[is_first]
    for name in ("calls", "held", "sides"):
        found[name] = np.add.reduceat(rows[name], starts)
    return found


def _of_side(cells: Rows, side: int) -> Rows:
    rows = np.zeros(len(cells), _DIFFERENT)
    rows["window_s"], rows["label"], rows["sides"] = cells["window_s"], cells["label"], side
    if side != _CONTESTED:
        rows["calls" if side == _RECOUNTED else "held"] = cells["calls"]
    return rows
