"""Proves that nothing is missing from a topic of our own producer. Pure.

Each of its records carries its position in the source. The producer sends them in order, a
partition's records keep it, and a partition always holds a beginning of its part of the source. So
within a partition each sequence that is there for the first time is above all before it, and up to
the smallest of the partitions' last sequences every one of them is there. Beyond it records may be
on their way.

A sequence may come again in its partition. Where a broker dies, the producer sends again what was
on its way, and the broker may have it already: Kafka tells a repeat by what it remembers of the
producer, and forgets that a day after the timestamp of the producer's last record, which in a
replay is long ago. Such a record is counted once, like any repeat; how many there are is told, and
is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.result import (
    DifferenceKind,
    DifferenceLog,
    RecordPlace,
    SequenceSpan,
    shown,
)
from sfcrime.audit.shares import OffsetRange
from sfcrime.audit.spill import Rows

Integers: TypeAlias = NDArray[np.int64]
ReadSequences = Callable[[int], Iterator[Rows]]
"""Reads the records of the source in one partition (`shares.SEQUENCE`), in the order of their
offsets, up to so many at a time. Repeatable."""

_KIND = DifferenceKind.SEQUENCE
_ROWS_TOGETHER = 1_000_000
"""Of all partitions together, in memory at a time."""
_SENT_AGAIN = 100_000
"""Records of a partition that may come again: a producer has up to 50,000 on their way."""


@dataclass(slots=True)
class _Part:
    """What one partition's records of the source look like; it holds at least one."""

    read: ReadSequences
    first: int
    largest: int
    last: int
    records: int = 0
    again: int = 0
    """Records whose sequence was there before."""
    last_is_again: bool = False
    ascends: bool = True


class _Finding(NamedTuple):
    """A hole before a sequence, or a sequence that several partitions hold."""

    start: int
    end: int
    holders: tuple[int, ...]
    """Empty: none of [start, end) is there. Else who holds `start`."""


def check_sequences(
    found: Mapping[int, ReadSequences],
    ranges: Mapping[int, OffsetRange],
    partitions: Collection[int],
    log: DifferenceLog,
) -> SequenceSpan:
    """Checks order and holes, and counts repeats.

    Where a partition's sequences do not ascend, they are sorted in memory, 8 bytes each.

    Args:
        found: what the ranges hold, by partition.
        ranges: what was read of each partition.
        partitions: all of the topic; one without a range was not read.
        log: takes the differences, with what a topic of the source holds as stored.

    Returns:
        the sequences of which every one must be there.
    """
    checked = {
        number: _check_order(number, read, log, is_cut=ranges[number].start > 0)
        for number, read in sorted(found.items())
    }
    parts = {number: part for number, part in checked.items() if part is not None}
    span = _provable(parts, ranges, partitions)
    _check_together(parts, span, log)
    return span


def _check_order(
    number: int, read: ReadSequences, log: DifferenceLog, *, is_cut: bool
) -> _Part | None:
    """Args: is_cut: what the partition began with was deleted, and not read."""
    part: _Part | None = None
    known = np.empty(0, np.int64)
    for rows in read(_ROWS_TOGETHER):
        sequences = rows["sequence"]
        if part is None:
            first = int(sequences[0])
            part = _Part(read, first, first - 1, first - 1)
        before = np.concatenate([[part.last], sequences[:-1]])
        highest = np.maximum.accumulate(np.concatenate([[part.largest], sequences]))[:-1]
        is_above = sequences > highest
        known = np.concatenate([known[-_SENT_AGAIN:], sequences[is_above]])
        # What is not above all before it, and is known, was known before it; so was what is below
        # the first that is left.
        is_again = ~is_above & (np.isin(sequences, known) | (is_cut & (sequences < part.first)))
        part.again += int(is_again.sum())
        # One wrong record is told once, and not those that rightly follow it. A repeat goes back
        # itself, so what follows it is compared with all before it.
        follows_again = np.concatenate([[part.last_is_again], is_again[:-1]])
        goes_back = (sequences <= before) | (~is_above & follows_again)
        wrong = np.flatnonzero(goes_back & ~is_again)
        room = log.room(_KIND)
        for index in wrong[:room].tolist():
            place = RecordPlace(number, int(rows["offset"][index]))
            what = f"sequence at partition {number} offset {place.offset}"
            above = f"above {shown(int(highest[index]))}"
            log.add(_KIND, what, int(sequences[index]), above, (place,))
        log.add_unlisted(_KIND, len(wrong[room:]))
        part.ascends = part.ascends and bool(is_above.all())
        part.records += len(sequences)
        part.last, part.last_is_again = int(sequences[-1]), bool(is_again[-1])
        part.largest = max(part.largest, int(sequences.max()))
    return part


