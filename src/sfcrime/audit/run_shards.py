"""One audit by many machines: each reads and judges its shard, and one combines and compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sfcrime.audit.plan_file import (
    SHARDS,
    await_plan,
    begin,
    read_plan,
    require_counted_on,
    require_judge,
)
from sfcrime.audit.processes import count_in_processes
from sfcrime.audit.provable import require_all_there
from sfcrime.audit.result import AuditResult
from sfcrime.audit.run_audit import OPENING, READ_LIMIT_S, RECOUNTING, Progress, run_audit
from sfcrime.audit.shard_files import (
    BrokenShard,
    Shard,
    ShardMark,
    borrow,
    keep_shard,
    read_mark,
    require_whole,
    shards_of,
    whole_shards,
)
from sfcrime.audit.shard_plan import ShardPlan, counted_since
from sfcrime.audit.shares import CountPlan, CountShares, OnPassed, ShareResult
from sfcrime.audit.spill import open_spill
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import UsageError
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.topic import Topic
from sfcrime.machine.own_folder import remove_folder
from sfcrime.settings import Settings
from sfcrime.store.address import store_address
from sfcrime.store.reader import open_reader
from sfcrime.store.records import counted_ends

WAITING = "Waiting for the plan"
CHECKING = "Checking the shards"


@dataclass(frozen=True, slots=True)
class CountedShard:
    """What a machine has done."""

    shard: Shard
    mark: ShardMark
    was_there: bool
    """It had been counted before, and is whole."""

    @property
    def missing(self) -> list[int]:
        """Numbers of the shards of which there is nothing yet."""
        shards = shards_of(self.shard.folder, self.shard.plan)
        return [each.number for each in shards if not each.place.exists()]


def audit_shard(settings: Settings, number: int, shards: int, progress: Progress) -> CountedShard:
    """Reads and judges one shard, which then lies in the work folder.

    Shard 1 makes the plan from the store; the others wait for it up to a minute, and need no store.
    One that is there already, and whole, is not read again.

    Args:
        settings: name the work folder, Kafka, and for shard 1 the store.
        number: of the shard, from 1.
        shards: how many there are.
        progress: told of it.

    Raises:
        ShardRefused: the plan in the folder is for other shards, of other numbers or another judge.
        SfcrimeError: as `audit_store`.
    """
    folder = shards_folder(settings)
    if number == 1:
        progress(OPENING, 0, 0)
        with open_reader(store_address(settings), limit_s=READ_LIMIT_S) as store:
            plan = begin(folder, store, shards)
    else:
        progress(WAITING, 0, 0)
        plan = await_plan(folder, shards)
    shard = Shard(folder, plan, number)
    try:
        mark = read_mark(shard.place, plan)
        require_whole(shard.place, mark)
        return CountedShard(shard, mark, was_there=True)
    except BrokenShard:
        progress(OPENING, 0, 0)
    with open_kafka(settings.of_topic(plan.topic)) as opened:
        topic = Topic(opened.kafka, BROKER_WAIT_S).state()
        count = count_in_processes(opened.kafka, settings.audit.processes)
        return CountedShard(shard, count_shard(shard, topic, count, progress), was_there=False)


def count_shard(
    shard: Shard, topic: TopicState, count: CountShares, progress: Progress
) -> ShardMark:
    """Counts a shard and keeps it in the folder of plan and shards.

    Raises:
        TopicRefused: the topic was made again, or lacks some of the shard's offsets.
        Unreachable: Kafka or a folder cannot be used.
    """
    plan, ranges = shard.plan, shard.ranges
    require_all_there(plan.topic, plan.topic_id, ranges, topic)
    with open_spill() as spill:
        part = CountPlan(ranges, plan.rules, plan.source_name, spill, plan.due)
        results = count(part, lambda passed: progress(RECOUNTING, passed, part.due))
        return keep_shard(shard, results, spill)


def audit_combined(settings: Settings, progress: Progress) -> AuditResult:
    """Compares what the shards in the work folder came to with the store, as `audit_store` does.

    What the store has counted since the plan was made is read here.

    Raises:
        ShardRefused: a shard is left out, there twice, not whole, or of another audit; or the plan
            is of other numbers than the store's.
        SfcrimeError: as `audit_store`.
    """
    folder = shards_folder(settings)
    progress(CHECKING, 0, 0)
    plan = read_plan(folder)
    require_judge(plan, folder)
    shards = whole_shards(folder, plan, partial(progress, CHECKING))
    progress(OPENING, 0, 0)
    address = store_address(settings)
    with (
        open_reader(address, limit_s=READ_LIMIT_S, copied=True) as store,
        open_kafka(settings.of_topic(plan.topic)) as opened,
    ):
        require_counted_on(plan, folder, store)
        topic = Topic(opened.kafka, BROKER_WAIT_S).state(counted_ends(store.partition_ledger()))
        count = count_in_processes(opened.kafka, settings.audit.processes)
        return run_audit(store, topic, CombinedShards(plan, shards, count), progress, plan.due)


@dataclass(frozen=True, slots=True)
class CombinedShards:
    """Counts by what the shards came to, and reads what is in none of them."""

    plan: ShardPlan
    shards: Sequence[tuple[Path, ShardMark]]
    """Each once and whole, by number."""
    count: CountShares
    """Reads the rest."""

    def __call__(self, plan: CountPlan, passed: OnPassed) -> list[ShareResult]:
        passed(self.plan.due)
        rest = replace(plan, ranges=counted_since(self.plan, plan.ranges))
        results = self.count(rest, lambda offsets: passed(self.plan.due + offsets))
        return [*results, *borrow(plan.spill, self.shards, len(results))]


def end_shards(settings: Settings) -> None:
    """Removes plan and shards, once there is a verdict; what cannot be removed stays."""
    remove_folder(shards_folder(settings))


def shards_folder(settings: Settings) -> Path:
    """The folder of plan and shards, in that which the machines share.

    Raises:
        UsageError: there is no such folder: one that is made here would be seen by no other.
    """
    shared = Path(settings.audit.work_dir).expanduser().resolve()
    if not shared.is_dir():
        raise UsageError(
            f"There is no folder {shared} on this machine.",
            rule="Machines that audit together keep what they read in a folder that all of them "
            "see.",
            next_step="mount it, make it (mkdir), or name another one with --work-dir",
        )
    return shared / SHARDS
