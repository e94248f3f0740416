"""One audit: refuses what cannot be proved, recounts, compares, traces what differs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from sfcrime.audit.compare import (
    CellVerdict,
    compare_accounting,
    compare_cells,
    compare_partitions,
    compare_windows,
)
from sfcrime.audit.identities import check_blocks, compare_identities, stored_pairs
from sfcrime.audit.ledger import check_batches, check_ranges
from sfcrime.audit.partitions import OffsetRange
from sfcrime.audit.recount import Conflict, CountingRules, Recount, recount
from sfcrime.audit.result import (
    MAX_LISTED,
    AuditResult,
    ConflictFound,
    DifferenceKind,
    DifferenceLog,
)
from sfcrime.audit.sequences import SourceSequences, check_sequences
from sfcrime.audit.sums import compare_sums_and_rows
from sfcrime.audit.trace import find_records
from sfcrime.domain.outcomes import RULES_VERSION
from sfcrime.domain.topic_state import LostRange, TopicState
from sfcrime.errors import FingerprintChanged, TopicRefused
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.topic import Topic, require_same
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import Generation, PartitionRange

Progress = Callable[[str, int, int], None]
"""Told (stage, offsets passed, offsets to pass) as the topic is read."""

OPENING = "Opening Kafka"
RECOUNTING = "Recounting"
TRACING = "Finding the records concerned"
_ALL_ROWS = 2**62
_READ_LIMIT_S = 600.0
"""A report's reads get a tenth of it: an audit has the store sort all of its cells at once."""


