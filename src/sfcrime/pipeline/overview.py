"""One look at a running pipeline: what the live view shows. Reads, never writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import lag
from sfcrime.errors import StoreEmpty, StoreUnavailable, UsageError
from sfcrime.machine.clock import now_ms
from sfcrime.pipeline.activity import (
    DashboardActivity,
    PartState,
    ProducerActivity,
    StreamActivity,
    SupervisionActivity,
    read_activity,
)
from sfcrime.pipeline.liveness import Liveness, LivenessWatch, liveness_of_parts, supervised
from sfcrime.statistics.movement import Movement, movement
from sfcrime.store import STORE_FILE
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import BatchProgress, Generation, PartitionRange, Totals, WriterState
from sfcrime.store.written_state import NO_ANSWER, SURELY_SEEN_NS, WrittenState, open_look

_MOST_CELLS = 5_000
"""Read for the movements; 24 hours of the city have some 2,000."""
_SHARE_OF_TIME = 0.1
"""Most time spent on reading movements: to find the largest cells, the database passes over all of
those windows."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the store says, all of it from one snapshot."""

    generation: Generation
    totals: Totals
    ledger: tuple[PartitionRange, ...]
    last_batch: BatchProgress | None
    movements: tuple[Movement, ...]
    left_out: int = 0
    """Calls that the movements lack, because they are in the rarest of too many cells."""
    moved: tuple[Generation, Totals] | None = None
    """What the movements are of; they may be older than the rest."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the parts and the store say at one moment."""

    producer: ProducerActivity
    stream: StreamActivity
    counted: Counted | None
    """None before the first generation exists."""
    writer: WriterState | None = None
    """Of the same snapshot."""
    dashboard: DashboardActivity = field(default_factory=DashboardActivity)
    supervision: SupervisionActivity = field(default_factory=SupervisionActivity)
    """Without parts where nobody supervises."""

    @property
    def accounting(self) -> Accounting:
        return self.counted.totals.accounting if self.counted else Accounting()

    def lag(self, topic_ends: Mapping[int, int]) -> int:
        """Records in the topic that are not accounted for."""
        return sum(lag(self._reached(), topic_ends).values())

    def liveness(
        self, topic_ends: Mapping[int, int], now_ms: int, watch: LivenessWatch
    ) -> Liveness | None:
        """Live or stale; None where nothing was counted yet and no part is down."""
        parts = self.supervision.parts
        if self.counted is None or self.writer is None:
            return liveness_of_parts(parts)
        lag = self.lag(topic_ends) if topic_ends else None
        return watch.look(self.writer, self.counted.totals.committed_ms, lag, parts, now_ms)

    @property
    def restarted(self) -> list[PartState]:
        """The parts that were started again in this run."""
        return [part for part in self.supervision.parts if part.restarts]

    def down(self, name: str) -> PartState | None:
        """A part of that name that is down."""
        parts = self.supervision.parts
        return next((part for part in parts if (part.name, part.state) == (name, "down")), None)

    def is_caught_up(self, topic_ends: Mapping[int, int]) -> bool:
        """Whether the ledger ends at the last stable offset of every partition."""
        return bool(topic_ends) and self.lag(topic_ends) == 0

    def _reached(self) -> dict[int, int]:
        return {part.partition: part.end for part in self.counted.ledger} if self.counted else {}


class OverviewWatch:
    """Looks at activity files and store again and again; reads the store only where it was written.

    Movements that take long to read stay as they are for some looks.

    Args:
        data_dir: of the run.
        store: its address; None: the file in the data folder.
        windows: how many windows of the top types are shown.
        top: how many types.
    """

    def __init__(
        self, data_dir: Path, store: StoreAddress | None = None, *, windows: int, top: int
    ) -> None:
        self._data_dir = data_dir
        self._store = store or data_dir / STORE_FILE
        self._written_state = open_look(self._store)
        self._windows, self._top = windows, top
        self._seen: WrittenState | None = None
        self._counted: Counted | None = None
        self._writer: WriterState | None = None
        self._movements_due_s = 0.0

    def look(self) -> Overview:
        """What parts and store say now."""
        state = self._written_state()
        is_new = state not in (self._seen, NO_ANSWER)
        # What was written only just now is read again.
        if is_new or time.time_ns() - state.newest_ns < SURELY_SEEN_NS:
            self._seen = state
            self._counted = self._read()
        return Overview(
            producer=read_activity(self._data_dir, ProducerActivity),
            stream=read_activity(self._data_dir, StreamActivity),
            counted=self._counted,
            writer=self._writer,
            dashboard=read_activity(self._data_dir, DashboardActivity),
            supervision=supervised(read_activity(self._data_dir, SupervisionActivity), now_ms()),
        )

    def _read(self) -> Counted | None:
        was = self._counted
        try:
            with open_reader(self._store) as reader:
                self._writer = reader.writer_state()
                counted = Counted(
                    generation=reader.generation(),
                    totals=reader.totals(),
                    ledger=tuple(reader.partition_ledger()),
                    last_batch=next(iter(reader.progress(1)), None),
                    movements=was.movements if was else (),
                    left_out=was.left_out if was else 0,
                    moved=was.moved if was else None,
                )
                if counted.moved == (counted.generation, counted.totals):
                    return counted  # a job that has nothing to commit writes all the same
                if time.monotonic() < self._movements_due_s:
                    self._seen = None  # they are read by a later look, even of the same store
                    return counted
                return self._with_movements(counted, reader)
        except StoreEmpty:  # not made yet
            return None
        except (StoreUnavailable, UsageError):  # what was read last stays, and is shown as stale
            return was

    def _with_movements(self, counted: Counted, reader: StoreReader) -> Counted:
        started_s = time.monotonic()
        largest = reader.largest_cells(self._windows, _MOST_CELLS)
        moved = movement(
            largest.cells,
            window_minutes=counted.generation.window_minutes,
            windows=self._windows,
            top=self._top,
        )
        now_s = time.monotonic()
        self._movements_due_s = now_s + (now_s - started_s) * (1 / _SHARE_OF_TIME - 1)
        return replace(
            counted,
            movements=tuple(moved),
            left_out=largest.left_out,
            moved=(counted.generation, counted.totals),
        )
