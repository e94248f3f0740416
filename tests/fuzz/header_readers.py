"""Whether all who read headers read the same, and find the same sequences.

What headers say is read by one module for all: the producer that resumes looks back from a
partition's end, the audit reads from its beginning, and the origin of a topic is asked of single
records. All must see the same, and what is written here from the description of the headers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, TypeAlias, cast
from unittest import mock

import numpy as np
from confluent_kafka import Message
from fuzz_headers import SOURCE, TRUE_STAMPS, Headers
from fuzz_topics import FuzzTopic

from sfcrime.audit.result import DifferenceLog
from sfcrime.audit.sequences import ReadSequences, check_sequences
from sfcrime.audit.shares import SEQUENCE, OffsetRange
from sfcrime.kafka import resume
from sfcrime.kafka.headers import SEQUENCE_HEADER, SOURCE_HEADER, SequenceReader, record_origin

Placed: TypeAlias = list[tuple[int, int, int | None]]
"""Partition, offset and sequence of each record."""


class _Message:
    """A message of the client, as far as headers and place go."""

    def __init__(self, headers: Headers) -> None:
        self._headers = list(headers) or None

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._headers


def _message(headers: Headers) -> Message:
    return cast(Message, _Message(headers))


def header_faults(topic: FuzzTopic) -> Iterator[tuple[int | None, str]]:
    """What the readers of headers do not agree on, with the number of the record."""
    reader = SequenceReader(topic.source_name)
    placed: Placed = []
    ends: dict[int, int] = {}
    for number, record in enumerate(topic.records):
        sequence = reader.sequence_of(_message(record.headers))
        alone = SequenceReader(topic.source_name).sequence_of(_message(record.headers))
        origin = record_origin(_message(record.headers))
        named = origin is not None and origin.source.name == topic.source_name
        if not sequence == alone == (origin.sequence if origin and named else None):
            yield number, f"sequence {sequence} among others, {alone} alone, origin {origin}"
        fault = _misread(record.headers, None if origin is None else origin.source.name, alone)
        if fault:
            yield number, fault
        offset = ends.get(record.partition, 0) + record.skipped
        ends[record.partition] = offset + 1
        placed.append((record.partition, offset, sequence))
    for fault in (_audit_fault(placed, ends), _resume_fault(topic, placed, ends)):
        if fault:
            yield None, fault


def _misread(headers: Headers, name: str | None, sequence: int | None) -> str:
    """What the description of the headers says otherwise; of stamps, only of those that are surely
    ours, and that a name which was read stands there."""
    last = dict(headers)
    source, digits = last.get(SOURCE_HEADER), last.get(SEQUENCE_HEADER)
    ours = (
        digits is not None
        and 1 <= len(digits) <= 18
        and all(48 <= each <= 57 for each in digits)
        and (digits == b"0" or digits[0] != 48)
    )
    if not ours or source is None:
        return "" if name is None and sequence is None else f"{name} {sequence} was read"
    expected = TRUE_STAMPS.get(source)
    if expected is None:
        return "" if name is None or json.loads(source)["name"] == name else f"name {name}"
    wanted = int(digits or b"") if expected == SOURCE.name else None
    return "" if (name, sequence) == (expected, wanted) else f"{name} {sequence}, not {wanted}"


def _audit_fault(placed: Placed, ends: Mapping[int, int]) -> str:
    """Whether the audit finds the disorder, the repeats and the holes that are there, no others."""
    found, log = {number: _reader_of(placed, number) for number in ends}, DifferenceLog()
    ranges = {number: OffsetRange(0, end) for number, end in ends.items()}
    check_sequences(found, ranges, ends.keys(), log)
    expected = _sequence_faults(placed, ends)
    listed = Counter(each.what for each in log.listed)
    surplus = listed - expected
    if surplus or sum(log.counts.values()) != expected.total():
        return f"the audit finds {dict(log.counts)}, there are {expected.total()}; {surplus}"
    return ""


def _reader_of(placed: Placed, partition: int) -> ReadSequences:
    found = [(offset, seq) for part, offset, seq in placed if part == partition and seq is not None]
    rows = np.array(found, SEQUENCE)
    return lambda most: (rows[at : at + most] for at in range(0, len(rows), most))


def _sequence_faults(placed: Placed, ends: Mapping[int, int]) -> Counter[str]:
    faults: Counter[str] = Counter()
    held: dict[int, list[int]] = {number: [] for number in ends}
    in_order: dict[int, set[int]] = {number: set() for number in ends}
    was_again = dict.fromkeys(ends, False)
    for partition, offset, sequence in placed:
        if sequence is None:
            continue
        # What is there again is no fault: a producer may have sent it twice.
        is_again = sequence in in_order[partition]
        # Behind one that is there again, all before it counts, and not that one.
        above = max(held[partition]) if was_again[partition] else (held[partition] or [-1])[-1]
        if sequence <= above and not is_again:
            faults[f"sequence at partition {partition} offset {offset}"] += 1
        if not held[partition] or sequence > max(held[partition]):
            in_order[partition].add(sequence)
        held[partition].append(sequence)
        was_again[partition] = is_again
    where = Counter(each for part in held.values() for each in set(part))
    faults.update(f"sequence {each:,}" for each, partitions in where.items() if partitions > 1)
    if all(held.values()):
        end = min(max(part) for part in held.values()) + 1
        due = 0
        for each in sorted(where):
            if due < each and due < end:
                many = f"sequences {due:,} to {each - 1:,}"
                faults[f"sequence {due:,}" if due == each - 1 else many] += 1
            due = each + 1
    return faults


def _resume_fault(topic: FuzzTopic, placed: Placed, ends: Mapping[int, int]) -> str:
    """Whether a producer goes on behind the last sequence of the source that can be its own."""
    bound = len(placed) + 1_000
    expected = dict.fromkeys(ends, resume.NOTHING)
    for partition, _, sequence in placed:
        if sequence is not None and sequence < bound:
            expected[partition] = sequence
    messages = [
        (partition, offset, _message(record.headers))
        for (partition, offset, _), record in zip(placed, topic.records, strict=True)
    ]

    def read(_: Any, start: Mapping[int, int], end: Mapping[int, int], *__: Any, **___: Any) -> Any:
        yield [
            each
            for partition, offset, each in messages
            if partition in start and start[partition] <= offset < end[partition]
        ]

    view = resume._View(cast(Any, SimpleNamespace(kafka=None)), topic.source_name, bound)
    with mock.patch.object(resume, "read_messages", read):
        found = view.last_sequences({}, ends)
    return "" if found == expected else f"resumed behind {found}, the last ones are {expected}"