class ReadRange(Protocol):
    """Reads records of the topic that is audited; `kafka.consumer.read_range` does."""

    def __call__(
        self, start: Mapping[int, int], end: Mapping[int, int], *, source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        """Every record with start <= offset < end; each partition's in the order of offsets.

        Where a source is named, its records have their sequences.
        """


def audit_store(settings: Settings, progress: Progress) -> AuditResult:
    """Audits the store of the data folder; the embedded broker is started where need be.

    Raises:
        SfcrimeError: as `run_audit`, and where Kafka or the store cannot be opened.
    """
    progress(OPENING, 0, 0)
    with (
        open_reader(settings.data_dir / STORE_FILE, limit_s=_READ_LIMIT_S, copied=True) as store,
        open_kafka(settings.of_topic(store.generation().topic)) as opened,
    ):
        read = partial(read_range, opened.kafka)
        return run_audit(store, Topic(opened.kafka).state(), read, progress)


def run_audit(
    store: StoreReader,
    topic: TopicState,
    read: ReadRange,
    progress: Progress = lambda stage, done, due: None,
) -> AuditResult:
    """Recounts the topic up to the ledger's offsets and compares.

    Args:
        store: one snapshot, so a job may go on counting meanwhile.
        topic: the one the store's generation was counted from, as it is now.
        read: reads its records.
        progress: told of the reading.

    Raises:
        FingerprintChanged: the numbers were made by other rules than this version knows.
        TopicRefused: the topic was made again, or no longer holds what was counted.
        KafkaUnavailable, StoreUnavailable: one of them cannot be read.
    """
    generation, ledger = store.generation(), store.partition_ledger()
    log = DifferenceLog()
    _refuse_other_rules(generation)
    partitions = _refuse_unprovable(generation, ledger, topic, log)
    rules = CountingRules(generation.lateness_s, generation.window_minutes)
    ranges = {each.partition: OffsetRange(each.start, each.end) for each in ledger}
    is_ours, found = generation.source_name != "", SourceSequences()

    def records(stage: str, source_name: str = "") -> Iterator[Sequence[TopicRecord]]:
        return _records(read, ranges, source_name, partial(progress, stage))

    batches = records(RECOUNTING, generation.source_name)
    count = recount(found.noting(batches) if is_ours else batches, ranges, rules)
    conflicts = count.finish()
    verdict = _compare(store, count, conflicts, ledger, log)
    sequences = check_sequences(found, ranges, partitions, log) if is_ours else None
    named = conflicts[:MAX_LISTED]
    identities = [(each.call_id, each.call_us) for each in named]
    traced = find_records(partial(records, TRACING), rules, verdict.first_differing, identities)
    totals = store.totals()
    return AuditResult(
        generation=store.number,
        created_ms=generation.created_ms,
        batch=totals.last_batch_id,
        topic=generation.topic,
        ranges=ranges,
        lateness_s=generation.lateness_s,
        window_minutes=generation.window_minutes,
        cells=verdict.cells,
        differing=verdict.differing,
        accounting=count.accounting,
        stored_accounting=totals.accounting,
        differences=traced.with_places(log.listed, verdict.first_differing),
        difference_counts=dict(log.counts),
        conflicts=tuple(
            ConflictFound(each, tuple(traced.of_identity[each.call_id, each.call_us]))
            for each in named
        ),
        conflict_count=len(conflicts),
        sequences=sequences,
    )


def _compare(
    store: StoreReader,
    count: Recount,
    conflicts: Sequence[Conflict],
    ledger: Sequence[PartitionRange],
    log: DifferenceLog,
) -> CellVerdict:
    totals = store.totals()
    verdict = compare_cells(count.cells(), conflicts, store.cells(), log)
    windows = count.calls_by_window()
    compare_windows(windows, conflicts, store.window_totals(), totals.last_batch_id, log)
    compare_accounting(count.accounting, totals.accounting, log)
    compare_partitions(count, ledger, log)
    sums = store.set_aside_sums()
    compare_sums_and_rows(DifferenceKind.REJECTED, count.rejected(), store.rejected(), sums, log)
    compare_sums_and_rows(DifferenceKind.LATE, count.late(), store.late(), sums, log)
    check_batches(store.ledger_rows(_ALL_ROWS)[::-1], totals, log)
    check_ranges(store.batch_ranges(), count, log)
    check_blocks(store.identity_blocks(), log)
    compare_identities(stored_pairs(store.identity_blocks(), log), count, log)
    return verdict


def _refuse_other_rules(generation: Generation) -> None:
    if generation.rules_version != RULES_VERSION:
        raise FingerprintChanged(
            {"rules_version": (generation.rules_version, RULES_VERSION)},
            "audit with the sfcrime that counted, or count again: sfcrime rebuild",
        )


def _refuse_unprovable(
    generation: Generation, ledger: Sequence[PartitionRange], topic: TopicState, log: DifferenceLog
) -> Collection[int]:
    """Refuses a topic that no longer holds what was counted; notes what was never counted.

    Returns:
        the topic's partitions.
    """
    require_same(generation.topic, generation.topic_id, topic.topic_id)
    lost = [each for part in ledger for each in topic.lost(part.partition, part.start, part.end)]
    if lost:
        raise _unprovable(generation, ledger, lost)
    for each in ledger:
        if each.start < each.end:
            name = f"partition {each.partition}, start"
            log.expect(DifferenceKind.PARTITION, name, topic.firsts[each.partition], each.start)
    return topic.ends.keys()


def _unprovable(
    generation: Generation, ledger: Sequence[PartitionRange], lost: Sequence[LostRange]
) -> TopicRefused:
    gone = sum(each.end - each.start for each in lost)
    counted = sum(each.end - each.start for each in ledger)
    return TopicRefused(
        f"{generation.topic} no longer holds {gone:,} of the {counted:,} offsets that were "
        f"counted; {'; '.join(str(each) for each in lost)}.",
        rule="What these records were can no longer be proved, and so neither can any cell, total "
        "or list of the store.",
        next_step="keep the stored numbers, which nothing can recount (a job goes on with them); "
        "or set the topic's retention.ms=-1 and count what it still holds, which can be audited "
        "again: sfcrime rebuild --accept-loss",
    )


def _records(
    read: ReadRange,
    ranges: Mapping[int, OffsetRange],
    source_name: str,
    progress: Callable[[int, int], None],
) -> Iterator[Sequence[TopicRecord]]:
    """The records of the ranges; progress is told once a batch of them was worked on, in offsets:
    a run of them may hold no record."""
    starts = {partition: span.start for partition, span in ranges.items()}
    ends = {partition: span.end for partition, span in ranges.items()}
    due = sum(span.end - span.start for span in ranges.values())
    reached = dict(starts)
    for batch in read(starts, ends, source_name=source_name):
        yield batch
        reached.update({record.partition: record.offset + 1 for record in batch})
        progress(sum(reached.values()) - sum(starts.values()), due)
