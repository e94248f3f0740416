"""Reads offsets by the client that the audit uses, and judges them as Spark's workers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from threading import Event

import pyarrow as pa

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.kafka.asking import require_no_stop
from sfcrime.kafka.consumer import TopicRecord, read_range_and_pauses
from sfcrime.settings import KafkaSettings
from sfcrime.streaming.intake import judged_rows
from sfcrime.streaming.packets import Packet, in_order, packet_of
from sfcrime.streaming.read_batch import Planned

_RECORDS_OF_A_PACKET = 250
"""Taken from the client at once: 16 MB where each is as long as may count."""


@dataclass(frozen=True, slots=True)
class JudgedPackets:
    """What was read."""

    packets: Sequence[Packet]
    """As the query's."""
    scanned: int
    """How many records they hold."""
    value_bytes: int
    """Of the records' values, as the judge was given them."""


def read_packets(
    kafka: KafkaSettings, planned: Mapping[int, Planned], lateness_us: int | None, stop: Event
) -> JudgedPackets:
    """Every record that stands in these ranges, judged.

    Raises:
        KafkaUnavailable: the broker does not answer, a partition no longer has its range, or a stop
            was asked for.
    """
    starts = {number: span.start for number, span in planned.items()}
    ends = {number: span.end for number, span in planned.items()}
    # A task of each partition with something to read, as Spark has it.
    made: dict[int, list[Packet]] = {n: [] for n, span in planned.items() if span.start < span.end}
    scanned = value_bytes = 0
    of_partition = attrgetter("partition")
    for records in read_range_and_pauses(kafka, starts, ends, _RECORDS_OF_A_PACKET):
        require_no_stop(stop, f"reading {kafka.topic}")
        scanned += len(records)
        for number, part in groupby(sorted(records, key=of_partition), of_partition):
            rows = list(part)
            # One byte more than may count tells the judge all that it needs of a longer value.
            values = [row.value and row.value[: MAX_VALUE_BYTES + 1] for row in rows]
            value_bytes += sum(len(value or b"") for value in values)
            made[number].append(_packet(number, rows, values, lateness_us))
    packets = [packet for task, each in enumerate(made.values()) for packet in in_order(each, task)]
    return JudgedPackets(packets, scanned, value_bytes)


def _packet(
    partition: int,
    rows: Sequence[TopicRecord],
    values: Sequence[bytes | None],
    lateness_us: int | None,
) -> Packet:
    offsets = pa.array([row.offset for row in rows], pa.int64())
    published_ms = pa.array([row.timestamp_ms for row in rows], pa.int64())
    return packet_of(partition, judged_rows(values, offsets, published_ms, lateness_us))
