"""Finds the records behind a difference among the rows that the recount kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.recount import Labels
from sfcrime.audit.result import CellKey, Difference, DifferenceKind, RecordPlace
from sfcrime.audit.spill import Rows
from sfcrime.domain.wall_clock import MICROS

MAX_PLACES = 50
"""Records named of one cell or one identity; the first by partition and offset."""

Identity = tuple[int, int]
"""(call id, call time on the wall in microseconds)."""


@dataclass(frozen=True, slots=True)
class Traced:
    """Where the records of cells and of identities stand; repeats included."""

    of_cell: dict[CellKey, list[RecordPlace]]
    of_identity: dict[Identity, list[RecordPlace]]

    def with_places(
        self, differences: Iterable[Difference], cells: Iterable[CellKey]
    ) -> tuple[Difference, ...]:
        """The differences, those of cells with their records.

        Args:
            differences: of any kind; the first of cells are those of `cells`, in their order.
            cells: those that were looked for.
        """
        places = iter([tuple(self.of_cell[key]) for key in cells])
        return tuple(
            replace(each, places=next(places, ())) if each.kind is DifferenceKind.CELL else each
            for each in differences
        )


def find_records(
    rows: Iterable[Rows],
    labels: Labels,
    window_s: int,
    cells: Collection[CellKey],
    identities: Collection[Identity],
) -> Traced:
    """Where the records of the given cells and identities stand in the topic.

    Rejected and late records belong to no cell and to no identity.

    Args:
        rows: all valid records that are not late (`shares.ROW`); not read where nothing is looked
            for.
        labels: what the numbers of labels mean.
        window_s: width of a window.
        cells: those to look for; their labels are known.
        identities: those to look for.
    """
    traced = Traced({key: [] for key in cells}, {identity: [] for identity in identities})
    if not cells and not identities:
        return traced
    for some in rows:
        times_s = some["call_us"] // MICROS
        windows_s = times_s - times_s % window_s
        for key, places in traced.of_cell.items():
            is_there = (windows_s == key[0] // MICROS) & (some["label"] == labels.find(key[1:]))
            _note_places(places, some, is_there)
        for (call_id, call_us), places in traced.of_identity.items():
            is_there = (some["call_id"] == call_id) & (some["call_us"] == call_us)
            _note_places(places, some, is_there)
    return traced


def _note_places(places: list[RecordPlace], rows: Rows, is_there: NDArray[np.bool_]) -> None:
    """Adds the first of the rows that are there, and keeps the first of all."""
    found = rows[is_there]
    if len(found):
        found = found[np.lexsort((found["offset"], found["partition"]))][:MAX_PLACES]
        places += map(RecordPlace, found["partition"].tolist(), found["offset"].tolist())
        places.sort()
        del places[MAX_PLACES:]
