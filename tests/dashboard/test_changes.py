"""Which cells changed; every number is written out."""

from __future__ import annotations

import numpy as np

from sfcrime.dashboard.memory.changes import (
    CHANGES_KEPT,
    Change,
    ChangedCells,
    Changes,
    changed_cells,
    newest_changes,
)
from sfcrime.dashboard.memory.chunk import Cells
from sfcrime.dashboard.memory.labels import CallTypeEntries

LABELS = ("Passing Call", "22500e", "Drugs")
CODES = ("HAN", "CIT")
NINE, TEN = 1_538_470_800, 1_538_474_400

Row = tuple[int, int, int, int]
"""Window, number of label, number of code, calls."""


def cells_of(*rows: Row) -> Cells:
    return Cells(*np.array(rows, np.int64).reshape(-1, 4).T)


def change(batch_id: int, *, window_s: int = NINE, added: int = 1) -> Change:
    return Change(batch_id, 5, window_s, "Drugs", "Drugs", "HAN", added, added)


def test_cells_that_are_new_or_have_more_calls_have_changed() -> None:
    before = cells_of((NINE, 0, 0, 5), (NINE, 1, 1, 2), (TEN, 0, 0, 1))
    now = cells_of((NINE, 0, 0, 5), (NINE, 1, 1, 9), (TEN, 2, 0, 4), (TEN, 0, 0, 2))
    changed = changed_cells(before, now, len(LABELS), len(CODES))
    assert changed.now.windows.tolist() == [NINE, TEN, TEN]
    assert changed.now.labels.tolist() == [1, 0, 2]
    assert changed.now.dispositions.tolist() == [1, 0, 0]
    assert changed.now.calls.tolist() == [9, 2, 4]
    assert changed.added.tolist() == [7, 1, 4]


def test_all_cells_of_windows_without_any_before_have_changed() -> None:
    changed = changed_cells(cells_of(), cells_of((NINE, 0, 0, 5)), len(LABELS), len(CODES))
    assert changed.added.tolist() == [5]


def test_nothing_has_changed_where_nothing_is_different() -> None:
    same = cells_of((NINE, 0, 0, 5), (TEN, 0, 0, 5))
    assert changed_cells(same, same, len(LABELS), len(CODES)).added.tolist() == []


def test_entries_that_stand_for_several_labels_are_added_up_first() -> None:
    before = cells_of((NINE, 2, 0, 1), (NINE, 2, 0, 1))
    now = cells_of((NINE, 2, 0, 1), (NINE, 2, 0, 1), (NINE, 2, 0, 3))
    changed = changed_cells(before, now, len(LABELS), len(CODES))
    assert (changed.added.tolist(), changed.now.calls.tolist()) == ([3], [5])


def listed(cells: Cells, added: list[int], batches: list[int]) -> Changes:
    entries = CallTypeEntries()
    for label in LABELS:
        entries.add(label)
    changed = ChangedCells(cells, np.array(added))
    when = {each: 1000 + each for each in batches}
    return newest_changes(changed, np.array(batches), when, entries.types(), CODES)


def test_changes_come_by_batch_then_window_then_calls_added() -> None:
    cells = cells_of((NINE, 0, 0, 5), (NINE, 1, 1, 9), (TEN, 2, 0, 4), (NINE, 2, 0, 7))
    found = listed(cells, [1, 2, 3, 7], [8, 8, 8, 7])
    assert found.newest == (
        Change(8, 1008, TEN, "Drugs", "Drugs", "HAN", 3, 4),
        Change(8, 1008, NINE, "22500e", "Traf Violation Cite", "CIT", 2, 9),
        Change(8, 1008, NINE, "Passing Call", "Passing Call", "HAN", 1, 5),
        Change(7, 1007, NINE, "Drugs", "Drugs", "HAN", 7, 7),
    )
    assert found.by_batch == {8: 3, 7: 1}
    assert found.left_out == 0
    assert len(found.of_batch(8)) == 3


def test_of_more_changes_than_are_kept_the_others_are_counted() -> None:
    cells = cells_of(*((NINE, 0, 0, each) for each in range(1, 2001)))
    found = listed(cells, list(range(1, 2001)), [3] * 1900 + [4] * 100)
    assert len(found.newest) == CHANGES_KEPT
    assert found.newest[0].batch_id == 4
    assert found.by_batch == {4: 100, 3: 1900}
    assert found.left_out == 1500


def test_later_changes_come_first_and_old_ones_are_let_go() -> None:
    earlier = Changes(tuple(change(1) for _ in range(400)), {1: 450})
    later = Changes(tuple(change(2) for _ in range(200)), {2: 200})
    both = earlier.followed_by(later)
    assert [each.batch_id for each in both.newest] == [2] * 200 + [1] * 300
    assert both.left_out == 150
    newest = both.followed_by(Changes(tuple(change(3) for _ in range(500)), {3: 9000}))
    assert newest.by_batch == {3: 9000}
    assert newest.left_out == 8500


def test_without_changes_nothing_is_left_out() -> None:
    nothing = Changes()
    assert (nothing.newest, nothing.left_out, nothing.of_batch(0)) == ((), 0, ())
    assert nothing.followed_by(nothing) == nothing
