"""A backup that is made while everything runs at full speed becomes a run that ends the same."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from running import Sfcrime, Started, command_line

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

LIMIT = 200_000
HELD_AT_BYTES = 200_000
"""Of each partition: some 3,000 records."""
CITY = ["--source", "synthetic", "--seed", "7", "--start", "2025-03-08", "--partitions", "2"]
TO_THE_END = ["--speed", "max", "--limit", str(LIMIT), "--until-caught-up", "--no-dashboard"]


@contextmanager
def _held_producer(sfcrime: Sfcrime, run: Started) -> Iterator[None]:
    """Stands still meanwhile, early: it would have published everything before Spark is there."""

    def holds_some() -> bool:
        logs = sfcrime.data_dir.glob("kafka/log/org.sf.police.calls-*/*.log")
        sizes = [each.stat().st_size for each in logs]
        return len(sizes) == 2 and min(sizes) >= HELD_AT_BYTES

    run.wait_for(holds_some, "some records")
    (producer,) = (each for each in run.tree() if "sfcrime produce" in command_line(each))
    os.kill(producer.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(producer.pid, signal.SIGCONT)


def test_a_backup_of_a_run_at_full_speed_goes_on_elsewhere_to_the_same_numbers(
    sfcrime: Sfcrime,
) -> None:
    folder = sfcrime.data_dir.with_name("backup")
    with sfcrime.started("run", *CITY, *TO_THE_END) as run:
        with _held_producer(sfcrime, run):
            run.wait_for(lambda: sfcrime.read() > 0, "the first batch")
        made = sfcrime("backup", str(folder), "--json").json
        assert run.wait() == 0, run.log()
    whole = sfcrime.digest()
    assert whole.accounting.read == LIMIT
    counted, copied = sum(made["ledger_ends"].values()), sum(made["topic_ends"].values())
    assert 0 < counted <= copied < LIMIT, "it was made in the middle"
    shutil.rmtree(sfcrime.data_dir)

    elsewhere = Sfcrime(sfcrime.data_dir.with_name("elsewhere"))
    restored = elsewhere("restore", str(folder))
    assert restored.code == 0, restored.err
    assert elsewhere.read() == counted
    again = elsewhere("run", *CITY, *TO_THE_END)
    assert again.code == 0, again.out + again.err

    assert elsewhere("status", "--json").json["topic_id"] == made["topic_id"]
    audit = elsewhere("audit")
    assert audit.code == 0, audit.out + audit.err
    assert elsewhere.digest() == whole
