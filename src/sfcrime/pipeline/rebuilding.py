"""Counts a topic again into a second generation, and swaps it for the one that readers see.

The same query and judging as `stream`; readers see the old numbers until the new ones have
reached everything that the topic held when the rebuild began, then the new ones, by one row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import LostRange, TopicState, is_caught_up
from sfcrime.errors import StoreUnavailable, TopicRefused
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.origin import origin_of
from sfcrime.kafka.topic import Topic
from sfcrime.pipeline.stream import job_lock
from sfcrime.settings import Settings
from sfcrime.spark.driver import fresh_work_dir
from sfcrime.spark.properties import require_settable
from sfcrime.spark.session import start_spark
from sfcrime.store.address import store_address
from sfcrime.store.reader import counted_generation
from sfcrime.store.records import Generation, PartitionRange, counted_ends
from sfcrime.store.versions import set_aside_other_version
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.generation_choice import (
    new_generation,
    pending_generation,
    rebuild_command,
)
from sfcrime.streaming.job import run_query
from sfcrime.streaming.query_run import StreamJob

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What a rebuild is about to do."""

    seen: Generation | None
    """What readers see now; None where the store holds nothing."""
    seen_accounting: Accounting
    wanted: Generation
    due: int
    """Offsets that the topic holds."""
    lost: tuple[LostRange, ...]
    """Counted in `seen`, and no longer in the topic."""


@dataclass(frozen=True, slots=True)
class RebuildHooks:
    """Whom a rebuild tells what it does."""

    on_step: Callable[[str], None]
    on_plan: Callable[[RebuildPlan], None]
    on_progress: Callable[[int, int], None]
    """Offsets accounted for, of those due."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended."""

    plan: RebuildPlan
    accounting: Accounting
    """Of the new generation."""
    swapped: bool
    """False: it was stopped, readers see what they saw, and the next rebuild continues it."""


def of_stored_topic(settings: Settings) -> Settings:
    """The same for the topic that readers see; as they are where no store can be read."""
    with suppress(StoreUnavailable):
        return settings.of_topic(counted_generation(store_address(settings)).topic)
    return settings


def rebuild_topic(
    settings: Settings, stop: Event, hooks: RebuildHooks, *, accept_loss: bool
) -> Rebuilt:
    """Counts the topic from its first offset; the embedded broker is started where need be.

    It may be killed at any moment: the next rebuild continues after what was committed, or begins
    again where it would count otherwise; a `stream` clears it.

    Args:
        settings: what is counted again, and how.
        stop: set: finish the batch in hand and end without a swap.
        hooks: told of the steps.
        accept_loss: count even where counted records are no longer in the topic.

    Raises:
        AlreadyRunning: a job works on this data folder.
        TopicRefused: counted records would be lost, or the topic holds no record.
        SfcrimeError: see `streaming.job` for what can fail.
    """
    require_settable(settings)
    data_dir = settings.data_dir
    address = store_address(settings)
    with (
        job_lock(data_dir),
        open_kafka(settings, hooks.on_step) as opened,
    ):
        topic = Topic(opened.kafka, BROKER_WAIT_S, stop)
        found = _with_records(topic)
        kept = set_aside_other_version(address)
        if kept is not None:
            hooks.on_step(f"the store of another schema version is kept as {kept}")
        with open_writer(
            address,
            history_rows=settings.store.progress_rows,
            rejected_rows=settings.store.rejected_rows,
            late_rows=settings.store.late_rows,
        ) as store:
            plan = _plan(opened, topic, store, found)
            hooks.on_plan(plan)
            if plan.lost and not accept_loss:
                raise _would_lose(plan, opened)
            wanted = pending_generation(store, plan.wanted, topic.state)
            job = StreamJob(opened, topic, store, stop, until_caught_up=True, due=found.ends)
            swapped = _count(job, wanted, found, hooks)
            if swapped:
                store.make_current()
                hooks.on_step("clearing what the old numbers left")
                store.forget_unseen()
            totals = store.totals()
            return Rebuilt(plan, totals.accounting if totals else Accounting(), swapped)


def _with_records(topic: Topic) -> TopicState:
    found = topic.state()
    topic.require_lasting_offsets()
    if _offsets_held(found):
        return found
    raise TopicRefused(
        f"The topic {topic.name} holds no record.",
        rule="A rebuild counts what the topic holds.",
        next_step="publish something first (sfcrime produce), or correct --topic",
    )


def _offsets_held(topic: TopicState) -> int:
    return sum(end - topic.firsts.get(partition, 0) for partition, end in topic.ends.items())


def _plan(settings: Settings, topic: Topic, store: StoreWriter, found: TopicState) -> RebuildPlan:
    seen, totals = store.generation(), store.totals()
    is_same = seen is not None and seen.topic_id == found.topic_id
    origin = None if is_same else origin_of(topic.kafka, found)
    wanted = new_generation(settings, found, origin, seen)
    ledger = store.partition_ledger()
    held = topic.state(counted_ends(ledger)) if is_same else found
    return RebuildPlan(
        seen=seen,
        seen_accounting=totals.accounting if totals else Accounting(),
        wanted=wanted,
        due=_offsets_held(found),
        lost=lost_ranges(seen, ledger, wanted, held),
    )


def lost_ranges(
    seen: Generation | None,
    ledger: Sequence[PartitionRange],
    wanted: Generation,
    topic: TopicState,
) -> tuple[LostRange, ...]:
    """What was counted and is no longer in the topic; all of it where the topic is another."""
    if seen is None:
        return ()
    if (seen.topic, seen.topic_id) != (wanted.topic, wanted.topic_id):
        topic = TopicState(wanted.topic_id, {}, {})
    return tuple(
        lost for each in ledger for lost in topic.lost(each.partition, each.start, each.end)
    )


def _would_lose(plan: RebuildPlan, settings: Settings) -> TopicRefused:
    named = "; ".join(str(each) for each in plan.lost[:_MOST_NAMED])
    more = f"; and {len(plan.lost) - _MOST_NAMED:,} more" if len(plan.lost) > _MOST_NAMED else ""
    seen, wanted = plan.seen or plan.wanted, plan.wanted
    command = rebuild_command(seen, wanted, settings.stream, accept_loss=True)
    return TopicRefused(
        f"The topic no longer holds {sum(each.end - each.start for each in plan.lost):,} offsets "
        f"that were counted ({named}{more}).",
        rule="A rebuild counts what the topic holds: the new numbers would lack these records, and "
        "the old numbers would be gone.",
        next_step=f"keep the numbers as they are, or give these records up: {command}",
    )


def _count(job: StreamJob, generation: Generation, seen: TopicState, hooks: RebuildHooks) -> bool:
    """Runs the query until the generation has reached what the topic held when it was seen; False
    where it was stopped first."""
    ends = seen.ends

    def show() -> None:
        ledger = job.store.partition_ledger()
        done = sum(min(each.end, ends.get(each.partition, 0)) - each.start for each in ledger)
        starts = {each.partition: each.start for each in ledger}
        due = sum(end - starts.get(partition, 0) for partition, end in ends.items())
        hooks.on_progress(done, due)

    show()
    hooks.on_step("starting Spark")
    spark = start_spark(job.settings, fresh_work_dir(job.settings.data_dir))
    try:
        show()
        hooks.on_step(f"counting; Spark UI: {spark.ui_url}/StreamingQuery/")
        run_query(spark, job, generation, seen, lambda _: show())
    finally:
        spark.stop()
    return is_caught_up(job.store.partition_ends(), ends)
