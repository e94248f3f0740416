"""SIGKILL at random instants: the job alone, then everything at once. Nothing may change."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from replay import TO_THE_END, CallFiles, Table

from running import Digest, Sfcrime, Started, alive, command_line, kill_all, wait_until

pytestmark = pytest.mark.faults

KILLS = 10
LONGEST_LIFE_S = 20.0
"""A job starts in 5 to 15 s, so some are killed before their first batch and some far behind."""

PACE = ("--speed", "40000x")
"""The 91 days of the file take 200 s: it is still being published while jobs die."""

SMALL_BATCHES = ("--max-records-per-batch", "4000")


def _seed() -> int:
    """FAULTS_SEED, or a new one; printed, so that a failure can be run again."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))


def _kill_after(started: Started, delay_s: float) -> list[str]:
    """SIGKILLs a command and all its descendants; their command lines, shortened."""
    deadline = time.monotonic() + delay_s
    while time.monotonic() < deadline:
        assert started.is_running(), started.log()
        time.sleep(0.01)  # the instant is random by intent: no condition to wait for
    tree = started.tree()
    names = [_name(command_line(each)) for each in tree]
    kill_all(tree)
    wait_until(lambda: not alive(tree), "the killed processes to be gone", 30)
    started.wait(30)
    return names


@contextmanager
def _after_the_start_of(broker: Started) -> Iterator[None]:
    broker.wait_for(lambda: "bootstrap servers:" in broker.log(), "the broker to answer")
    yield


def _name(command: str) -> str:
    for part, name in (
        ("SparkSubmit", "stream JVM"),
        ("kafka.Kafka", "broker JVM"),
        ("pyspark", "Python worker"),
        ("sfcrime stream", "stream"),
        ("sfcrime produce", "producer"),
        ("sfcrime run", "run"),
    ):
        if part in command:
            return name
    return "other"


def test_twenty_sigkills_change_no_number(
    call_files: CallFiles, undisturbed: Digest, sfcrime: Sfcrime, table: Table
) -> None:
    seed = _seed()
    chance = random.Random(seed)
    table.lines[0] += f" (FAULTS_SEED={seed}, {'real' if call_files.is_real else 'synthetic'} file)"
    table.add("killed", "after s", "records", "batches", "processes")
    source = str(call_files.by_order["as is"])

    with (
        sfcrime.started("broker") as broker,
        _after_the_start_of(broker),
        sfcrime.started("produce", source, *PACE),
    ):
        for _ in range(KILLS):
            delay_s = chance.uniform(0, LONGEST_LIFE_S)
            with sfcrime.started("stream", *SMALL_BATCHES) as stream:
                killed = _kill_after(stream, delay_s)
            assert "stream" in killed
            table.add("job", f"{delay_s:.1f}", sfcrime.read(), sfcrime.batches(), _few(killed))

    for _ in range(KILLS):
        delay_s = chance.uniform(0, LONGEST_LIFE_S)
        with sfcrime.started(
            *("run", "--source", source, *PACE, *SMALL_BATCHES), "--no-dashboard"
        ) as run:
            killed = _kill_after(run, delay_s)
        assert "run" in killed
        table.add("everything", f"{delay_s:.1f}", sfcrime.read(), sfcrime.batches(), _few(killed))

    before_the_end = sfcrime.read()
    ended = sfcrime("run", "--source", source, *TO_THE_END, timeout_s=550)
    assert ended.code == 0, ended.out + ended.err
    audit = sfcrime("audit", timeout_s=550)
    assert before_the_end < undisturbed.accounting.read, "the kills came after the end"
    table.add("undisturbed", undisturbed)
    table.add("killed 20x", sfcrime.digest())
    table.add("read before the last run", before_the_end, "audit", audit.code)
    assert sfcrime.digest() == undisturbed
    assert audit.code == 0, audit.out


def _few(names: list[str]) -> str:
    return ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names)))
