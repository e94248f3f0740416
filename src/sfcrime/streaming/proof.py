"""Proves that a batch arrived whole: every record that was read, once, with its outcome.

Pure. The tallies prove that every packet of every task arrived, once: a task has a number, numbers
its packets and marks the last one. Then the records prove that they are what the tallies say. Every
record has its offset, so that one that is lost and another that arrives twice cannot cancel out.
What a planned range holds beyond the records are gaps: offsets without a record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfcrime.errors import AccountingBroken, ExecutorRefused
from sfcrime.streaming.judge_digest import JUDGE_DIGEST
from sfcrime.streaming.judged_rows import LATE
from sfcrime.streaming.packets import NO_PARTITION, Packet, Tally
from sfcrime.streaming.read_batch import Planned, ReadBatch

Integers = NDArray[np.int64]


class ProvedColumns(NamedTuple):
    """Of the records of a batch, what is compared with the tallies; columns of one length."""

    offset: Integers
    is_valid: NDArray[np.bool_]
    label: Integers
    """Numbers of `labels`."""
    labels: Sequence[str]


def packets_by_tally(batch: ReadBatch) -> list[Packet]:
    """The packets by partition and offset, proved to be all that the tasks of the batch made.

    Raises:
        AccountingBroken: the tallies do not fit each other, or not what was planned.
        ExecutorRefused: a worker judges by other code.
    """
    packets = sorted(batch.packets, key=lambda each: each.tally[:3])
    by_task: dict[int, list[Tally]] = {}
    for packet in packets:
        _require_same_judge(packet.tally)
        by_task.setdefault(packet.tally.task, []).append(packet.tally)
    for made in by_task.values():
        _require_whole_task(batch, made)
        if made[0].partition == NO_PARTITION:
            _require_nothing(batch, made)
        else:
            _require_places(batch, made)
    _require_every_task(batch, by_task)
    return packets


def require_rows(
    batch: ReadBatch, tallies: Sequence[Tally], lengths: Sequence[int], columns: ProvedColumns
) -> None:
    """Refuses records that are not what the tallies and the executed scan say.

    Args:
        batch: which one it is.
        tallies: in the order of `packets_by_tally`.
        lengths: of the records of each packet.
        columns: all records, in that order.
    """
    ends = np.cumsum([0, *lengths])
    late = columns.labels.index(LATE) if LATE in columns.labels else -1
    valid_before = np.concatenate([[0], np.cumsum(columns.is_valid)])
    late_before = np.concatenate([[0], np.cumsum(columns.label == late)])
    for tally, first, end in zip(tallies, ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        valid = int(valid_before[end] - valid_before[first])
        late_ones = int(late_before[end] - late_before[first])
        places = columns.offset[[first, end - 1]].tolist() if end > first else [0, 0]
        outcomes = valid, late_ones, end - first - valid - late_ones
        if (end - first, *outcomes, *places) != _said_of(tally):
            raise _broken(
                batch,
                f"{_name(tally)} says {_said_of(tally)}, and holds "
                f"{(end - first, *outcomes, *places)} (read, valid, late, rejected, first and last "
                "offset)",
            )
    _require_ascending(batch, tallies, ends, columns.offset)
    _require_scanned(batch, len(columns.offset))


def _said_of(tally: Tally) -> tuple[int, ...]:
    return (
        *(tally.read, tally.valid, tally.late, tally.rejected),
        *(tally.first_offset, tally.last_offset),
    )


def _require_ascending(
    batch: ReadBatch, tallies: Sequence[Tally], ends: Integers, offset: Integers
) -> None:
    """Within a packet; between packets, their tallies were compared."""
    falls = offset[1:] <= offset[:-1]
    starts = ends[1:-1]
    falls[starts[(starts > 0) & (starts < len(offset))] - 1] = False
    if falls.any():
        at = int(np.flatnonzero(falls)[0]) + 1
        tally = tallies[int(np.searchsorted(ends, at, side="right")) - 1]
        raise _broken(
            batch, f"in {_name(tally)} offset {offset[at]:,} comes after {offset[at - 1]:,}"
        )


def _require_nothing(batch: ReadBatch, made: Sequence[Tally]) -> None:
    """A task that cannot tell which partition it read found no record."""
    for tally in made:
        if tally.read:
            raise _broken(
                batch, f"{_name(tally)} names no partition, and says it read {tally.read:,}"
            )


def _require_same_judge(tally: Tally) -> None:
    if tally.judge != JUDGE_DIGEST:
        raise ExecutorRefused(
            f"on {tally.host}", f"its judging code is {tally.judge}, the driver's is {JUDGE_DIGEST}"
        )


def _require_every_task(batch: ReadBatch, by_task: Mapping[int, Sequence[Tally]]) -> None:
    """One of each partition that has something to read, and none of a partition besides."""
    due = sum(span.start < span.end for span in batch.planned.values())
    if sorted(by_task) != list(range(due)):
        ended = ", ".join(map(str, sorted(by_task)))
        raise _broken(batch, f"{due:,} tasks were to read, and those that did are: {ended}")
    read = Counter(made[0].partition for made in by_task.values())
    twice = [number for number, tasks in read.items() if tasks > 1 and number != NO_PARTITION]
    if twice:
        raise _broken(batch, f"partition {twice[0]} was read by two tasks")


def _require_whole_task(batch: ReadBatch, made: Sequence[Tally]) -> None:
    """Each packet of the task once, of one partition, and the last one last."""
    if made[0].partition != made[-1].partition:  # they are sorted by it
        raise _broken(
            batch,
            f"task {made[0].task} read partitions {made[0].partition} and {made[-1].partition}",
        )
    for before, after in pairwise(tally.number for tally in made):
        if before == after:
            raise _broken(batch, f"{_name(made[before])} arrived twice")
    for due, tally in enumerate(made):
        if tally.number != due:
            raise _broken(batch, f"{_name(tally._replace(number=due))} did not arrive")
    lasts = [tally.number for tally in made if tally.is_last]
    if lasts != [len(made) - 1]:
        raise _broken(
            batch,
            f"of task {made[0].task} {len(made)} packets arrived, and as its last ones are marked "
            f"{lasts}",
        )


def _require_places(batch: ReadBatch, made: Sequence[Tally]) -> None:
    """Packets without an overlap, in the planned range."""
    span = batch.planned.get(made[0].partition, Planned(0, 0))
    reached = span.start
    for tally in made:
        if not reached <= tally.first_offset <= tally.last_offset < span.end:
            raise _broken(
                batch,
                f"{_name(tally)} has offsets {tally.first_offset:,} to {tally.last_offset:,}, and "
                f"{reached:,} to {span.end - 1:,} were due",
            )
        reached = tally.last_offset + 1


def _require_scanned(batch: ReadBatch, read: int) -> None:
    scan = batch.scan
    if read > scan.records or (scan.is_exact and read < scan.records):
        raise _broken(batch, f"{scan.records:,} records were scanned, {read:,} arrived")


def _name(tally: Tally) -> str:
    if tally.partition == NO_PARTITION:
        return f"packet {tally.number} of task {tally.task}"
    return f"packet {tally.number} of partition {tally.partition}"


def _broken(batch: ReadBatch, what: str) -> AccountingBroken:
    return AccountingBroken(
        f"Batch {batch.spark_batch_id} of this start did not arrive as it was read: {what}.",
        rule="Every scanned record arrives once, with its outcome.",
        next_step="start the job again; if it happens again, `sfcrime audit` shows where",
    )
