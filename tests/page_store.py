"""Stores that the page is tested over: ten weeks of invented calls, and text that means harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from city_calls import CityBatches, CityCalls, city_generation

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.store import STORE_FILE
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import BatchProgress, CellCount, PartitionRange
from sfcrime.store.writer import StoreWriter, open_writer

HOUR_US = 3_600_000_000
FIRST_DAY = date(2018, 8, 1)
WEEKS = 10
NEWEST_HOUR_US = (date(2018, 10, 10) - date(1970, 1, 1)).days * 24 * HOUR_US
"""The hour after ten weeks, 2018-10-10T00:00:00 on the wall: harmful text stands in it."""

HOSTILE = {
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>': '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)": "javascript:alert(1)",
    "${7*7}{{7*7}}</title><svg onload=alert(1)>": "${7*7}{{7*7}}</title><svg onload=alert(1)>",
    "=cmd|' /C calc'!A0": "=cmd|' /C calc'!A0",
    "&lt;b&gt; &amp; %3Cb%3E": "&lt;b&gt; &amp; %3Cb%3E",
    "__proto__": "__proto__",
    "constructor": "constructor",
    "Fire \U0001f525 truck \U0001f692": "Fire \U0001f525 truck \U0001f692",
    "abc\u202edef\u2066ghi": "abc<202E>def<2066>ghi",
    "zero\u200bwidth": "zero<200B>width",
    "W" * 248: "W" * 248,
}
"""Raw call types that mean harm, and what the page shows of each: marks that cannot be seen are
written out, all else is the text itself."""
HOSTILE_CODE = "<b>X"
"""A disposition of the same kind."""


class GrowingStore:
    """A store, written to as a job writes."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer

    @property
    def counted(self) -> int:
        """Calls so far."""
        totals = self._writer.totals()
        assert totals is not None
        return totals.accounting.counted

    def fill(self) -> None:
        """Commits ten weeks of a city's calls, week by week, with some records rejected."""
        city = CityCalls(seed=3, labels=400)
        batches = CityBatches(city, self._writer)
        first = (FIRST_DAY - date(1970, 1, 1)).days * 24
        for week in range(WEEKS):
            cells = city.of_hours(first + week * 168, first + (week + 1) * 168)
            outcome = batches.outcome(cells)
            self._writer.commit_batch(outcome)
            self._writer.record_progress(_progress(outcome))

    def add(self, call_type: str, calls: int, disposition: str = "HAN", hour: int = 0) -> None:
        """Commits a batch of one cell; `hour` counts from the newest hour of a filled store."""
        self.add_cells([CellCount(NEWEST_HOUR_US + hour * HOUR_US, call_type, disposition, calls)])

    def add_cells(self, cells: list[CellCount]) -> None:
        """Commits them as one batch."""
        (ledger,) = self._writer.partition_ledger()
        last = self._writer.last_batch_id()
        calls = sum(cell.calls for cell in cells)
        first_id = 10**9 + ledger.end
        newest_us = max(cell.window_us for cell in cells) + 60_000_000
        ids = range(first_id, first_id + calls)
        outcome = BatchOutcome(
            batch_id=0 if last is None else last + 1,
            cells=cells_of(cells),
            rejected=[],
            late=[],
            ranges=[PartitionRange(0, ledger.end, ledger.end + calls, counted=calls)],
            accounting=Accounting(read=calls, counted=calls),
            identities=IdentityColumns.of_calls(list(ids), [newest_us] * calls),
            newest_call_us=newest_us,
        )
        self._writer.commit_batch(outcome)
        self._writer.record_progress(_progress(outcome))

    def close(self) -> None:
        """Ends the job; nothing can be committed after it."""
        self._writer.close()

    def beat(self) -> None:
        """Says that the writer is still there."""
        self._writer.beat()


@contextmanager
def growing_store(data_dir: Path) -> Iterator[GrowingStore]:
    """Opens the store of a data folder for writing, as a job does; ends it with the block."""
    with open_writer(data_dir / STORE_FILE, history_rows=1000) as writer:
        if writer.generation() is None:
            writer.create_generation(city_generation())
        yield GrowingStore(writer)


def fill(data_dir: Path) -> None:
    """A store of ten weeks."""
    with growing_store(data_dir) as store:
        store.fill()


def add_hostile_text(data_dir: Path) -> None:
    """Counts every hostile call type 30 times in the newest hour, by one batch."""
    with growing_store(data_dir) as store:
        store.add_cells([CellCount(NEWEST_HOUR_US, text, HOSTILE_CODE, 30) for text in HOSTILE])


def _progress(outcome: BatchOutcome) -> BatchProgress:
    return BatchProgress(
        batch_id=outcome.batch_id,
        started_ms=1_700_000_000_000 + outcome.batch_id * 1000,
        duration_ms=400,
        input_rows=outcome.accounting.read,
        input_rows_per_s=250.0,
        processed_rows_per_s=625.0,
        phases_ms={"addBatch": 300, "queryPlanning": 20, "walCommit": 12},
        lag_records=17,
        lag_by_partition={0: 17},
    )
