"""The small part of what the page knows: totals, hours, reasons, progress; renewed by every batch.

Only what changed since the last look is read: some milliseconds, however long the count is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.memory.hours import HourTotals, hour_totals
from sfcrime.errors import StoreUnavailable
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    PartitionRange,
    Totals,
    WindowTotal,
    WriterState,
)

PROGRESS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Summary:
    """What one snapshot says; fields as in `seen.Seen`."""

    generation: Generation
    totals: Totals
    partitions: tuple[PartitionRange, ...]
    rejected_by_reason: Mapping[str, int]
    writer: WriterState
    progress: tuple[BatchProgress, ...]
    hours: HourTotals


class SummaryReader:
    """Reads summaries of one generation, each of them at least as new as the one before."""

    def __init__(self) -> None:
        self._windows = Windows()
        self._progress: tuple[BatchProgress, ...] = ()

    @property
    def batch(self) -> int | None:
        """The newest batch that was seen."""
        return self._windows.batch

    def read(self, reader: StoreReader, generation: Generation, totals: Totals) -> Summary:
        """What the reader's snapshot says, of which two parts are read already.

        Raises:
            StoreUnavailable: the windows do not add up to the counted calls.
        """
        partitions = tuple(reader.partition_ledger())
        self._windows.renew(reader, totals)
        self._progress = _newer(self._progress, reader, totals)
        return Summary(
            generation=generation,
            totals=totals,
            partitions=partitions,
            rejected_by_reason=reader.rejected_kept().by_reason,
            writer=reader.writer_state(),
            progress=self._progress,
            hours=self._windows.hours,
        )


class Windows:
    """The calls of each window with calls, 16 bytes each, and the hours they add up to."""

    def __init__(self) -> None:
        self.batch: int | None = None
        self.hours = HourTotals(0, np.zeros(0, np.int64))
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._calls: NDArray[np.int64] = np.zeros(0, np.int64)

    def renew(self, reader: StoreReader, totals: Totals) -> None:
        """Takes over what batches changed since."""
        if totals.last_batch_id == self.batch:
            return
        if self.batch is not None:
            self._take(reader.window_totals(changed_after=self.batch))
        if self._total() != totals.accounting.counted:
            self._starts = self._calls = np.zeros(0, np.int64)
            self._take(reader.window_totals())
        if self._total() != totals.accounting.counted:
            raise StoreUnavailable(
                f"The windows of the store hold {self._total():,} calls, its totals state "
                f"{totals.accounting.counted:,}.",
                rule="Windows and totals are written in one transaction.",
                next_step="sfcrime audit says which windows differ",
            )
        self.batch = totals.last_batch_id
        self.hours = hour_totals(self._starts, self._calls)

    def _total(self) -> int:
        return int(self._calls.sum())

    def _take(self, changed: Iterable[WindowTotal]) -> None:
        found = np.array([each[:2] for each in changed], np.int64).reshape(-1, 2)
        kept = ~np.isin(self._starts, found[:, 0])
        starts = np.concatenate([self._starts[kept], found[:, 0]])
        calls = np.concatenate([self._calls[kept], found[:, 1]])
        order = np.argsort(starts)
        self._starts, self._calls = starts[order], calls[order]


def _newer(
    known: tuple[BatchProgress, ...], reader: StoreReader, totals: Totals
) -> tuple[BatchProgress, ...]:
    """Reports of the newest batches, oldest first; only those that are not known are read, and
    the newest known one, which a later report may have replaced."""
    if totals.last_batch_id is None:
        return ()
    missing = PROGRESS_KEPT
    if known:
        missing = min(missing, totals.last_batch_id - known[-1].batch_id + 1)
    found = reader.progress(missing)[::-1]
    if found:
        known = tuple(each for each in known if each.batch_id < found[0].batch_id)
    return (*known, *found)[-PROGRESS_KEPT:]
