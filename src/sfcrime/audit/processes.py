"""Counts the shares of a topic in processes of their own, one for each core.

A process is a child of ours (`machine.child`): a Ctrl-C reaches this process alone, which ends
them; on Linux they end with it, even by SIGKILL. They talk through files in the spill: what is to
be done, how far it is, what came of it, or the error that ended it.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.share_count import count_here
from sfcrime.audit.shares import CountPlan, CountShares, OffsetRange, OnPassed, Share, ShareResult
from sfcrime.audit.spill import Spill, translated, unusable
from sfcrime.errors import (
    AccountingBroken,
    ChildFailed,
    KafkaUnavailable,
    SfcrimeError,
    TopicRefused,
    Unreachable,
    UsageError,
)
from sfcrime.kafka.consumer import read_range
from sfcrime.machine.child import Child, last_words, start_child
from sfcrime.machine.sizes import machine_cores
from sfcrime.settings import KafkaSettings

MOST_PROCESSES = 3
"""Unless a setting says otherwise. Each holds some 150 MB, so that an audit stays below 700 MB
however many cores there are."""
OFFSETS_WORTH_A_PROCESS = 50_000
"""They are read and judged in half a second, which is what it takes to start a process."""
EXIT_NO_ROOM = 28
"""Of a process that has no room even for saying so."""
_LOOK_S = 0.1

_ERRORS = (UsageError, KafkaUnavailable, TopicRefused, Unreachable, AccountingBroken)
"""What may end a share; the first that fits, as a parent comes after its children."""


class ShareOrder(msgspec.Struct, frozen=True):
    """What a process is to do."""

    kafka: KafkaSettings
    number: int
    ranges: dict[int, tuple[int, int]]
    sized_for: int
    """Offsets of the whole plan."""
    rules: CountingRules
    source_name: str
    parent: int
    """Process id; without it nobody waits for the result."""


class ShareError(msgspec.Struct, frozen=True):
    """The error that ended a share."""

    kind: str
    happened: str
    rule: str
    next_step: str

    @classmethod
    def of(cls, error: SfcrimeError) -> ShareError:
        kind = next((each for each in _ERRORS if isinstance(error, each)), ChildFailed)
        return cls(kind.__name__, error.happened, error.rule, error.next_step)

    def again(self) -> SfcrimeError:
        """The same error, to be raised here."""
        kind = next((each for each in _ERRORS if each.__name__ == self.kind), ChildFailed)
        return kind(self.happened, rule=self.rule, next_step=self.next_step)


@dataclass(frozen=True, slots=True)
class ShareFiles:
    """Where a process and its parent find each other's words."""

    folder: Path
    number: int

    @property
    def order(self) -> Path:
        return self.folder / f"order-{self.number}"

    @property
    def passed(self) -> Path:
        return self.folder / f"passed-{self.number}"

    @property
    def result(self) -> Path:
        return self.folder / f"result-{self.number}"

    @property
    def error(self) -> Path:
        return self.folder / f"error-{self.number}"

    @property
    def log(self) -> Path:
        return self.folder / f"log-{self.number}"


def read_passed(files: ShareFiles) -> int:
    """How many offsets a process has passed; 0 where that was not noted yet, or just now is."""
    try:
        return int(files.passed.read_bytes() or 0)
    except FileNotFoundError:
        return 0


def count_in_processes(kafka: KafkaSettings, processes: int = 0) -> CountShares:
    """Counts in so many processes; in this one where the topic is small.

    Args:
        kafka: names broker and topic.
        processes: 0: one for each core, at most 3.
    """
    return partial(_count, kafka, processes or min(machine_cores(), MOST_PROCESSES))


def _count(kafka: KafkaSettings, most: int, plan: CountPlan, passed: OnPassed) -> list[ShareResult]:
    processes = min(most, plan.due // OFFSETS_WORTH_A_PROCESS)
    if processes < 2:
        return count_here(partial(read_range, kafka))(plan, passed)
    shares = plan.shares(processes)
    files = [ShareFiles(plan.spill.folder, share.number) for share in shares]
    with ExitStack() as ended_after:
        children = []
        for share, each in zip(shares, files, strict=True):
            command = [sys.executable, "-m", "sfcrime.audit.share_process", str(each.order)]
            with translated(each.folder):
                each.order.write_bytes(msgspec.json.encode(_order(kafka, plan, share)))
                child = start_child(command, each.log)
            ended_after.callback(child.kill_session)
            children.append(child)
        _wait(children, files, passed)
    with translated(plan.spill.folder):
        results = [
            msgspec.json.decode(each.result.read_bytes(), type=ShareResult) for each in files
        ]
    for result in results:
        plan.spill.sizes |= result.sizes
    return results


def _wait(children: Sequence[Child], files: Sequence[ShareFiles], passed: OnPassed) -> None:
    """Until all have ended; raises the error of the first that failed."""
    reached = [0] * len(files)
    while True:
        codes = [child.exit_code for child in children]
        for code, each in zip(codes, files, strict=True):
            if code:
                raise _failure(each, code)
        reached = [max(*each) for each in zip(reached, map(read_passed, files), strict=True)]
        passed(sum(reached))
        if None not in codes:
            return
        time.sleep(_LOOK_S)


def _failure(files: ShareFiles, code: int) -> SfcrimeError:
    if code == EXIT_NO_ROOM:
        return unusable(files.folder, OSError(errno.ENOSPC, "No space left on device"))
    if files.error.exists():
        return msgspec.json.decode(files.error.read_bytes(), type=ShareError).again()
    return ChildFailed(
        f"A process of the audit ended with {code}. Its last words:\n{last_words(files.log)}",
        next_step="run `sfcrime audit` again; if memory was short, with less beside it",
    )


def _order(kafka: KafkaSettings, plan: CountPlan, share: Share) -> ShareOrder:
    ranges = {number: (span.start, span.end) for number, span in share.ranges.items()}
    sized_for = plan.sized_for or plan.due
    return ShareOrder(
        kafka, share.number, ranges, sized_for, plan.rules, plan.source_name, os.getpid()
    )


def plan_of(order: ShareOrder, folder: Path) -> tuple[CountPlan, Share]:
    """What an order is about: its share, and a plan of that share alone."""
    ranges = {number: OffsetRange(*span) for number, span in order.ranges.items()}
    plan = CountPlan(ranges, order.rules, order.source_name, Spill(folder), order.sized_for)
    return plan, Share(order.number, ranges)
