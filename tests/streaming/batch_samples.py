"""Batches as Spark's action gives them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from sfcrime.streaming.judge_digest import JUDGE_DIGEST
from sfcrime.streaming.judged_rows import JUDGED
from sfcrime.streaming.packets import Packet, Tally
from sfcrime.streaming.read_batch import PhaseClock, Planned, ReadBatch, Scan

NINE_US = 1_538_470_800_000_000
"""2018-10-02T09:00:00 on the wall."""
PUBLISHED_MS = 1_538_989_200_001
HAN = "Passing Call\x1fHAN"


class Row(NamedTuple):
    """A judged record."""

    partition: int
    offset: int
    call_id: int | None
    call_us: int | None
    label: str


def call(
    partition: int, offset: int, call_id: int, call_us: int = NINE_US, label: str = HAN
) -> Row:
    return Row(partition, offset, call_id, call_us, label)


def rejected(partition: int, offset: int, reason: str = "not-json") -> Row:
    return Row(partition, offset, None, None, reason)


def late(partition: int, offset: int, call_us: int = NINE_US) -> Row:
    return Row(partition, offset, None, call_us, "late")


def packet(rows: Sequence[Row], number: int = 0, *, is_last: bool = True, task: int = 0) -> Packet:
    """Rows of one partition as they travel."""
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([row.offset for row in rows], pa.int64()),
            pa.array([row.call_id for row in rows], pa.int64()),
            pa.array([row.call_us for row in rows], pa.int64()),
            pa.array([PUBLISHED_MS] * len(rows), pa.int64()),
            pa.array([row.label for row in rows], pa.string()).dictionary_encode(),
        ],
        schema=JUDGED,
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    late_ones = sum(row.label == "late" for row in rows)
    valid = sum(row.call_id is not None for row in rows)
    tally = Tally(
        partition=rows[0].partition if rows else -1,
        task=task,
        number=number,
        is_last=is_last,
        first_offset=rows[0].offset if rows else 0,
        last_offset=rows[-1].offset if rows else 0,
        read=len(rows),
        valid=valid,
        late=late_ones,
        rejected=len(rows) - valid - late_ones,
        judge=JUDGE_DIGEST,
        host="node-1",
    )
    return Packet(tally, sink.getvalue().to_pybytes())


def read_batch(
    rows: Sequence[Row],
    planned: Mapping[int, tuple[int, int]] | None = None,
    *,
    size: int = 100,
    scanned: int | None = None,
    is_exact: bool = True,
) -> ReadBatch:
    """A batch of these rows in packets of at most `size`; its ranges are theirs unless given."""
    by_partition: dict[int, list[Row]] = {}
    for row in rows:
        by_partition.setdefault(row.partition, []).append(row)
    if planned is None:
        planned = {
            number: (min(row.offset for row in part), max(row.offset for row in part) + 1)
            for number, part in by_partition.items()
        }
    packets = [
        packet(part[at : at + size], at // size, is_last=at + size >= len(part), task=task)
        for task, part in enumerate(by_partition.values())
        for at in range(0, len(part), size)
    ]
    empty = (n for n, (start, end) in planned.items() if start < end and n not in by_partition)
    packets += [packet([], task=task) for task, _ in enumerate(empty, start=len(by_partition))]
    scan = Scan(
        planned={number: Planned(*span) for number, span in planned.items()},
        records=len(rows) if scanned is None else scanned,
        is_exact=is_exact,
    )
    return ReadBatch(spark_batch_id=0, packets=packets, scan=scan, clock=PhaseClock())
