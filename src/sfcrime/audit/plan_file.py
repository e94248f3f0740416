"""The file of a plan, in the folder that many machines share: made once, waited for, and refused
where a machine would read or judge otherwise, or the store is another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sfcrime.audit.provable import require_known_rules
from sfcrime.audit.shard_plan import ShardPlan, differing, plan_of_store, this_judge
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.errors import ShardRefused, Unreachable
from sfcrime.machine.own_folder import FolderKind, file_lock, take_folder
from sfcrime.machine.sealed_files import BrokenSeal, open_sealed, sealed
from sfcrime.machine.whole_files import write_whole
from sfcrime.store.reader import StoreReader

SHARDS = "sfcrime-audit"
"""The folder of plan and shards, in that which the machines share."""
SHARDS_FOLDER = FolderKind("folder of an audit's shards", "--work-dir", ())
PLAN_FILE = "plan.json"
_WAIT_S = 60.0
"""Machines that are started together do not start at the same moment."""
_LOOK_S = 0.5


def begin(folder: Path, store: StoreReader, shards: int) -> ShardPlan:
    """The plan that lies in the folder; one of the store where there is none yet.

    Repeatable: a first shard that was killed is counted again by the same plan.

    Raises:
        ShardRefused: there is one of other numbers, or for another number of shards.
        FingerprintChanged: as `plan_of_store`.
        Unreachable, UsageError: the folder cannot be used.
    """
    take_folder(folder, SHARDS_FOLDER)
    with translated(folder), file_lock(folder / "lock", wait=True):
        if not (folder / PLAN_FILE).exists():
            plan = plan_of_store(store, shards)
            write_whole(folder / PLAN_FILE, sealed(plan))
    plan = read_plan(folder)
    require_shards(plan, folder, shards)
    require_counted_on(plan, folder, store)
    return plan


def await_plan(folder: Path, shards: int, within_s: float | None = None) -> ShardPlan:
    """The plan that the machine with shard 1 makes, which may be about to.

    Raises:
        Unreachable: there is none for so long.
        ShardRefused: it is for another number of shards, or damaged.
    """
    deadline = time.monotonic() + (_WAIT_S if within_s is None else within_s)
    while not (folder / PLAN_FILE).exists():
        if time.monotonic() >= deadline:
            raise _no_plan(folder, f"1/{shards}")
        time.sleep(_LOOK_S)
    plan = read_plan(folder)
    require_shards(plan, folder, shards)
    return plan


def read_plan(folder: Path) -> ShardPlan:
    """The plan in the folder.

    Raises:
        Unreachable: there is none.
        ShardRefused: it is damaged.
    """
    if not (folder / PLAN_FILE).exists():
        raise _no_plan(folder, "1/n")
    with translated(folder):
        content = (folder / PLAN_FILE).read_bytes()
    try:
        return open_sealed(content, ShardPlan)
    except BrokenSeal as error:
        raise ShardRefused(
            f"The plan {folder / PLAN_FILE} is damaged: {error}.", next_step=_again(folder)
        ) from error


def require_shards(plan: ShardPlan, folder: Path, shards: int) -> None:
    """Refuses to read by a plan for another number of shards, and to judge otherwise than it says.

    Raises:
        ShardRefused: naming both sides.
    """
    if plan.shards != shards:
        raise ShardRefused(
            f"The audit in {folder} has {plan.shards} shards, and one of {shards} was asked for.",
            next_step=f"name a shard as --shard i/{plan.shards}; or {_again(folder)}",
        )
    require_judge(plan, folder)


def require_judge(plan: ShardPlan, folder: Path) -> None:
    """Refuses a plan of a machine that judges otherwise than this one: ShardRefused."""
    require_known_rules(plan.rules_version)
    judge = this_judge()
    if plan.judge != judge:
        raise ShardRefused(
            f"The audit in {folder} was begun with another sfcrime: the digest of its judging code "
            f"was {plan.judge}, and is {judge} here.",
            next_step="give all machines the same release of sfcrime, and of the time zones "
            f"(tzdata); then {_again(folder)}",
        )


def require_counted_on(plan: ShardPlan, folder: Path, store: StoreReader) -> None:
    """Refuses a store that is not the one of the plan, or holds less than when it was made.

    Raises:
        ShardRefused: naming what differs.
    """
    now = plan_of_store(store, plan.shards)
    of_numbers = ("topic", "topic_id", "generation", "created_ms", "source_name", "rules")
    said = [f"{name} was {old} and is {new}" for name, old, new in differing(plan, now, of_numbers)]
    for partition, (start, end) in plan.offsets.items():
        counted = now.offsets.get(partition, (0, 0))
        if counted[0] != start or counted[1] < end:
            said.append(
                f"partition {partition} was counted from offset {start:,} to {end:,} (exclusive) "
                f"and is now from {counted[0]:,} to {counted[1]:,}"
            )
    if said:
        raise ShardRefused(
            f"The audit in {folder}, planned at {instant_iso(plan.planned_ms)}, is of other "
            f"numbers than the store shows: {'; '.join(said)}.",
            next_step=_again(folder),
        )


def _no_plan(folder: Path, first: str) -> Unreachable:
    return Unreachable(
        f"There is no plan of an audit in {folder}.",
        rule="The machine with the first shard makes it, from the store.",
        next_step=f"start sfcrime audit --shard {first} --work-dir {folder.parent}, on a machine "
        "that reaches the store; all machines see the same folder there",
    )


def _again(folder: Path) -> str:
    return f"remove {folder} and begin again: sfcrime audit --shard 1/n on the first machine"


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turns the system's errors about files of the folder into ours: Unreachable."""
    try:
        yield
    except OSError as error:
        raise Unreachable(
            f"The folder {folder} of an audit's shards cannot be used: {error.strerror}.",
            rule="Machines that audit together keep what they read in a folder that all of them "
            "see, up to 100 bytes a record.",
            next_step="make room there, or mend what the system names, and run it again",
        ) from error
