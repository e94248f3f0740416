"""How the commonest call types moved over the last windows, for the live view. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sfcrime.domain.call_types import remembered_call_type
from sfcrime.domain.wall_clock import is_missing
from sfcrime.store.records import CellCount

LEAST_CALLS_FOR_A_CHANGE = 20
"""Below it a percentage says more about chance than about the city."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One call type over the last windows."""

    call_type: str
    """Standard label."""
    calls: int
    """Of all the windows together."""
    by_window: tuple[int | None, ...]
    """Oldest first; the last window is still filling. None: an hour the clock left out."""
    change: float | None
    """The last full window against the one before it, 0.25 for a quarter more; None where the
    one before had fewer than `LEAST_CALLS_FOR_A_CHANGE` calls, or there is none."""


def movement(
    cells: Iterable[CellCount], *, window_minutes: int, windows: int, top: int
) -> list[Movement]:
    """The `top` types of the last `windows` windows, most calls first, then by label.

    Args:
        cells: by raw type, as `StoreReader.largest_cells` gives them; older ones are left out.
        window_minutes: width of a window.
        windows: how many, counted back from the newest one that has a call.
        top: how many types.
    """
    kept = list(cells)
    if not kept:
        return []
    width_us = window_minutes * 60_000_000
    newest_us = max(cell.window_us for cell in kept)
    starts = [newest_us - back * width_us for back in reversed(range(windows))]
    sums: dict[str, Counter[int]] = {}
    for cell in kept:
        if cell.window_us >= starts[0]:
            label = remembered_call_type(cell.call_type)
            sums.setdefault(label, Counter())[cell.window_us] += cell.calls
    ranked = sorted(sums.items(), key=lambda item: (-item[1].total(), item[0]))
    return [_movement_of(label, counts, starts) for label, counts in ranked[:top]]


def _movement_of(label: str, counts: Counter[int], starts: list[int]) -> Movement:
    by_window = tuple(
        None if start not in counts and is_missing(start) else counts[start] for start in starts
    )
    change = None
    if len(by_window) >= 3:
        before, last = by_window[-3], by_window[-2]
        if before is not None and last is not None and before >= LEAST_CALLS_FOR_A_CHANGE:
            change = last / before - 1
    return Movement(label, counts.total(), by_window, change)
