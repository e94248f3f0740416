"""Commits small batches of invented calls to a store at a steady pace, as a job with a stream does.

    python benchmarks/committer.py DATA_DIR --batches-per-s 5 --calls 10 --seconds 60

Goes on in the store's newest hour and lets an hour pass every 50 batches. When a batch was
committed stands in the store's ledger.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
from big_store import progress_of
from city_calls import CityBatches, CityCalls

from sfcrime.domain.wall_clock import MICROS
from sfcrime.settings import StoreSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.writer import StoreWriter, open_writer

BATCHES_AN_HOUR = 50
_HOUR_US = 3600 * MICROS


def commit(
    writer: StoreWriter, first_hour: int, calls: int, batches_per_s: float, seconds: float
) -> int:
    """Commits until the time is over; how many batches.

    Args:
        first_hour: that the first batches are of, since 1970 on the wall.
        calls: of each batch.
    """
    city = CityCalls(seed=2)
    series = CityBatches(city, writer)
    began, done = time.monotonic(), 0
    while done < seconds * batches_per_s:
        time.sleep(max(0.0, began + done / batches_per_s - time.monotonic()))
        hour = first_hour + done // BATCHES_AN_HOUR
        outcome = series.outcome(city.of_calls(np.full(calls, hour)))
        writer.commit_batch(outcome)
        writer.record_progress(progress_of(outcome, time.time_ns() // 1_000_000))
        done += 1
    return done


@click.command()
@click.argument("data_dir", type=click.Path(path_type=Path))
@click.option("--batches-per-s", default=5.0, show_default=True)
@click.option("--calls", default=10, show_default=True, help="Of each batch.")
@click.option("--seconds", default=60.0, show_default=True)
def main(data_dir: Path, batches_per_s: float, calls: int, seconds: float) -> None:
    """Commit batches to the store of the data folder DATA_DIR."""
    path, rows = data_dir / STORE_FILE, StoreSettings().progress_rows
    with open_reader(path) as reader:
        newest_us = reader.totals().newest_call_us or 0
    with open_writer(path, history_rows=rows) as writer:
        done = commit(writer, newest_us // _HOUR_US, calls, batches_per_s, seconds)
    click.echo(f"{done} batches")


if __name__ == "__main__":
    main()
