"""Proves that nothing is missing from a topic of our own producer. Pure.

Each of its records carries its position in the source. The producer sends them in order, a
partition's records keep it, and a partition always holds a beginning of its part of the source. So
within a partition sequences ascend, no two records have the same, and up to the smallest of the
partitions' last sequences every one of them is there. Beyond it records may be on their way.

Records of others are passed over. A forged header that names the source cannot be told from ours.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sfcrime.audit.partitions import OffsetRange
from sfcrime.audit.result import (
    DifferenceKind,
    DifferenceLog,
    RecordPlace,
    SequenceSpan,
    shown,
)
from sfcrime.kafka.consumer import TopicRecord

_KIND = DifferenceKind.SEQUENCE


@dataclass(slots=True)
class PartitionSequences:
    """The sequences of one partition's records of the source, in the order of their offsets.

    8 bytes a record. Offsets are kept only where they do not follow each other: after records of
    others and gaps.
    """

    sequences: array[int] = field(default_factory=lambda: array("q"))
    run_starts: array[int] = field(default_factory=lambda: array("q"))
    """Indexes at which a run of offsets without a hole starts."""
    run_offsets: array[int] = field(default_factory=lambda: array("q"))
    next_offset: int = -1

    def add(self, offset: int, sequence: int) -> None:
        if offset != self.next_offset:
            self.run_starts.append(len(self.sequences))
            self.run_offsets.append(offset)
        self.next_offset = offset + 1
        self.sequences.append(sequence)

    def offset_of(self, index: int) -> int:
        """The offset of the record at an index of `sequences`."""
        run = bisect_right(self.run_starts, index) - 1
        return self.run_offsets[run] + index - self.run_starts[run]


class SourceSequences:
    """The sequences of a topic's ranges, noted as they are read."""

    def __init__(self) -> None:
        self.partitions: dict[int, PartitionSequences] = {}
        """Those that hold a record of the source."""

    def noting(self, batches: Iterable[Sequence[TopicRecord]]) -> Iterator[Sequence[TopicRecord]]:
        """Hands batches on, each partition's records in the order of offsets, and notes them."""
        partitions = self.partitions
        for batch in batches:
            for record in batch:
                sequence = record.sequence
                if sequence is not None:
                    part = partitions.get(record.partition)
                    if part is None:
                        part = partitions[record.partition] = PartitionSequences()
                    part.add(record.offset, sequence)
            yield batch


def check_sequences(
    found: SourceSequences,
    ranges: Mapping[int, OffsetRange],
    partitions: Collection[int],
    log: DifferenceLog,
) -> SequenceSpan:
    """Checks order, repeats and holes.

    Args:
        found: what the ranges hold.
        ranges: what was read of each partition.
        partitions: all of the topic; one without a range was not read.
        log: takes the differences, with what a topic of the source holds as stored.

    Returns:
        the sequences of which every one must be there.
    """
    for number, part in sorted(found.partitions.items()):
        _check_order(number, part, log)
    sorted_parts = {
        number: _ascending(part.sequences) for number, part in sorted(found.partitions.items())
    }
    span = _provable(found, ranges, partitions)
    _check_together(found, sorted_parts, span, log)
    return span


def _check_order(number: int, part: PartitionSequences, log: DifferenceLog) -> None:
    for index, (before, sequence) in enumerate(pairwise(part.sequences), 1):
        if sequence <= before:
            place = RecordPlace(number, part.offset_of(index))
            what = f"sequence at partition {number} offset {place.offset}"
            log.add(_KIND, what, sequence, f"above {shown(before)}", (place,))


def _ascending(sequences: array[int]) -> array[int]:
    """The same where they ascend as they should, else a copy in order."""
    if all(before < after for before, after in pairwise(sequences)):
        return sequences
    return array("q", sorted(sequences))


def _provable(
    found: SourceSequences, ranges: Mapping[int, OffsetRange], partitions: Collection[int]
) -> SequenceSpan:
    """Sequences that no unread or deleted record can have.

    A partition that holds none of the source's may have lost them all, or may still be given the
    smallest of them: then nothing is certain.
    """
    parts = found.partitions
    records = sum(len(part.sequences) for part in parts.values())
    if not parts or any(number not in parts for number in partitions):
        return SequenceSpan(records, 0, 0)
    cut = [number for number in parts if ranges[number].start > 0]
    start = max((parts[number].sequences[0] for number in cut), default=0)
    end = min(max(part.sequences) for part in parts.values()) + 1
    return SequenceSpan(records, min(start, end), end)


def _check_together(
    found: SourceSequences,
    sorted_parts: Mapping[int, array[int]],
    span: SequenceSpan,
    log: DifferenceLog,
) -> None:
    """Goes through all sequences in order: each is there once, and none of the span is left out.

    The last one of the span is there, so no hole reaches beyond it.
    """
    due, before, repeated = span.start, -1, -1
    for sequence in heapq.merge(*sorted_parts.values()):
        if sequence == before:
            if sequence != repeated:
                _note_repeat(sequence, found, sorted_parts, log)
            repeated = sequence
            continue
        before = sequence
        if due < sequence and due < span.end:
            _note_hole(due, sequence, log)
        due = max(due, sequence + 1)


def _note_hole(start: int, end: int, log: DifferenceLog) -> None:
    if end == start + 1:
        log.add(_KIND, f"sequence {shown(start)}", "no record", "one record")
    else:
        what = f"sequences {shown(start)} to {shown(end - 1)}"
        log.add(_KIND, what, "no record", "one record each")


def _note_repeat(
    sequence: int,
    found: SourceSequences,
    sorted_parts: Mapping[int, array[int]],
    log: DifferenceLog,
) -> None:
    """Notes a sequence that several partitions hold; one that is repeated within a partition was
    noted as out of order."""
    holders = [number for number, part in sorted_parts.items() if _holds(part, sequence)]
    if len(holders) == 1:
        return
    places = tuple(
        RecordPlace(number, part.offset_of(part.sequences.index(sequence)))
        for number, part in ((each, found.partitions[each]) for each in holders)
        if log.has_room(_KIND)  # to look for one takes as long as its partition is
    )
    what = f"sequence {shown(sequence)}"
    names = " and ".join(f"partition {place.partition} offset {place.offset}" for place in places)
    log.add(_KIND, what, names, "one record", places)


def _holds(ascending: array[int], sequence: int) -> bool:
    at = bisect_left(ascending, sequence)
    return at < len(ascending) and ascending[at] == sequence
