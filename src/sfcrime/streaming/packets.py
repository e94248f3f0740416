"""Packets: how judged records travel from the workers to the driver, each with its tally.

Pure. A tally is data like the records beside it: Spark hands over both once, as the task made them
whose result it took, however often it ran that task. So what the driver proves by tallies does not
depend on what Spark says of its own work.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from sfcrime.streaming.judge_digest import JUDGE_DIGEST
from sfcrime.streaming.judged_rows import JUDGED, as_bytes

NO_PARTITION = -1
"""In the place of the partition, where a task found no record to tell which one it read."""
_HOST = platform.node()


class Tally(NamedTuple):
    """What a worker says of the records of a packet."""

    partition: int
    task: int
    """Of those of the batch, from 0. Each reads one partition, and none is read by two."""
    number: int
    """Of the packet among those of its task, from 0."""
    is_last: bool
    """No further one of its task follows."""
    first_offset: int
    """Of its records; 0 where it has none, and so is the next."""
    last_offset: int
    read: int
    valid: int
    late: int
    rejected: int
    judge: str
    """The worker's `judge_digest.JUDGE_DIGEST`."""
    host: str
    """Where the worker runs, for people."""


class Packet(NamedTuple):
    """Judged records of one partition, neighbours in the topic."""

    tally: Tally
    records: bytes
    """`judged_rows.JUDGED` rows."""


PACKETS = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("task", pa.int32(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("is_last", pa.bool_(), nullable=False),
        *(
            pa.field(name, pa.int64(), nullable=False)
            for name in ("first_offset", "last_offset", "read", "valid", "late", "rejected")
        ),
        pa.field("judge", pa.string(), nullable=False),
        pa.field("host", pa.string(), nullable=False),
        pa.field("records", pa.binary(), nullable=False),
    ]
)
"""Packets as rows: the fields of the tally, and the records."""


def packet_of(partition: int, rows: pa.RecordBatch) -> Packet:
    """A packet of `JUDGED` rows, the only one of its task until `in_order` places it."""
    offsets = rows.column("offset")
    set_aside, rejected = (rows.column(name).null_count for name in ("call_id", "call_us"))
    tally = Tally(
        partition=partition,
        task=0,
        number=0,
        is_last=True,
        first_offset=offsets[0].as_py() if len(rows) else 0,
        last_offset=offsets[-1].as_py() if len(rows) else 0,
        read=len(rows),
        valid=len(rows) - set_aside,
        late=set_aside - rejected,
        rejected=rejected,
        judge=JUDGE_DIGEST,
        host=_HOST,
    )
    return Packet(tally, as_bytes(rows))


def in_order(packets: Iterable[Packet], task: int) -> Iterator[Packet]:
    """The packets of a task, numbered, the last one marked; where there are none, one without
    records, of `NO_PARTITION`.

    Each is given once the next one is there.
    """
    waiting = None
    number = 0
    for packet in packets:
        if waiting is not None:
            yield _placed(waiting, task, number, is_last=False)
            number += 1
        waiting = packet
    if waiting is None:
        waiting = packet_of(NO_PARTITION, pa.RecordBatch.from_pylist([], JUDGED))
    yield _placed(waiting, task, number, is_last=True)


def _placed(packet: Packet, task: int, number: int, *, is_last: bool) -> Packet:
    placed = packet.tally._replace(task=task, number=number, is_last=is_last)
    return packet._replace(tally=placed)


def as_row(packet: Packet) -> pa.RecordBatch:
    """The packet as one `PACKETS` row."""
    values = (*packet.tally, packet.records)
    columns = [pa.array([value], field.type) for value, field in zip(values, PACKETS, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=PACKETS)


def from_row(row: tuple[object, ...]) -> Packet:
    """The packet of a `PACKETS` row, as Spark's driver gives it."""
    *tally, records = row
    return Packet(Tally._make(tally), bytes(records))  # type: ignore[call-overload]
