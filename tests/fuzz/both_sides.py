"""Counts a topic on both sides, and says where they differ.

The stream's side is a job without Spark (`stream_side`); the audit's side is the audit, reading the
same records from a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from unittest import mock

from fuzz_topics import FuzzTopic
from header_readers import header_faults
from stream_side import placed_records, read_batch, store_batches

from sfcrime.audit import counting_rules
from sfcrime.audit import judge as judge_module
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.judge import ValidCall
from sfcrime.audit.run_audit import run_audit
from sfcrime.audit.share_count import count_here
from sfcrime.domain.outcomes import Outcome, Reason
from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.reader import open_reader
from sfcrime.streaming import rules
from sfcrime.streaming.judged_rows import LABEL_SEPARATOR, LATE, rows_of
from sfcrime.streaming.read_batch import ReadBatch
from store_samples import GENERATION

_SHARES = 2
"""Of the audit: a repeat and its first copy often lie in different ones."""

Verdict: TypeAlias = tuple[int | None, int | None, str]
"""Call id, call time and label, as `JudgedColumns` has them: None and a reason where rejected."""


@dataclass(slots=True)
class Comparison:
    """What both sides made of a topic."""

    records: int = 0
    families: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by family and what the stream's judge made of them: "valid", "late" or a reason."""
    stream: Counter[str] = field(default_factory=Counter)
    """Records by outcome, the rejected ones by reason."""
    audit: Counter[str] = field(default_factory=Counter)
    differing: list[int] = field(default_factory=list)
    """Numbers of the records whose verdicts differ."""
    differences: list[str] = field(default_factory=list)
    """What differs, in words."""


def compare(topic: FuzzTopic, *, count: bool = True) -> Comparison:
    """Counts a topic on both sides, or reads its headers in every way.

    What the stream's judge remembers is forgotten before: the same topic gives the same result.
    That one side fails is a difference too.

    Args:
        topic: the one.
        count: False: compares the verdicts on records alone, which takes a hundredth of the time.
    """
    found = Comparison(len(topic.records))
    try:
        if topic.source_name:
            _compare_headers(topic, found)
        else:
            _compare_sides(topic, found, count)
    except Exception as error:  # whatever a judge meets, it must not fail
        found.differences.append(f"{type(error).__name__}: {error}")
    return found


def _compare_headers(topic: FuzzTopic, found: Comparison) -> None:
    found.families.update((each.family, "read") for each in topic.records)
    for number, fault in header_faults(topic):
        found.differences.append(fault)
        found.differing += [] if number is None else [number]


def _compare_sides(topic: FuzzTopic, found: Comparison, count: bool) -> None:
    for memo in (rules.known_dates, rules.known_times, rules.known_labels):
        memo.clear()
    placed = placed_records(topic)
    reads = [read_batch(number, batch, topic) for number, batch in enumerate(placed)]
    # Verdicts and counts are compared one after the other: the audit's judge, which is pure, is
    # asked once a value.
    judge = cache(judge_module.judge_value)
    with mock.patch.object(counting_rules, "judge_value", judge):
        _compare_verdicts(topic, placed, reads, found)
        if count and not found.differing:
            _compare_counts(topic, placed, reads, found)


def _compare_verdicts(
    topic: FuzzTopic,
    placed: Sequence[Sequence[TopicRecord]],
    reads: Sequence[ReadBatch],
    found: Comparison,
) -> None:
    audit = CountingRules(topic.lateness_s, topic.window_minutes)
    number = 0
    for batch, records, read in zip(topic.batches, placed, reads, strict=True):
        by_place = _stream_verdicts(read)
        for made, record in zip(batch, records, strict=True):
            stream = by_place[record.partition, record.offset]
            audited = _audit_verdict(audit, record)
            what = stream[2] if stream[0] is None else "valid"
            found.families[made.family, what] += 1
            if stream[0] is None:
                found.stream[what] += 1
            if audited[0] is None:
                found.audit[audited[2]] += 1
            if stream != audited:
                found.differing.append(number)
                found.differences.append(f"stream {stream}, audit {audited}")
            number += 1


def _stream_verdicts(read: ReadBatch) -> dict[tuple[int, int], Verdict]:
    verdicts: dict[tuple[int, int], Verdict] = {}
    for packet in read.packets:
        columns = rows_of(packet.records)
        wanted = (columns[name].to_pylist() for name in ("call_id", "call_us", "label"))
        rows = zip(*wanted, strict=True)
        places = ((packet.tally.partition, offset) for offset in columns["offset"].to_pylist())
        verdicts.update(zip(places, rows, strict=True))
    return verdicts


def _audit_verdict(audit: CountingRules, record: TopicRecord) -> Verdict:
    judged = audit.judge(record)
    if isinstance(judged, ValidCall):
        label = f"{judged.call_type}{LABEL_SEPARATOR}{judged.disposition}"
        return judged.call_id, judged.call_us, label
    if isinstance(judged, Reason):
        return None, None, judged
    return None, judged.call_us, LATE


def _compare_counts(
    topic: FuzzTopic,
    placed: Sequence[Sequence[TopicRecord]],
    reads: Sequence[ReadBatch],
    found: Comparison,
) -> None:
    """Counts the batches into a store, and audits it."""
    starts = dict.fromkeys({record.partition for record in topic.records}, 0)
    generation = replace(
        GENERATION,
        start_offsets=starts,
        lateness_s=topic.lateness_s,
        window_minutes=topic.window_minutes,
        source_name="",
    )

    def read(
        start: Mapping[int, int], end: Mapping[int, int], source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        for records in placed:
            yield [
                each
                for each in records
                if start.get(each.partition, 0) <= each.offset < end.get(each.partition, 0)
            ]

    with TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        ends = store_batches(path, generation, reads)
        state = TopicState(GENERATION.topic_id, starts, ends)
        with open_reader(path) as store:
            result = run_audit(store, state, count_here(read, _SHARES))
    for side, account in (
        (found.stream, result.stored_accounting),
        (found.audit, result.accounting),
    ):
        side[Outcome.COUNTED] += account.counted
        side[Outcome.DUPLICATE] += account.duplicate
    found.differences += [
        f"{each.kind}: {each.what}: audit {each.recounted}, store {each.stored}"
        for each in result.differences
    ]
