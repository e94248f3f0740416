"""One audit: refuses what cannot be proved, recounts, compares, names the records that differ."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sfcrime.audit.comparison import compare
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.processes import count_in_processes
from sfcrime.audit.provable import require_all_there, require_known_rules
from sfcrime.audit.result import (
    MAX_LISTED,
    AuditResult,
    ConflictFound,
    DifferenceKind,
    DifferenceLog,
)
from sfcrime.audit.sequences import check_sequences
from sfcrime.audit.shares import CountPlan, CountShares, OffsetRange, Ranges
from sfcrime.audit.spill import open_spill
from sfcrime.audit.trace import find_records
from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.topic import Topic
from sfcrime.settings import Settings
from sfcrime.store.address import store_address
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import counted_ends

Progress = Callable[[str, int, int], None]
"""Told (stage, done, due): of offsets while the topic is read, then of parts of the comparison."""

OPENING = "Opening Kafka"
RECOUNTING = "Recounting"
COMPARING = "Comparing"
READ_LIMIT_S = 600.0
"""A report's reads get a tenth of it: an audit may run beside much else."""


def audit_store(settings: Settings, progress: Progress) -> AuditResult:
    """Audits the store of the data folder; the embedded broker is started where need be.

    Raises:
        SfcrimeError: as `run_audit`, and where Kafka or the store cannot be opened.
    """
    progress(OPENING, 0, 0)
    with (
        open_reader(store_address(settings), limit_s=READ_LIMIT_S, copied=True) as store,
        open_kafka(settings.of_topic(store.generation().topic)) as opened,
    ):
        count = count_in_processes(opened.kafka, settings.audit.processes)
        counted = counted_ends(store.partition_ledger())
        topic = Topic(opened.kafka, BROKER_WAIT_S).state(counted)
        return run_audit(store, topic, count, progress)


def run_audit(
    store: StoreReader,
    topic: TopicState,
    count: CountShares,
    progress: Progress = lambda stage, done, due: None,
    sized_for: int = 0,
) -> AuditResult:
    """Recounts the topic up to the ledger's offsets and compares.

    Args:
        store: one snapshot, so a job may go on counting meanwhile.
        topic: the one the store's generation was counted from, as it is now against what was
            counted of it (`Topic.state`).
        count: reads and judges its records.
        progress: told of it.
        sized_for: see `CountPlan`.

    Raises:
        FingerprintChanged: the numbers were made by other rules than this version knows.
        TopicRefused: the topic was made again, or no longer holds what was counted.
        Unreachable: Kafka, the store or the folder for temporary files cannot be used.
    """
    generation = store.generation()
    ranges = {
        each.partition: OffsetRange(each.start, each.end) for each in store.partition_ledger()
    }
    log = DifferenceLog()
    require_known_rules(generation.rules_version)
    require_all_there(generation.topic, generation.topic_id, ranges, topic)
    _note_uncounted(ranges, topic, log)
    rules = CountingRules(generation.lateness_s, generation.window_minutes)
    with open_spill() as spill:
        plan = CountPlan(ranges, rules, generation.source_name, spill, sized_for)
        results = count(plan, lambda passed: progress(RECOUNTING, passed, plan.due))
        found = compare(store, plan, results, log, partial(progress, COMPARING))
        sequences = None
        if generation.source_name:
            read = {number: part.sequences for number, part in found.count.partitions.items()}
            sequences = check_sequences(read, ranges, topic.ends.keys(), log)
        named, differing = found.contested[:MAX_LISTED], found.verdict.first_differing
        traced = find_records(
            *(found.count.all_rows(), found.count.labels, rules.window_s, differing),
            identities=[(each.call_id, each.call_us) for each in named],
        )
    totals = store.totals()
    return AuditResult(
        generation=store.number,
        created_ms=generation.created_ms,
        batch=totals.last_batch_id,
        topic=generation.topic,
        ranges=ranges,
        lateness_s=generation.lateness_s,
        window_minutes=generation.window_minutes,
        cells=found.verdict.cells,
        differing=found.verdict.differing,
        accounting=found.count.accounting,
        stored_accounting=totals.accounting,
        differences=traced.with_places(log.listed, differing),
        difference_counts=dict(log.counts),
        conflicts=tuple(
            ConflictFound(
                each.conflict(found.count.labels),
                tuple(traced.of_identity[each.call_id, each.call_us]),
            )
            for each in named
        ),
        conflict_count=len(found.contested),
        sequences=sequences,
    )


def _note_uncounted(ranges: Ranges, topic: TopicState, log: DifferenceLog) -> None:
    """Notes what the topic holds before the place where counting began."""
    for partition, span in ranges.items():
        if span.start < span.end:
            what = f"partition {partition}, start"
            log.expect(DifferenceKind.PARTITION, what, topic.firsts[partition], span.start)
