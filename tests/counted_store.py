"""A store that tests count invented cells into, batch by batch, through its own writer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.wall_clock import MICROS, from_datetime
from sfcrime.store.address import StoreAddress
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import CellCount, PartitionRange, RejectedRecord
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, identities

Cell: TypeAlias = tuple[str, str, str, int]
"""Window as on the wall ("2018-10-02T09:00"), raw type, raw disposition, calls."""


def wall_s(text: str) -> int:
    """Seconds of "2018-10-02T09:00" on the wall."""
    return from_datetime(datetime.fromisoformat(text)) // MICROS


class CountedStore(AbstractContextManager["CountedStore"]):
    """Writes one generation of one partition.

    Args:
        path: of the store, which is made.
        window_minutes: width of the windows.
        created_ms: of the generation.
        rejected_rows: how many rejected records keep their rows; 0: all.
    """

    def __init__(
        self,
        path: StoreAddress,
        *,
        window_minutes: int = 60,
        created_ms: int = 1,
        rejected_rows: int = 0,
    ) -> None:
        self.path = path
        self.writer = open_writer(path, history_rows=2000, rejected_rows=rejected_rows)
        self._generation = replace(
            GENERATION,
            start_offsets={0: 0},
            window_minutes=window_minutes,
            created_ms=created_ms,
        )
        self._next_call = 1
        self.writer.create_generation(self._generation)

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def begin_again(self) -> None:
        """Begins another generation, which readers do not see yet."""
        self.writer.create_generation(self._generation, pending=True)

    def count(self, cells: Iterable[Cell], rejected: Sequence[str] = ()) -> int:
        """Commits a batch.

        Args:
            cells: what it counts; one may be there more than once.
            rejected: reasons of the records that it rejects.

        Returns:
            The batch's number.
        """
        rows = [
            CellCount(wall_s(window) * MICROS, call_type, code, calls)
            for window, call_type, code, calls in cells
        ]
        counted = sum(row.calls for row in rows)
        last = self.writer.last_batch_id()
        start = self.writer.partition_ends()[0]
        end = start + counted + len(rejected)
        outcome = BatchOutcome(
            batch_id=0 if last is None else last + 1,
            cells=cells_of(rows),
            rejected=[
                RejectedRecord(0, start + counted + place, reason)
                for place, reason in enumerate(rejected)
            ],
            late=[],
            ranges=[PartitionRange(0, start, end, counted=counted, rejected=len(rejected))],
            accounting=Accounting(
                read=counted + len(rejected), counted=counted, rejected=len(rejected)
            ),
            identities=identities(self._next_call, self._next_call + counted),
            newest_call_us=max((row.window_us for row in rows), default=None),
        )
        self._next_call += counted
        self.writer.commit_batch(outcome)
        return outcome.batch_id
