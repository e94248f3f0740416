"""Finds the records behind a difference: a second reading of the topic. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sfcrime.audit.compare import CellKey
from sfcrime.audit.judge import ValidCall
from sfcrime.audit.recount import CountingRules
from sfcrime.audit.result import RecordPlace
from sfcrime.kafka.consumer import TopicRecord

MAX_PLACES = 50
"""Records named of one cell or one identity; the first ones as they are read."""


@dataclass(frozen=True, slots=True)
class Traced:
    """Where the records of cells and of identities stand; repeats included."""

    of_cell: dict[CellKey, list[RecordPlace]]
    of_identity: dict[tuple[int, int], list[RecordPlace]]
    """By (call id, call time on the wall in microseconds)."""


def find_records(
    batches: Iterable[Sequence[TopicRecord]],
    rules: CountingRules,
    cells: Collection[CellKey],
    identities: Collection[tuple[int, int]],
) -> Traced:
    """Where the records of the given cells and identities stand in the topic.

    Rejected and late records belong to no cell and to no identity.
    """
    traced = Traced({key: [] for key in cells}, {identity: [] for identity in identities})
    for batch in batches:
        for record in batch:
            call = rules.judge(record)
            if not isinstance(call, ValidCall):
                continue
            place = RecordPlace(record.partition, record.offset)
            key = (rules.window_of(call.call_us), call.call_type, call.disposition)
            for found in (
                traced.of_cell.get(key),
                traced.of_identity.get((call.call_id, call.call_us)),
            ):
                if found is not None and len(found) < MAX_PLACES:
                    found.append(place)
    return traced
