"""The product's query under a trial: `sfcrime stream`, and what its store says."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import StoreUnavailable
from sfcrime.machine.child import Child, start_child
from sfcrime.pipeline.supervisor import environment_of_part
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import CellCount
from sfcrime.tuning.measure import Count, CountedBatch, Covered

LEDGER_ROWS = 1_000_000
"""Kept of a trial: all."""


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """A `sfcrime stream` that was started."""

    child: Child
    store: Path

    def reached(self) -> tuple[int, int]:
        """Records and batches in the ledger so far."""
        try:
            with open_reader(self.store) as reader:
                totals = reader.totals()
        except StoreUnavailable:  # not made yet
            return 0, 0
        return totals.accounting.read, totals.batches

    def stop(self, grace_s: float) -> int:
        """Ends it behind the batch in hand; its exit code. Repeatable."""
        return self.child.stop(grace_s)

    def count(self) -> Count:
        """What it came to, once it has ended.

        Raises:
            StoreUnavailable: nothing can be read.
        """
        return count_of_store(self.store)


def start_product(settings: Settings, flags: Sequence[str]) -> ProductQuery:
    """Starts it on the data folder that the settings name.

    Linux ends it with the thread that started it.
    """
    child = start_child(
        [sys.executable, "-m", "sfcrime", "stream", *flags],
        settings.data_dir / "stream.log",
        environment=environment_of_part(settings),
    )
    return ProductQuery(child, settings.data_dir / STORE_FILE)


def count_of_store(store: Path) -> Count:
    """A count as a store has it.

    Raises:
        StoreUnavailable: nothing can be read.
    """
    with open_reader(store) as reader:
        rows = sorted(reader.ledger_rows(LEDGER_ROWS), key=lambda row: row.batch_id)
        done_ms = {row.batch_id: row.committed_ms for row in rows}
        calls, digest = _calls_and_digest(reader.cells())
        ledger = reader.partition_ledger()
        return Count(
            started_ms=_first_batch_began_ms(reader),
            batches=[
                CountedBatch(row.batch_id, row.accounting.read, row.committed_ms) for row in rows
            ],
            covered=[
                Covered(part.partition, part.start, part.end, done_ms[batch_id])
                for batch_id, part in reader.batch_ranges()
            ],
            starts={part.partition: part.start for part in ledger},
            ends={part.partition: part.end for part in ledger},
            accounting=reader.totals().accounting,
            calls=calls,
            digest=digest,
        )


def _first_batch_began_ms(reader: StoreReader) -> int:
    """By Spark's report; where it did not come any more, the query's own beginning."""
    first = [report for report in reader.progress() if report.batch_id == 0]
    return first[0].started_ms if first else reader.generation().created_ms


def _calls_and_digest(cells: Iterable[CellCount]) -> tuple[int, str]:
    # One cell at a time: 670,000 of them take 2 s so, and 11 s in a list.
    hashed, calls = hashlib.sha256(), 0
    for cell in cells:
        calls += cell.calls
        hashed.update(f"{tuple(cell)}\n".encode())
    return calls, hashed.hexdigest()[:16]
