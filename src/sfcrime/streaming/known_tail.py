"""Whether the topic still holds what was counted last, asked once at a start.

A topic that lost its end, as in a power cut, gives the offsets of the lost records to others. While
it is shorter than the ledger, `next_offsets` sees that; once it has grown past it, only the records
themselves show it. So the last that were counted are read again: every one of them must be known,
as an identity that was counted or as a record that was set aside.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy as np

from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.places import Place
from sfcrime.settings import KafkaSettings
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.judge import judge_records

_LOOKED_AT = 100
"""Offsets of each partition; it takes as long to read one."""


def require_known_tail(
    kafka: KafkaSettings, firsts: Mapping[int, int], generation: Generation, store: StoreWriter
) -> None:
    """Refuses a topic whose last counted offsets hold other records.

    Args:
        kafka: names broker and topic, which holds all that was counted or has deleted its head.
        firsts: by partition, the first offset that is still kept.
        generation: what was counted.
        store: writes it.

    Raises:
        TopicRefused: naming the first of them.
        KafkaUnavailable: the broker does not answer.
    """
    ends = {each.partition: each.end for each in store.partition_ledger()}
    begun = {each.partition: each.start for each in store.partition_ledger()}
    starts = {
        partition: max(end - _LOOKED_AT, begun[partition], firsts.get(partition, 0))
        for partition, end in ends.items()
    }
    set_aside = store.set_aside_since(starts)
    for records in read_range(kafka, starts, ends):
        unknown = _unknown(records, set_aside, generation.lateness_s, store)
        if unknown is not None:
            raise TopicRefused(
                f"Partition {unknown.partition} of {generation.topic} holds a record at offset "
                f"{unknown.offset:,} that was not counted, and offsets up to "
                f"{ends[unknown.partition]:,} were.",
                rule="A topic that lost its end was restored or lost data: the offsets after it "
                "are given again to other records.",
                next_step="restore the topic, or count what it holds: "
                "sfcrime rebuild --accept-loss",
            )


def _unknown(
    records: Sequence[TopicRecord],
    set_aside: Container[Place],
    lateness_s: int | None,
    store: StoreWriter,
) -> TopicRecord | None:
    """The first record that the store does not know."""
    judged = judge_records(
        [each.value for each in records],
        np.array([each.timestamp_ms for each in records], np.int64),
        None if lateness_s is None else lateness_s * 1_000_000,
    )
    valid = [row for row, call_id in enumerate(judged.call_id) if call_id is not None]
    keys = IdentityColumns.of_calls(
        np.array([judged.call_id[row] for row in valid], np.int64),
        np.array([judged.call_us[row] for row in valid], np.int64),
    )
    is_new = dict(zip(valid, store.first_copies(keys).tolist(), strict=True))
    for row, record in enumerate(records):
        place = (record.partition, record.offset)
        if is_new.get(row, place not in set_aside):
            return record
    return None
