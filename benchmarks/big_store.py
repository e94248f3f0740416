"""Makes a store of many cells, as years of calls leave behind, to measure its readers with.

    python benchmarks/big_store.py DIR --cells 5000000 --out store.json

5 million cells are 10 years of calls: some 57 cells an hour, 30,000 raw call types with the long
tail of real ones, 28 dispositions. They are invented (`city_calls`), and committed week by week
by the store's own writer, identities included, so the store is as sound as a counted one.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import click
from city_calls import CityBatches, CityCalls, city_generation

from sfcrime.machine.description import described_machine
from sfcrime.settings import StoreSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import BatchProgress
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import open_writer

FIRST_DAY = date(2015, 1, 1)
HOURS_A_BATCH = 7 * 24
CELLS_OF_TEN_YEARS = 5_000_000


@dataclass(frozen=True, slots=True)
class BigStore:
    """What was made."""

    cells: int
    calls: int
    batches: int
    hours: int
    """From the first to past the last."""
    labels: int
    """Raw call types that were to be drawn from."""
    file_mb: float
    seconds: float


def make_store(data_dir: Path, cells: int) -> BigStore:
    """Makes the store of an empty data folder; it has exactly so many cells."""
    began, city, made, calls, batches = time.monotonic(), CityCalls(), 0, 0, 0
    first = hour = (FIRST_DAY - date(1970, 1, 1)).days * 24
    path = data_dir / STORE_FILE
    with open_writer(path, history_rows=StoreSettings().progress_rows) as writer:
        writer.create_generation(city_generation())
        series = CityBatches(city, writer)
        while made < cells:
            drawn = city.of_hours(hour, hour + HOURS_A_BATCH).first(cells - made)
            outcome = series.outcome(drawn)
            writer.commit_batch(outcome)
            writer.record_progress(progress_of(outcome, time.time_ns() // 1_000_000))
            made, calls, batches = made + len(drawn), calls + int(drawn.calls.sum()), batches + 1
            hour += HOURS_A_BATCH
    return BigStore(
        cells=made,
        calls=calls,
        batches=batches,
        hours=hour - first,
        labels=len(city.labels),
        file_mb=round(path.stat().st_size / 1e6, 1),
        seconds=round(time.monotonic() - began, 1),
    )


def progress_of(outcome: BatchOutcome, at_ms: int) -> BatchProgress:
    """A report as Spark could have given it."""
    return BatchProgress(
        batch_id=outcome.batch_id,
        started_ms=at_ms - 100,
        duration_ms=100,
        input_rows=outcome.accounting.read,
        input_rows_per_s=outcome.accounting.read * 6.0,
        processed_rows_per_s=outcome.accounting.read * 10.0,
        phases_ms={"addBatch": 70, "queryPlanning": 7, "latestOffset": 5, "walCommit": 9},
    )


@click.command()
@click.argument("data_dir", type=click.Path(path_type=Path))
@click.option("--cells", default=CELLS_OF_TEN_YEARS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(data_dir: Path, cells: int, out: Path | None) -> None:
    """Make the store of the data folder DATA_DIR."""
    made = make_store(data_dir, cells)
    problems = store_problems(data_dir / STORE_FILE)
    click.echo(f"{made}; {'; '.join(problems) or 'sound'}")
    if out is not None:
        document = {"machine": described_machine(), **asdict(made), "sound": not problems}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
