"""What a status is made of: all that was read, in one snapshot, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from sfcrime.domain.known_lag import Lag
from sfcrime.domain.wall_clock import to_iso
from sfcrime.pipeline.activity import SupervisionActivity
from sfcrime.pipeline.liveness import Liveness, liveness_of
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    PartitionRange,
    Totals,
    WriterState,
)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything `status` knows."""

    generation: Generation
    totals: Totals
    partitions: list[PartitionRange]
    recent: list[BatchProgress]
    """Reports that rates are taken from, newest first."""
    progress: list[BatchProgress]
    """Reports that were asked for, newest first."""
    lag: Lag
    writer: WriterState
    supervision: SupervisionActivity
    """Without parts where nobody supervises."""
    now_ms: int

    @property
    def liveness(self) -> Liveness:
        committed_ms, parts = self.totals.committed_ms, self.supervision.parts
        return liveness_of(self.writer, committed_ms, self.lag.records, parts, self.now_ms)

    @property
    def records_per_s(self) -> float | None:
        """Over the recent batches that had records: their records by the time they took."""
        busy = [each for each in self.recent if each.input_rows]
        took_ms = sum(each.duration_ms for each in busy)
        return sum(each.input_rows for each in busy) * 1000 / took_ms if took_ms else None

    @property
    def seconds_since_commit(self) -> float | None:
        committed = self.totals.committed_ms
        return None if committed is None else max(0, self.now_ms - committed) / 1000

    @property
    def newest_call(self) -> str | None:
        """On the wall."""
        newest_us = self.totals.newest_call_us
        return None if newest_us is None else to_iso(newest_us)
