"""Settles conflicts in the store's favour wherever that is possible, and only there. Pure.

A conflict is one identity whose copies lie in different partitions and in different cells; which
copy Spark counted depends on the batches. The store is right if the conflicts can be dealt out so
that every cell gets exactly the calls it shows beyond those that are certain.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence


def settle(choices: Sequence[Sequence[int]], wanted: Mapping[int, int]) -> Counter[int]:
    """Deals each conflict to one of its cells.

    Args:
        choices: of each conflict, the cells (by number) that may hold its call.
        wanted: calls that each of these cells shows beyond the certain ones; may be negative.

    Returns:
        calls dealt to each cell, one a conflict. As many as possible go where they are wanted (a
        largest matching, by augmenting paths); the rest to the first of their choices.
    """
    dealt: list[int | None] = [None] * len(choices)
    holders: dict[int, set[int]] = {cell: set() for cells in choices for cell in cells}
    for conflict in range(len(choices)):
        _place(conflict, choices, wanted, dealt, holders)
    return Counter(
        choices[conflict][0] if cell is None else cell for conflict, cell in enumerate(dealt)
    )


def _place(
    start: int,
    choices: Sequence[Sequence[int]],
    wanted: Mapping[int, int],
    dealt: list[int | None],
    holders: dict[int, set[int]],
) -> None:
    """Places one conflict, moving others on from cell to cell until one has room."""
    moved_by: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        conflict = waiting.popleft()
        for cell in choices[conflict]:
            if cell in moved_by:
                continue
            moved_by[cell] = conflict
            if len(holders[cell]) < wanted.get(cell, 0):
                _move_along(cell, start, moved_by, dealt, holders)
                return
            waiting.extend(holders[cell])


def _move_along(
    free: int,
    start: int,
    moved_by: Mapping[int, int],
    dealt: list[int | None],
    holders: dict[int, set[int]],
) -> None:
    target = free
    while True:
        conflict = moved_by[target]
        left = dealt[conflict]
        dealt[conflict] = target
        holders[target].add(conflict)
        if left is None:
            assert conflict == start
            return
        holders[left].discard(conflict)
        target = left
