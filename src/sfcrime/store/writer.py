"""The one writer: a batch is one transaction, all of it or nothing.

The ledger is the checkpoint: a start reads where it ends and goes on there, so nothing is ever
written twice. Each start of a writer names itself in the store, and every transaction asks whether
that still stands: a second writer, or one that was believed dead, is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import RLock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from sfcrime.errors import Refused, StoreUnavailable
from sfcrime.machine.clock import now_ms
from sfcrime.machine.freed_memory import LARGE_WORK
from sfcrime.store import batches, generations, retention, rows, schema, sqlite, upserts, writer_row
from sfcrime.store.identities import Identities
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.labels import Labels
from sfcrime.store.outcome import BatchOutcome, check_batch
from sfcrime.store.records import BatchProgress, Generation, PartitionRange, RunFacts, Totals
from sfcrime.store.retention import Retention
from sfcrime.store.set_aside import SetAsidePlaces
from sfcrime.store.soundness import require_sound
from sfcrime.store.versions import make_or_check
from sfcrime.store.written_state import file_identity, was_closed_in_order

BEAT_MS = 5_000
"""As long as a run is silent in the store while it has nothing to commit."""


def open_writer(
    path: Path, *, history_rows: int, rejected_rows: int = 0, late_rows: int = 0
) -> StoreWriter:
    """Opens the store, making it if it is not there, and goes on with its current generation.

    A store of the schema version before is brought up to this one.

    Whoever had it open for writing before can no longer write.

    Args:
        path: the store's file; its folder is made if need be.
        history_rows: how many batches keep their ledger rows and progress (at least 1); totals
            are kept for ever.
        rejected_rows: how many rejected records are listed, the newest; 0: all. Their sums by
            reason are kept for ever.
        late_rows: how many late records, likewise.

    Raises:
        StoreUnavailable: no sfcrime store, one of another schema version, damaged, or not writable.
    """
    run_id = uuid.uuid4().hex
    in_order = was_closed_in_order(path)
    with sqlite.translated(path):
        engine = sqlite.open_for_writing(path)
        try:
            with engine.begin() as connection:
                make_or_check(connection, path)
                require_sound(connection, path, in_order=in_order)
                writer_row.begin_run(connection, run_id)
            keep = Retention(history_rows, rejected_rows, late_rows)
            return StoreWriter(engine, path, run_id, keep)
        except BaseException:
            engine.dispose()
            raise


class StoreWriter(AbstractContextManager["StoreWriter"]):
    """Writes one generation; made by `open_writer`, and a context manager that closes it.

    Any thread may call it: a lock keeps the transactions apart. What needs a generation raises
    Refused before there is one.
    """

    def __init__(self, engine: Engine, path: Path, run_id: str, keep: Retention) -> None:
        self._engine = engine
        self._path = path
        self._run_id = run_id
        self._keep = keep
        self._lock = RLock()
        self._file = file_identity(path)
        self._labels = (Labels(schema.call_type), Labels(schema.disposition))
        self._identities = Identities()
        self._in_memory = (*self._labels, self._identities)
        """What is in memory and follows each COMMIT."""
        self._number: int | None = None
        self._seen_ms = now_ms()
        self._is_open = True
        with self._transaction() as connection:
            number = rows.current_generation_id(connection)
        if number is not None:
            self.go_on_with(number)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits for a transaction under way, notes the end of the run if it still may, and lets go
        of the file."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                with suppress(StoreUnavailable, Refused), self._transaction() as connection:
                    writer_row.note_end(connection)
            self._engine.dispose()

    def describe_run(self, facts: RunFacts) -> None:
        """Says what this run is, for readers to show."""
        with self._transaction() as connection:
            writer_row.describe(connection, facts)

    def beat(self) -> None:
        """Says that this run is alive: in a short transaction, where it committed no batch and did
        not say so for 5 s. To be called often while it waits."""
        # A clock that was put back must not silence it.
        if abs(now_ms() - self._seen_ms) >= BEAT_MS:
            with self._transaction() as connection:
                self._seen_ms = writer_row.note_seen(connection)

    def create_generation(self, generation: Generation, *, pending: bool = False) -> None:
        """Makes a generation and writes to it from now on; the first one is what readers see.

        Args:
            generation: what is counted.
            pending: not even the first one is seen before `make_current`.
        """
        with self._transaction() as connection:
            number = generations.create(connection, generation)
            if not pending and rows.current_generation_id(connection) is None:
                generations.point_readers_to(connection, number)
        self.go_on_with(number)

    def go_on_with(self, number: int) -> None:
        """Writes to a generation of the store from now on; readers see what they saw."""
        with self._lock:
            self._number = number
            self._identities.turn_to(number)

    def make_current(self) -> None:
        """Shows readers the generation this writer writes: one row, in one transaction."""
        with self._transaction() as connection:
            generations.point_readers_to(connection, self._required_number())

    def unseen_generations(self) -> dict[int, Generation]:
        """Whole ones that a rebuild began and readers do not see yet, by number."""
        with self._transaction() as connection:
            return generations.unseen(connection)

    def forget_unseen(self) -> None:
        """Deletes every generation but the one readers see and the one this writer writes, and
        then the labels that no cell has any more.

        In many short transactions: readers and the disk are never kept busy for long; a batch
        waits for all of them. One that was cut off is finished by the next call.
        """
        with self._lock:
            with self._transaction() as connection:
                kept = (rows.current_generation_id(connection), self._number)
                unseen = [each for each in rows.generation_ids(connection) if each not in kept]
            if unseen:
                generations.forget(unseen, self._labels, self._transaction, self.beat)

    def generation(self) -> Generation | None:
        """The generation this writer writes; None before the first."""
        with self._transaction() as connection:
            return None if self._number is None else rows.generation(connection, self._number)

    def totals(self) -> Totals | None:
        """The generation's accounting so far; None before the first generation."""
        with self._transaction() as connection:
            return None if self._number is None else rows.totals(connection, self._number)

    def last_batch_id(self) -> int | None:
        """Number of the newest batch in the ledger; None before the first."""
        totals = self.totals()
        return None if totals is None else totals.last_batch_id

    def partition_ledger(self) -> list[PartitionRange]:
        """The cumulative account of each partition; nothing before the first generation."""
        with self._transaction() as connection:
            return [] if self._number is None else rows.partitions(connection, self._number)

    def partition_ends(self) -> dict[int, int]:
        """By partition, the first offset not accounted for; its start where nothing was read."""
        return {each.partition: each.end for each in self.partition_ledger()}

    def first_copies(self, keys: IdentityColumns) -> NDArray[np.bool_]:
        """Of each row, whether it is the first copy of an identity that was not counted before."""
        self._required_number()
        with self._transaction() as connection:
            return self._identities.first_copies(connection, keys)

    def set_aside_since(self, starts: Mapping[int, int]) -> SetAsidePlaces:
        """Where records were rejected or late at or after these offsets, by partition."""
        with self._transaction() as connection:
            return rows.set_aside_since(connection, self._required_number(), starts)

    def commit_batch(self, outcome: BatchOutcome) -> None:
        """Writes a batch in one transaction; what is kept in memory follows the COMMIT.

        Raises:
            AccountingBroken: something does not fit (`store.outcome`); nothing was written.
            StoreUnavailable: the database failed; nothing was written.
            Refused: another writer took over.
        """
        try:
            with self._transaction() as connection:
                self._write(connection, outcome)
        except BaseException:
            for each in self._in_memory:
                each.drop()
            raise
        for each in self._in_memory:
            each.keep()
        self._seen_ms = now_ms()

    def _write(self, connection: Connection, outcome: BatchOutcome) -> None:
        number = self._required_number()
        before = batches.ledger_before(connection, number)
        held = self._identities.held(connection)
        check_batch(outcome, before, held=held)
        self._identities.add(connection, outcome.identities)
        batches.write_batch(connection, number, outcome, self._labels, before)
        retention.drop_set_aside(connection, number, self._keep, outcome, before)
        oldest = outcome.batch_id - self._keep.batches + 1
        for table in (schema.batch, schema.batch_range):
            retention.forget_batches(connection, number, table, oldest)
        if outcome.accounting.read < LARGE_WORK:
            # Caches save a backlog much reading. They would fill with all that is ever written, for
            # as long as the job runs, and save live calls some microseconds a batch.
            sqlite.release_pages(connection)
            self._identities.release()

    def record_progress(self, progress: BatchProgress) -> None:
        """Keeps the report of a batch; a later report of the same batch replaces it."""
        with self._transaction() as connection:
            number = self._required_number()
            row = {"generation_id": number, **rows.from_progress(progress)}
            upserts.replace_row(connection, schema.progress, row)
            oldest = progress.batch_id - self._keep.batches + 1
            retention.forget_batches(connection, number, schema.progress, oldest)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock, sqlite.translated(self._path), self._engine.begin() as connection:
            writer_row.require_own(connection, self._path, self._file, self._run_id)
            yield connection

    def _required_number(self) -> int:
        if self._number is None:
            raise Refused(
                f"The store {self._path} has no generation to write to.",
                rule="A generation says what shaped the numbers, so it comes before the first.",
                next_step="create the generation before the first batch",
            )
        return self._number
