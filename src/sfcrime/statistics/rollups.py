"""Rollups: what the store's fine, raw cells add up to. Pure.

Meaning is applied here, when results are read: raw call types become standard labels and merged
dispositions, windows become hours, days and weeks. A better reading changes labels, never totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sfcrime.domain.call_types import remembered_call_type
from sfcrime.domain.dispositions import describe
from sfcrime.domain.wall_clock import MICROS, is_missing, is_repeated
from sfcrime.store.records import CellCount

HOUR_S = 3600
DAY_S = 24 * HOUR_S
FIRST_MONDAY_S = -3 * DAY_S
"""1969-12-29T00:00:00, the Monday before the epoch, which was a Thursday."""


class Dimension(StrEnum):
    """What calls are told apart by, besides time."""

    TYPE = "type"
    DISPOSITION = "disposition"


class Every(StrEnum):
    """The spans of time that calls are added up over."""

    ALL = "all"
    WINDOW = "window"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def width_s(self) -> int | None:
        """Seconds of a span; None for `all`, and for `window`, which is the store's own."""
        return {Every.HOUR: HOUR_S, Every.DAY: DAY_S, Every.WEEK: 7 * DAY_S}.get(self)

    @property
    def shows_seams(self) -> bool:
        """Whether a span can fall into the hour that the clock repeats or leaves out."""
        return self in (Every.WINDOW, Every.HOUR)


@dataclass(frozen=True, slots=True)
class Row:
    """Calls of one span, type and disposition; None where calls are not told apart by it."""

    window_us: int | None
    """Start of the span on the wall, microseconds; of a week, its Monday."""
    call_type: str | None
    disposition: str | None
    calls: int


@dataclass(frozen=True, slots=True)
class Folded:
    """Rows with all but the largest labels of one dimension added up in one."""

    rows: list[Row]
    dimension: Dimension
    into: str
    """The label that stands for the folded ones; no row had it before."""
    labels: int
    """How many labels were folded."""
    calls: int
    """Calls under the folded labels; they stay in the rows, and in every total."""


_OTHER = {Dimension.TYPE: "other types", Dimension.DISPOSITION: "other dispositions"}


def start_of(window_us: int, every: Every) -> int | None:
    """Start of the span a window lies in; None over the whole time.

    Weeks start on Monday, as ISO 8601 has them.
    """
    if every is Every.ALL:
        return None
    width_s = every.width_s
    if width_s is None:
        return window_us
    return window_us - (window_us - FIRST_MONDAY_S * MICROS) % (width_s * MICROS)


def rollup(
    cells: Iterable[CellCount], *, by: Collection[Dimension], every: Every, raw: bool
) -> list[Row]:
    """Adds cells up.

    Args:
        cells: any cells; each is counted in exactly one row.
        by: what to tell apart; empty: nothing but time.
        every: the spans of time. Spans without calls have no row, so the hour that is missing in
            March never shows as a zero.
        raw: labels as the calls carry them, instead of standard types and merged dispositions.

    Returns:
        Rows by span, then most calls first, then label.
    """
    sums: Counter[tuple[int | None, str | None, str | None]] = Counter()
    with_type, with_disposition = Dimension.TYPE in by, Dimension.DISPOSITION in by
    for cell in cells:
        call_type = disposition = None
        if with_type:
            call_type = cell.call_type if raw else remembered_call_type(cell.call_type)
        if with_disposition:
            disposition = cell.disposition if raw else describe(cell.disposition).merged_code
        sums[start_of(cell.window_us, every), call_type, disposition] += cell.calls
    return in_order(Row(*key, calls) for key, calls in sums.items())


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows by span, then most calls first, then label."""
    return sorted(
        rows,
        key=lambda row: (
            row.window_us or 0, -row.calls, row.call_type or "", row.disposition or ""
        ),
    )  # fmt: skip


def fold(rows: Sequence[Row], top: int) -> Folded:
    """Keeps the `top` types (dispositions, where rows have no types) and folds the others.

    The largest are those over all rows together, so that every span shows the same ones; of equal
    ones the first in alphabetical order stays. The total of the rows stays what it was.
    """
    has_types = any(row.call_type is not None for row in rows)
    dimension = Dimension.TYPE if has_types else Dimension.DISPOSITION
    sums: Counter[str | None] = Counter()
    for row in rows:
        sums[_label(row, dimension)] += row.calls
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0] or ""))
    kept = {label for label, _ in ranked[:top]}
    stay: list[Row] = []
    folded: Counter[tuple[int | None, str | None, str | None]] = Counter()
    other = _OTHER[dimension]
    while other in sums:  # a call may carry any label
        other += " (folded)"
    for row in rows:
        if _label(row, dimension) in kept:
            stay.append(row)
        else:
            labels = (other, row.disposition) if has_types else (None, other)
            folded[row.window_us, *labels] += row.calls
    others = in_order(Row(*key, calls) for key, calls in folded.items())
    together = sorted([*stay, *others], key=lambda row: row.window_us or 0)
    return Folded(together, dimension, other, len(ranked[top:]), sum(folded.values()))


def _label(row: Row, dimension: Dimension) -> str | None:
    return row.call_type if dimension is Dimension.TYPE else row.disposition


def total(rows: Iterable[Row]) -> int:
    """Calls of all rows."""
    return sum(row.calls for row in rows)


def unofficial_calls(cells: Iterable[CellCount]) -> int:
    """Calls whose disposition is not in the city's table; they are counted like any other."""
    return sum(cell.calls for cell in cells if not describe(cell.disposition).official)


def seams(rows: Iterable[Row], every: Every) -> tuple[list[int], list[int]]:
    """Starts of spans (repeated, missing): in the hour that the wall shows twice in November,
    whose cell is ambiguous, and in the hour that it never shows in March."""
    if not every.shows_seams:
        return [], []
    starts = sorted({row.window_us for row in rows if row.window_us is not None})
    return [us for us in starts if is_repeated(us)], [us for us in starts if is_missing(us)]
