"""Finds the records behind a difference: a second reading of the topic. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from sfcrime.audit.compare import CellKey
from sfcrime.audit.judge import ValidCall
from sfcrime.audit.recount import CountingRules
from sfcrime.audit.result import Difference, DifferenceKind, RecordPlace
from sfcrime.kafka.consumer import TopicRecord

MAX_PLACES = 50
"""Records named of one cell or one identity; the first ones as they are read."""


@dataclass(frozen=True, slots=True)
class Traced:
    """Where the records of cells and of identities stand; repeats included."""

    of_cell: dict[CellKey, list[RecordPlace]]
    of_identity: dict[tuple[int, int], list[RecordPlace]]
    """By (call id, call time on the wall in microseconds)."""

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
    read: Callable[[], Iterable[Sequence[TopicRecord]]],
    rules: CountingRules,
    cells: Collection[CellKey],
    identities: Collection[tuple[int, int]],
) -> Traced:
    """Where the records of the given cells and identities stand in the topic.

    Rejected and late records belong to no cell and to no identity.

    Args:
        read: reads the topic once more; not called where nothing is looked for.
        rules: what the stored numbers were counted by.
        cells: those to look for.
        identities: those to look for.
    """
    traced = Traced({key: [] for key in cells}, {identity: [] for identity in identities})
    if not cells and not identities:
        return traced
    for record in chain.from_iterable(read()):
        call = rules.judge(record)
        if not isinstance(call, ValidCall):
            continue
        place = RecordPlace(record.partition, record.offset)
        key = (rules.window_of(call.call_us), call.call_type, call.disposition)
        of_identity = traced.of_identity.get((call.call_id, call.call_us))
        for found in (traced.of_cell.get(key), of_identity):
            if found is not None and len(found) < MAX_PLACES:
                found.append(place)
    return traced
