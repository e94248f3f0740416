"""`sfcrime status`: where the count stands, as text, JSON, or JSON lines of progress."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import click

from sfcrime.cli.options import MAX_NUMBER, setting_flags
from sfcrime.cli.output import print_json
from sfcrime.cli.status_facts import Status
from sfcrime.cli.status_json import status_as_json
from sfcrime.cli.status_text import print_status
from sfcrime.machine.clock import now_ms
from sfcrime.pipeline.activity import SupervisionActivity, read_activity
from sfcrime.pipeline.counted_topic import measure_lag
from sfcrime.pipeline.liveness import STUCK, supervised
from sfcrime.settings import Settings
from sfcrime.store.address import store_address
from sfcrime.store.reader import open_reader

_BATCHES_OF_A_RATE = 20
_LOOKS_AGAIN_S, _PAUSE_S = 5.0, 0.5
"""How long, and how often, where records wait that may have come only now."""


@click.command("status", epilog="Example:  sfcrime status --progress 5")
@setting_flags("--data-dir", "--store-url", "--bootstrap-servers", "--kafka-config")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--progress",
    "progress_rows",
    type=click.IntRange(1, MAX_NUMBER),
    metavar="N",
    help="Show Spark's report of the last N batches too.",
)
@click.option(
    "--progress-json",
    is_flag=True,
    help="Print Spark's report of every kept batch instead, one JSON object a line, oldest first.",
)
def command(
    settings: Settings, as_json: bool, progress_rows: int | None, progress_json: bool
) -> None:
    """Accounting, state, restarts, lag, rates, freshness and versions of the count.

    Every record read is exactly one of counted, duplicate, late and rejected. The lag needs the
    broker; it is not started for it.
    """
    if progress_json:
        with open_reader(store_address(settings)) as reader:
            for each in reversed(reader.progress()):
                click.echo(json.dumps(asdict(each)))
        return
    status = _settled(partial(_look, settings, progress_rows or 0))
    if as_json:
        print_json(status_as_json(status))
    else:
        print_status(status)


def _settled(look: Callable[[], Status]) -> Status:
    """Looks again for some seconds where records wait and the newest commit is old: they may have
    come after a quiet hour, and be counted in a moment."""
    until_s = time.monotonic() + _LOOKS_AGAIN_S
    status = look()
    while status.liveness.reason == STUCK and time.monotonic() < until_s:
        time.sleep(_PAUSE_S)
        status = look()
    return status


def _look(settings: Settings, progress_rows: int) -> Status:
    with open_reader(store_address(settings)) as reader:
        generation, totals = reader.generation(), reader.totals()
        partitions = reader.partition_ledger()
        writer = reader.writer_state()
        recent = reader.progress(max(progress_rows, _BATCHES_OF_A_RATE))
    lag = measure_lag(settings, generation, partitions)
    looked_ms = now_ms()
    said = read_activity(settings.data_dir, SupervisionActivity)
    return Status(
        generation=generation,
        totals=totals,
        partitions=partitions,
        recent=recent[:_BATCHES_OF_A_RATE],
        progress=recent[:progress_rows],
        lag=lag,
        writer=writer,
        supervision=supervised(said, looked_ms),
        now_ms=looked_ms,
    )
