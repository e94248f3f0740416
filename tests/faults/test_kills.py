"""SIGKILL at random instants: the job alone, then everything at once. Nothing may change."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from replay import TO_THE_END, CallFiles, Table

from running import Digest, Sfcrime, Started, alive, command_line, kill_all, wait_until

pytestmark = pytest.mark.faults

KILLS = 10
"""Of each kind. Every other one comes after the job has committed a batch in this life, the
others wherever its start happens to be."""

LONGEST_START_S = 12.0
LONGEST_AFTER_A_BATCH_S = 4.0

PACE = ("--speed", "25000x")
"""The 91 days of the file take five minutes: it is still being published when jobs die."""

SMALL_BATCHES = ("--max-records-per-batch", "2500")
"""What came in while a job started is several batches, so that kills fall between and into them."""

_NAMES = {
    "SparkSubmit": "stream JVM",
    "kafka.Kafka": "broker JVM",
    "pyspark": "Python worker",
    "sfcrime stream": "stream",
    "sfcrime produce": "producer",
    "sfcrime run": "run",
}


@dataclass
class Killer:
    """Ends commands at random, and keeps what it saw."""

    sfcrime: Sfcrime
    chance: random.Random
    table: Table
    killed: Counter[str] = field(default_factory=Counter)
    lives_with_a_batch: int = 0

    def kill(self, kind: str, started: Started, number: int) -> None:
        """SIGKILLs a command and all its descendants, at an instant that chance chooses."""
        before = self.sfcrime.batches()
        born = time.monotonic()
        wait_s = self.chance.uniform(0, LONGEST_START_S)
        if number % 2:
            started.wait_for(lambda: self.sfcrime.batches() > before, "a batch of this life")
            wait_s = self.chance.uniform(0, LONGEST_AFTER_A_BATCH_S)
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            assert started.is_running(), started.log()
            time.sleep(0.01)  # the instant is random by intent: there is no condition to wait for
        tree = started.tree()
        names = Counter(_name(command_line(each)) for each in tree)
        kill_all(tree)
        lived_s = time.monotonic() - born
        wait_until(lambda: not alive(tree), "the killed processes to be gone", 30)
        started.wait(30)
        self._note(kind, lived_s, before, names)

    def _note(self, kind: str, lived_s: float, batches_before: int, names: Counter[str]) -> None:
        batches = self.sfcrime.batches() - batches_before
        self.killed += names
        self.lives_with_a_batch += batches > 0
        processes = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
        self.table.add(kind, f"{lived_s:.1f}", batches, self.sfcrime.read(), processes)


def _name(command: str) -> str:
    return next((name for part, name in _NAMES.items() if part in command), "other")


def _seed() -> int:
    """FAULTS_SEED, or a new one; printed, so that a failure can be run again."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))


def test_twenty_sigkills_change_no_number(
    call_files: CallFiles, undisturbed: Digest, sfcrime: Sfcrime, table: Table
) -> None:
    seed = _seed()
    table.lines[0] += f" (FAULTS_SEED={seed}, {'real' if call_files.is_real else 'synthetic'} file)"
    table.add("killed", "lived s", "batches", "records", "processes")
    killer = Killer(sfcrime, random.Random(seed), table)
    source = str(call_files.by_order["as is"])

    with sfcrime.started("broker") as broker:
        broker.wait_for(lambda: "bootstrap servers:" in broker.log(), "the broker to answer")
        with sfcrime.started("produce", source, *PACE):
            for number in range(KILLS):
                with sfcrime.started("stream", *SMALL_BATCHES) as stream:
                    killer.kill("job", stream, number)
    run = ("run", "--source", source, *PACE, *SMALL_BATCHES, "--no-dashboard")
    for number in range(KILLS):
        with sfcrime.started(*run) as started:
            killer.kill("everything", started, number)

    read_before_the_end = sfcrime.read()
    ended = sfcrime("run", "--source", source, *TO_THE_END, timeout_s=550)
    assert ended.code == 0, ended.out + ended.err
    audit = sfcrime("audit", timeout_s=550)
    table.add("processes killed", dict(killer.killed))
    table.add("undisturbed", undisturbed)
    table.add("killed 20 times", sfcrime.digest())
    table.add("audit", f"exit code {audit.code}")

    assert sfcrime.digest() == undisturbed
    assert audit.code == 0, audit.out
    # Had nothing been going on, nothing would have been tried.
    assert 0 < read_before_the_end < undisturbed.accounting.read
    assert killer.lives_with_a_batch >= KILLS
    assert set(_NAMES.values()) <= set(killer.killed)
