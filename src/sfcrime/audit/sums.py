"""Compares what was set aside where only the newest rows are kept: all sums, and the kept rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sfcrime.audit.compare import compare_set_aside
from sfcrime.audit.result import DifferenceKind, DifferenceLog
from sfcrime.domain.outcomes import Outcome
from sfcrime.store.records import LateRecord, RejectedRecord
from sfcrime.store.set_aside import SetAsideSum, kept_from

_SetAside = TypeVar("_SetAside", RejectedRecord, LateRecord)
_Sums = dict[tuple[int, str], SetAsideSum]
"""By partition and reason."""


def compare_sums_and_rows(
    kind: DifferenceKind,
    recounted: Iterable[_SetAside],
    stored: Iterable[_SetAside],
    sums: Iterable[SetAsideSum],
    log: DifferenceLog,
) -> None:
    """Compares rejected records, or late ones: by partition and reason how many there were and how
    many of them were dropped, and one by one those whose rows are kept.

    Args:
        kind: REJECTED or LATE.
        recounted: every one of the topic, by partition and offset.
        stored: the kept rows, in the same order.
        sums: those of the store, of both kinds.
        log: takes the differences.
    """
    is_late = kind is DifferenceKind.LATE
    held: _Sums = {(each.partition, each.reason): each for each in sums if each.is_late is is_late}
    found: _Sums = {}
    compare_set_aside(kind, _kept_of(recounted, kept_from(held.values()), found), stored, log)
    for key in sorted({*held, *found}):
        what = f"partition {key[0]}, {key[1]}"
        for name in ("records", "dropped", "kept_from"):
            sides = (getattr(each.get(key), name, None) for each in (found, held))
            log.expect(kind, f"{what}, {name.replace('_', ' ')}", *sides)


def _kept_of(
    records: Iterable[_SetAside], starts: Mapping[int, int], sums: _Sums
) -> Iterator[_SetAside]:
    """Those at or after the offset from which on rows of their partition are kept; `sums` gets
    what all of them come to."""
    for record in records:
        partition, offset = record.partition, record.offset
        reason = record.reason if isinstance(record, RejectedRecord) else Outcome.LATE.value
        before = sums.get((partition, reason), SetAsideSum(partition, reason, 0))
        is_dropped = offset < starts.get(partition, 0)
        sums[partition, reason] = SetAsideSum(
            partition,
            reason,
            before.records + 1,
            before.dropped + is_dropped,
            offset + 1 if is_dropped else before.kept_from,
        )
        if not is_dropped:
            yield record
