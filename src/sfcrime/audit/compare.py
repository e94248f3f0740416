"""Compares a recount with what the store shows, both ways. Pure: it is handed both sides.

Both sides of a long list come in the same order and are merged, so neither is held whole. A list
that is out of order, or has a row twice, shows as differences: every row is looked at once, and
equal is only what was met on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from sfcrime.audit.recount import Recount
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
    LateRecord,
    PartitionRange,
    RejectedRecord,
    WindowTotal,
)

_SetAside = TypeVar("_SetAside", RejectedRecord, LateRecord)


def compare_windows(
    recounted: Mapping[int, int],
    stored: Iterable[WindowTotal],
    last_batch_id: int | None,
    log: DifferenceLog,
) -> None:
    """Compares the total of every window.

    Args:
        recounted: calls by start of window in seconds on the wall.
        stored: the store's totals.
        last_batch_id: the newest batch of the ledger.
        log: takes the differences.
    """
    kind, left = DifferenceKind.WINDOW, dict(recounted)
    for row in stored:
        name = on_the_wall(row.window_s * MICROS)
        log.expect(kind, name, left.pop(row.window_s, None), row.calls)
        if last_batch_id is None or not 0 <= row.batch_id <= last_batch_id:
            known = "none" if last_batch_id is None else f"0 to {last_batch_id:,}"
            log.add(kind, f"{name}, batch that changed it last", known, row.batch_id)
    for window_s, calls in sorted(left.items()):
        log.add(kind, on_the_wall(window_s * MICROS), calls, None)


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
    for place, counted, held in _merged(recounted, stored):
        if counted != held:
            what = f"partition {place.partition} offset {place.offset}"
            log.add(kind, what, _why(counted), _why(held), (place,))


def _merged(
    left: Iterable[_SetAside], right: Iterable[_SetAside]
) -> Iterator[tuple[RecordPlace, _SetAside | None, _SetAside | None]]:
    """Pairs the rows of two lists in ascending order of their places; None where one has none."""
    lefts, rights = iter(left), iter(right)
    counted, held = next(lefts, None), next(rights, None)
    while counted is not None or held is not None:
        key = None if counted is None else _place(counted)
        other = None if held is None else _place(held)
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