def _provable(
    parts: Mapping[int, _Part], ranges: Mapping[int, OffsetRange], partitions: Collection[int]
) -> SequenceSpan:
    """Sequences that no unread or deleted record can have.

    A partition that holds none of the source's may have lost them all, or may still be given the
    smallest of them: then nothing is certain.
    """
    records = sum(part.records for part in parts.values())
    again = sum(part.again for part in parts.values())
    if not parts or any(number not in parts for number in partitions):
        return SequenceSpan(records, 0, 0, again)
    cut = [number for number in parts if ranges[number].start > 0]
    start = max((parts[number].first for number in cut), default=0)
    end = min(part.largest for part in parts.values()) + 1
    return SequenceSpan(records, min(start, end), end, again)


def _check_together(parts: Mapping[int, _Part], span: SequenceSpan, log: DifferenceLog) -> None:
    """Goes through all sequences in order: each is there once, and none of the span is left out.

    The last one of the span is there, so no hole reaches beyond it.
    """
    room, listed, due = log.room(_KIND), list[_Finding](), span.start
    unlisted = 0
    for sequences, holders in _in_order(parts):
        is_first = np.diff(sequences, prepend=-1) != 0
        starts = np.flatnonzero(is_first)
        once = sequences[starts]
        dues = np.maximum(due, np.concatenate([[due], once[:-1] + 1]))
        holes = np.flatnonzero((dues < once) & (dues < span.end))
        counts = np.diff(starts, append=len(sequences))
        repeats = np.flatnonzero(counts > 1)
        left = room - len(listed)
        some = [_Finding(int(dues[at]), int(once[at]), ()) for at in holes[:left].tolist()]
        for at in repeats[:left].tolist():
            held = holders[starts[at] : starts[at] + counts[at]].tolist()
            some.append(_Finding(int(once[at]), int(once[at]) + 1, tuple(sorted(held))))
        # A hole ends where the sequence after it begins, so it comes before that one's repeat.
        listed += sorted(some, key=lambda each: (each.end, each.start))[:left]
        unlisted += len(holes) + len(repeats) - min(left, len(some))
        due = max(due, int(once[-1]) + 1)
    _note(listed, parts, log)
    log.add_unlisted(_KIND, unlisted)


def _in_order(parts: Mapping[int, _Part]) -> Iterator[tuple[Integers, Integers]]:
    """All sequences in ascending order and the partition of each, some at a time; equal ones come
    together, and one that a partition repeats comes once."""
    most = max(1, _ROWS_TOGETHER // max(1, len(parts)))
    readers = {number: _ascending(part, most) for number, part in parts.items()}
    heads = {number: next(reader) for number, reader in readers.items()}
    while heads:
        bound = min(int(head[-1]) for head in heads.values())
        pieces, holders = [], []
        for number, head in list(heads.items()):
            end = int(np.searchsorted(head, bound, "right"))
            pieces.append(head[:end])
            holders.append(np.full(end, number))
            left = head[end:] if end < len(head) else next(readers[number], None)
            if left is None:
                del heads[number]
            else:
                heads[number] = left
        together = np.concatenate(pieces)
        order = np.argsort(together, kind="stable")
        yield together[order], np.concatenate(holders)[order]


def _ascending(part: _Part, most: int) -> Iterator[Integers]:
    """A partition's sequences in ascending order, each once, up to so many at a time."""
    if part.ascends:
        for rows in part.read(most):
            yield rows["sequence"]
        return
    whole = np.unique(np.concatenate([rows["sequence"] for rows in part.read(_ROWS_TOGETHER)]))
    yield from np.split(whole, range(most, len(whole), most))


def _note(findings: Sequence[_Finding], parts: Mapping[int, _Part], log: DifferenceLog) -> None:
    repeated = {each.start: each.holders for each in findings if each.holders}
    places = _places(repeated, parts)
    for start, end, holders in findings:
        what = f"sequence {shown(start)}"
        if not holders and end > start + 1:
            what = f"sequences {shown(start)} to {shown(end - 1)}"
            log.add(_KIND, what, "no record", "one record each")
        elif not holders:
            log.add(_KIND, what, "no record", "one record")
        else:
            at = tuple(RecordPlace(number, places[start, number]) for number in holders)
            names = " and ".join(f"partition {each.partition} offset {each.offset}" for each in at)
            log.add(_KIND, what, names, "one record", at)


def _places(
    repeated: Mapping[int, Collection[int]], parts: Mapping[int, _Part]
) -> dict[tuple[int, int], int]:
    """By sequence and partition, the first offset at which it stands there."""
    found: dict[tuple[int, int], int] = {}
    for number in sorted({each for holders in repeated.values() for each in holders}):
        wanted = [sequence for sequence, holders in repeated.items() if number in holders]
        for rows in parts[number].read(_ROWS_TOGETHER):
            for offset, sequence in rows[np.isin(rows["sequence"], wanted)].tolist():
                found.setdefault((sequence, number), offset)
    return found
