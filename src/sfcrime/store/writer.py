"""The one writer: a batch is one transaction, all of it or nothing.

The ledger is the checkpoint: a start reads where it ends and goes on there, so nothing is ever
written twice. Each start of a writer names itself in the store, and every transaction asks whether
that still stands: a second writer, or one that was believed dead, is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from sfcrime.errors import Refused, StoreUnavailable
from sfcrime.machine.clock import now_ms
from sfcrime.machine.freed_memory import LARGE_WORK
from sfcrime.store import (
    batches,
    database,
    generations,
    retention,
    rows,
    schema,
    upserts,
    writer_row,
)
from sfcrime.store.address import StoreAddress
from sfcrime.store.identities import Identities
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.labels import Labels
from sfcrime.store.outcome import BatchOutcome, check_batch
from sfcrime.store.records import BatchProgress, Generation, PartitionRange, RunFacts, Totals
from sfcrime.store.retention import Retention
from sfcrime.store.set_aside import SetAsidePlaces
from sfcrime.store.soundness import require_sound
from sfcrime.store.transactions import Transactions, require_not_older
from sfcrime.store.versions import make_or_check
from sfcrime.store.written_state import was_closed_in_order

Result = TypeVar("Result")

BEAT_MS = 5_000
"""As long as a run is silent in the store while it has nothing to commit."""


def open_writer(
    address: StoreAddress, *, history_rows: int, rejected_rows: int = 0, late_rows: int = 0
) -> StoreWriter:
    """Opens the store, making it if it is not there, and goes on with its current generation.

    A store of the schema version before is brought up to this one.

    Whoever had it open for writing before can no longer write.

    Args:
        address: of the store; the folder of a file is made if need be.
        history_rows: how many batches keep their ledger rows and progress (at least 1); totals
            are kept for ever.
        rejected_rows: how many rejected records are listed, the newest; 0: all. Their sums by
            reason are kept for ever.
        late_rows: how many late records, likewise.

    Raises:
        StoreUnavailable: no sfcrime store, one of another schema version, damaged, or not writable.
        StoreTaken: another job writes to this database.
    """
    run_id = uuid.uuid4().hex
    in_order = was_closed_in_order(address)
    with database.translated(address):
        engine = database.open_for_writing(address)
        try:
            with engine.begin() as connection:
                make_or_check(connection, address)
                require_sound(connection, address, in_order=in_order)
                writer_row.begin_run(connection, run_id)
            keep = Retention(history_rows, rejected_rows, late_rows)
            return StoreWriter(Transactions(engine, address, run_id), keep)
        except BaseException:
            engine.dispose()
            raise


class StoreWriter(AbstractContextManager["StoreWriter"]):
    """Writes one generation; made by `open_writer`, and a context manager that closes it.

    Any thread may call it: a lock keeps the transactions apart. What needs a generation raises
    Refused before there is one.
    """

    def __init__(self, transactions: Transactions, keep: Retention) -> None:
        self._transactions = transactions
        self._keep = keep
        self._lock = transactions.lock
        self._labels = (Labels(schema.call_type), Labels(schema.disposition))
        self._identities = Identities()
        self._in_memory = (*self._labels, self._identities)
        """What is in memory and follows each COMMIT."""
        self._number: int | None = None
        self._seen_ms = now_ms()
        self._is_open = True
        number = self._do(rows.current_generation_id)
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
                with suppress(StoreUnavailable, Refused), self._transactions.one() as connection:
                    writer_row.note_end(connection)
            self._transactions.close()

    def describe_run(self, facts: RunFacts) -> None:
        """Says what this run is, for readers to show."""
        self._do(lambda connection: writer_row.describe(connection, facts))

    def beat(self) -> None:
        """Says that this run is alive: in a short transaction, where it committed no batch and did
        not say so for 5 s. To be called often while it waits."""
        # A clock that was put back must not silence it.
        if abs(now_ms() - self._seen_ms) >= BEAT_MS:
            self._seen_ms = self._do(writer_row.note_seen)

    def create_generation(self, generation: Generation, *, pending: bool = False) -> None:
        """Makes a generation and writes to it from now on; the first one is what readers see.

        Args:
            generation: what is counted.
            pending: not even the first one is seen before `make_current`.
        """
        with self._transactions.one() as connection:
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
        number = self._required_number()
        self._do(lambda connection: generations.point_readers_to(connection, number))

    def unseen_generations(self) -> dict[int, Generation]:
        """Whole ones that a rebuild began and readers do not see yet, by number."""
        return self._do(generations.unseen)

    def forget_unseen(self) -> None:
        """Deletes every generation but the one readers see and the one this writer writes, and
        then the labels that no cell has any more.

        In many short transactions: readers and the disk are never kept busy for long; a batch
        waits for all of them. One that was cut off is finished by the next call.
        """
        with self._lock:
            with self._transactions.one() as connection:
                kept = (rows.current_generation_id(connection), self._number)
                unseen = [each for each in rows.generation_ids(connection) if each not in kept]
            if unseen:
                generations.forget(unseen, self._labels, self._transactions.one, self.beat)

    def generation(self) -> Generation | None:
        """The generation this writer writes; None before the first."""
        number = self._number
        return None if number is None else self._do(lambda each: rows.generation(each, number))

    def totals(self) -> Totals | None:
        """The generation's accounting so far; None before the first generation."""
        number = self._number
        return None if number is None else self._do(lambda each: rows.totals(each, number))

    def last_batch_id(self) -> int | None:
        """Number of the newest batch in the ledger; None before the first."""
        totals = self.totals()
        return None if totals is None else totals.last_batch_id

    def partition_ledger(self) -> list[PartitionRange]:
        """The cumulative account of each partition; nothing before the first generation."""
        number = self._number
        return [] if number is None else self._do(lambda each: rows.partitions(each, number))

    def partition_ends(self) -> dict[int, int]:
        """By partition, the first offset not accounted for; its start where nothing was read."""
        return {each.partition: each.end for each in self.partition_ledger()}

    def first_copies(self, keys: IdentityColumns) -> NDArray[np.bool_]:
        """Of each row, whether it is the first copy of an identity that was not counted before."""
        self._required_number()
        return self._do(lambda connection: self._identities.first_copies(connection, keys))

    def set_aside_since(self, starts: Mapping[int, int]) -> SetAsidePlaces:
        """Where records were rejected or late at or after these offsets, by partition."""
        number = self._required_number()
        return self._do(lambda connection: rows.set_aside_since(connection, number, starts))

    def commit_batch(self, outcome: BatchOutcome) -> None:
        """Writes a batch in one transaction; what is kept in memory follows the COMMIT.

        Where the connection is lost, the ledger is asked whether the batch is there; it is written
        again where it is not.

        Raises:
            AccountingBroken: something does not fit (`store.outcome`); nothing was written.
            StoreUnavailable: the database failed; nothing was written. (`StoreLost`: it did not
                answer for a minute, and the next start asks the ledger.)
            Refused: another writer took over.
        """
        attempts = count()
        try:
            self._do(lambda each: self._write(each, outcome, is_again=next(attempts) > 0))
        except BaseException:
            self._drop()
            raise
        for each in self._in_memory:
            each.keep()
        self._seen_ms = now_ms()

    def _write(self, connection: Connection, outcome: BatchOutcome, *, is_again: bool) -> None:
        number = self._required_number()
        before = batches.ledger_before(connection, number)
        if is_again and before.totals.last_batch_id == outcome.batch_id:
            return  # nobody else may write, so this is the batch whose COMMIT was not answered
        if self._transactions.was_lost:
            require_not_older(before.totals, outcome.batch_id, self._transactions.address)
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
            database.release_pages(connection)
            self._identities.release()

    def record_progress(self, progress: BatchProgress) -> None:
        """Keeps the report of a batch; a later report of the same batch replaces it."""
        number = self._required_number()
        row = {"generation_id": number, **rows.from_progress(progress)}
        oldest = progress.batch_id - self._keep.batches + 1

        def keep(connection: Connection) -> None:
            upserts.replace_rows(connection, schema.progress, [row])
            retention.forget_batches(connection, number, schema.progress, oldest)

        self._do(keep)

    def _do(self, work: Callable[[Connection], Result]) -> Result:
        """Does work in a transaction of its own, and once more where the connection is lost."""
        return self._transactions.do(work, self._drop)

    def _drop(self) -> None:
        """What a transaction that failed would have made known is not; all is read again."""
        for each in self._in_memory:
            each.drop()

    def _required_number(self) -> int:
        if self._number is None:
            raise Refused(
                f"The store {self._transactions.address} has no generation to write to.",
                rule="A generation says what shaped the numbers, so it comes before the first.",
                next_step="create the generation before the first batch",
            )
        return self._number
