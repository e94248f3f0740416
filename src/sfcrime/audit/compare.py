"""Compares a recount with what the store shows, both ways. Pure: it is handed both sides.

Both sides of a long list come in the same order and are merged, so neither is held whole. A list
that is out of order, or has a row twice, shows as differences: every row is looked at once, and
equal is only what was met on both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sfcrime.audit.conflicts import settle
from sfcrime.audit.recount import Conflict, Recount
from sfcrime.audit.result import (
    DifferenceKind,
    DifferenceLog,
    RecordPlace,
    on_the_wall,
    shown,
)
from sfcrime.domain.outcomes import ACCOUNTING_FIELDS, Accounting
from sfcrime.domain.wall_clock import MICROS
from sfcrime.store.records import (
    CellCount,
    LateRecord,
    PartitionRange,
    RejectedRecord,
    WindowTotal,
)

CellKey = tuple[int, str, str]
"""(start of the window in microseconds on the wall, call type, disposition)."""

MAX_CELLS_TRACED = 10
"""Differing cells whose records are looked for in the topic."""

_Row = TypeVar("_Row", CellCount, RejectedRecord, LateRecord)
_SetAside = TypeVar("_SetAside", RejectedRecord, LateRecord)
_Key = TypeVar("_Key", CellKey, RecordPlace)


@dataclass(slots=True)
class CellVerdict:
    """What comparing the cells gave."""

    cells: int = 0
    """Cells of the recount."""
    differing: int = 0
    first_differing: list[CellKey] = field(default_factory=list)
    """The first 10, in the order of their differences in the log."""


def cell_key(cell: CellCount) -> CellKey:
    return (cell.window_us, cell.call_type, cell.disposition)


def cell_name(key: CellKey) -> str:
    """ "2018-10-02T09:00:00 | Passing Call | HAN"."""
    window_us, call_type, disposition = key
    return f"{on_the_wall(window_us)} | {call_type} | {disposition}"


def compare_cells(
    recounted: Iterable[CellCount],
    conflicts: Sequence[Conflict],
    stored: Iterable[CellCount],
    log: DifferenceLog,
) -> CellVerdict:
    """Compares the calls of every cell.

    Args:
        recounted: all cells, ordered by their key, without the calls of `conflicts`.
        conflicts: calls that may stand in either of several cells.
        stored: all cells of the store, in the same order.
        log: takes the differences.
    """
    verdict = CellVerdict()
    certain: Counter[CellKey] = Counter()
    contested: dict[CellKey, int | None] = {
        cell_key(cell): None for each in conflicts for _, cell in each.choices
    }
    for key, counted, held in merged(recounted, stored, cell_key):
        calls = counted.calls if counted else None
        if key not in contested:
            _compare_calls(key, calls, held.calls if held else None, verdict, log)
            continue
        certain[key] += calls or 0
        if held is not None:
            contested[key] = (contested[key] or 0) + held.calls
    numbers = {key: number for number, key in enumerate(contested)}
    dealt = settle(
        [[numbers[cell_key(cell)] for _, cell in each.choices] for each in conflicts],
        {numbers[key]: (held or 0) - certain[key] for key, held in contested.items()},
    )
    for key, stored_calls in contested.items():
        _compare_calls(key, certain[key] + dealt[numbers[key]] or None, stored_calls, verdict, log)
    return verdict


def _compare_calls(
    key: CellKey, calls: int | None, held: int | None, verdict: CellVerdict, log: DifferenceLog
) -> None:
    verdict.cells += calls is not None
    if calls != held:
        verdict.differing += 1
        if len(verdict.first_differing) < MAX_CELLS_TRACED:
            verdict.first_differing.append(key)
        log.expect(DifferenceKind.CELL, cell_name(key), calls, held)


def compare_windows(
    recounted: Counter[int],
    conflicts: Sequence[Conflict],
    stored: Iterable[WindowTotal],
    last_batch_id: int | None,
    log: DifferenceLog,
) -> None:
    """Compares the total of every window.

    Args:
        recounted: calls by start of window in microseconds, without those of `conflicts`.
        conflicts: each counts once; all of its copies are of one time, and so of one window.
        stored: the store's totals.
        last_batch_id: the newest batch of the ledger.
        log: takes the differences.
    """
    kind, left = DifferenceKind.WINDOW, Counter(recounted)
    left.update(each.choices[0][1].window_us for each in conflicts)
    for row in stored:
        window_us = row.window_s * MICROS
        name = on_the_wall(window_us)
        log.expect(kind, name, left.pop(window_us, None), row.calls)
        if last_batch_id is None or not 0 <= row.batch_id <= last_batch_id:
            known = "none" if last_batch_id is None else f"0 to {last_batch_id:,}"
            log.add(kind, f"{name}, batch that changed it last", known, row.batch_id)
    for window_us, calls in sorted(left.items()):
        log.add(kind, on_the_wall(window_us), calls, None)


def compare_accounting(
    recounted: Accounting,
    stored: Accounting,
    log: DifferenceLog,
    kind: DifferenceKind = DifferenceKind.ACCOUNTING,
    of_what: str = "",
) -> None:
    """Compares the totals of the four outcomes, records read and gaps."""
    for name in ACCOUNTING_FIELDS:
        log.expect(kind, f"{name}{of_what}", getattr(recounted, name), getattr(stored, name))


def compare_partitions(
    count: Recount, stored: Sequence[PartitionRange], log: DifferenceLog
) -> None:
    """Compares each partition's account.

    An identity that several partitions hold was counted in one of them, whichever came first in
    a batch. So a partition has counted at least what it alone holds and at most all it holds,
    and together they have counted every identity once.
    """
    kind = DifferenceKind.PARTITION
    for each in stored:
        part = count.partitions[each.partition]
        name = f"partition {each.partition}"
        log.expect(kind, f"{name}, late", part.late, each.late)
        log.expect(kind, f"{name}, rejected", part.rejected, each.rejected)
        least, most = part.identities - part.shared, part.identities
        if not least <= each.counted <= most:
            bounds = shown(most) if least == most else f"{shown(least)} to {shown(most)}"
            log.add(kind, f"{name}, counted", bounds, each.counted)
    total = sum(each.counted for each in stored)
    log.expect(kind, "counted, all partitions", count.accounting.counted, total)


def compare_set_aside(
    kind: DifferenceKind,
    recounted: Iterable[_SetAside],
    stored: Iterable[_SetAside],
    log: DifferenceLog,
) -> None:
    """Compares every rejected record and its reason, or every late one and its times."""
    for place, counted, held in merged(recounted, stored, _place):
        if counted != held:
            what = f"partition {place.partition} offset {place.offset}"
            log.add(kind, what, _why(counted), _why(held), (place,))


def merged(
    left: Iterable[_Row], right: Iterable[_Row], key_of: Callable[[_Row], _Key]
) -> Iterator[tuple[_Key, _Row | None, _Row | None]]:
    """Pairs the rows of two lists in ascending order of the same key; None where one has none."""
    lefts, rights = iter(left), iter(right)
    counted, held = next(lefts, None), next(rights, None)
    while counted is not None or held is not None:
        key = None if counted is None else key_of(counted)
        other = None if held is None else key_of(held)
        if other is None or (key is not None and key < other):
            assert key is not None
            yield key, counted, None
            counted = next(lefts, None)
        elif key is None or other < key:
            yield other, None, held
            held = next(rights, None)
        else:
            yield key, counted, held
            counted, held = next(lefts, None), next(rights, None)


def _place(record: RejectedRecord | LateRecord) -> RecordPlace:
    return RecordPlace(record.partition, record.offset)


def _why(record: RejectedRecord | LateRecord | None) -> str | None:
    if record is None:
        return None
    if isinstance(record, RejectedRecord):
        return record.reason
    return f"called {on_the_wall(record.call_us)}, published {record.published_ms} ms"
