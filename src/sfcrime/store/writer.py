"""The one writer: a batch is one transaction, all of it or nothing.

Replaying a batch that is in the ledger writes nothing, so a job that died between the commit and
Spark's own commit log may simply run it again: that is what makes the numbers exactly-once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType

from sqlalchemy import Connection, Engine, insert, inspect

from sfcrime.errors import Refused
from sfcrime.store import batches, generations, ledger, rows, schema, sqlite
from sfcrime.store.labels import Labels
from sfcrime.store.proof import check_batch
from sfcrime.store.records import (
    BatchOutcome,
    BatchProgress,
    Generation,
    LedgerRow,
    PartitionLedger,
    Totals,
)
from sfcrime.store.versions import check_schema_version


def open_writer(path: Path, *, history_rows: int) -> StoreWriter:
    """Opens the store, making it if it is not there, and goes on with its current generation.

    Args:
        path: the store's file; its folder is made if need be.
        history_rows: how many batches keep their ledger rows and progress (at least 1); totals
            are kept for ever.

    Raises:
        StoreUnavailable: no sfcrime store, one of another schema version, or not writable.
    """
    with sqlite.translated(path):
        engine = sqlite.open_for_writing(path)
        with engine.begin() as connection:
            if inspect(connection).get_table_names():
                check_schema_version(connection, path)
            else:
                schema.metadata.create_all(connection)
                connection.execute(
                    insert(schema.schema_version).values(version=schema.SCHEMA_VERSION)
                )
    return StoreWriter(engine, path, history_rows=history_rows)


class StoreWriter:
    """Writes one generation; made by `open_writer`, and a context manager that closes it.

    Any thread may call it: a lock keeps the transactions apart.
    """

    def __init__(self, engine: Engine, path: Path, *, history_rows: int) -> None:
        self._engine = engine
        self._path = path
        self._history_rows = history_rows
        self._lock = Lock()
        self._call_types = Labels(schema.call_type)
        self._dispositions = Labels(schema.disposition)
        with self._transaction() as connection:
            self._number = ledger.current_generation_id(connection)
            self._call_types.read(connection)
            self._dispositions.read(connection)

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for a transaction under way, then lets go of the file."""
        with self._lock:
            self._engine.dispose()

    def create_generation(self, generation: Generation, *, pending: bool = False) -> None:
        """Makes a generation and writes to it from now on; the first one is what readers see.

        Creating the very same one again (but for `created_ms`) only goes on with it.

        Args:
            generation: what is counted.
            pending: not even the first one is seen before `make_current`.

        Raises:
            Refused: the query id has a generation that was shaped otherwise.
        """
        with self._transaction() as connection:
            number = generations.create(connection, generation)
            if not pending and ledger.current_generation_id(connection) is None:
                generations.point_readers_to(connection, number)
        self._number = number

    def make_current(self) -> None:
        """Shows readers the generation this writer writes: one row, in one transaction.

        Raises:
            Refused: there is no generation yet.
        """
        with self._transaction() as connection:
            generations.point_readers_to(connection, self._required_number())

    def unseen_generations(self) -> list[Generation]:
        """Those that readers do not see, oldest first: of a rebuild, or replaced by one."""
        with self._transaction() as connection:
            current = ledger.current_generation_id(connection)
            return [
                ledger.generation(connection, number)
                for number in ledger.generation_ids(connection)
                if number != current
            ]

    def forget_unseen(self) -> None:
        """Deletes every generation but the one readers see and the one this writer writes."""
        with self._transaction() as connection:
            kept = (ledger.current_generation_id(connection), self._number)
            for number in ledger.generation_ids(connection):
                if number not in kept:
                    generations.forget(connection, number)

    def generation(self) -> Generation | None:
        """The generation this writer writes; None before the first."""
        with self._transaction() as connection:
            number = self._number
            return None if number is None else ledger.generation(connection, number)

    def totals(self) -> Totals | None:
        """The generation's accounting so far; None before the first generation."""
        with self._transaction() as connection:
            return None if self._number is None else ledger.totals(connection, self._number)

    def last_batch(self) -> LedgerRow | None:
        """The newest batch in the ledger; None before the first."""
        with self._transaction() as connection:
            if self._number is None:
                return None
            newest = ledger.newest_batches(connection, self._number, limit=1)
        return newest[0] if newest else None

    def partition_ledger(self) -> list[PartitionLedger]:
        """The cumulative account of each partition; nothing before the first generation."""
        with self._transaction() as connection:
            return [] if self._number is None else ledger.partitions(connection, self._number)

    def partition_ends(self) -> dict[int, int]:
        """By partition, the first offset not accounted for; its start where nothing was read."""
        return {each.partition: each.end for each in self.partition_ledger()}

    def has_batch(self, batch_id: int) -> bool:
        """Whether the batch was committed, also when its ledger row is no longer kept."""
        totals = self.totals()
        return totals is not None and _is_committed(totals, batch_id)

    def commit_batch(self, outcome: BatchOutcome) -> bool:
        """Writes a batch in one transaction.

        Returns:
            False, with nothing written, if the ledger holds the batch: it was run again.

        Raises:
            AccountingBroken: something does not fit (`store.proof`); nothing was written.
            StoreUnavailable: the database failed; nothing was written.
            Refused: there is no generation yet.
        """
        with self._transaction() as connection:
            number = self._required_number()
            before = ledger.totals(connection, number)
            if _is_committed(before, outcome.batch_id):
                return False
            known = {each.partition: each for each in ledger.partitions(connection, number)}
            check_batch(
                outcome,
                last_batch_id=before.last_batch_id,
                ends={partition: each.end for partition, each in known.items()},
                window_minutes=ledger.generation(connection, number).window_minutes,
            )
            batches.add_cells(
                connection,
                number,
                outcome,
                call_types=self._call_types,
                dispositions=self._dispositions,
            )
            batches.add_set_aside(connection, number, outcome)
            batches.add_to_partitions(connection, number, outcome, known)
            committed_ms = time.time_ns() // 1_000_000
            batches.add_to_ledger(connection, number, outcome, committed_ms)
            batches.add_to_totals(
                connection, number, outcome, before=before, committed_ms=committed_ms
            )
            oldest = outcome.batch_id - self._history_rows + 1
            for table in (schema.batch, schema.batch_range):
                batches.forget_before(connection, number, table, oldest)
        self._call_types.keep()
        self._dispositions.keep()
        return True

    def record_progress(self, progress: BatchProgress) -> None:
        """Keeps Spark's report of a batch; a later report of the same batch replaces it.

        Raises:
            Refused: there is no generation yet.
        """
        with self._transaction() as connection:
            number = self._required_number()
            row = {"generation_id": number, **rows.from_progress(progress)}
            sqlite.replace_row(connection, schema.progress, row)
            oldest = progress.batch_id - self._history_rows + 1
            batches.forget_before(connection, number, schema.progress, oldest)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock, sqlite.translated(self._path), self._engine.begin() as connection:
            yield connection

    def _required_number(self) -> int:
        if self._number is None:
            raise Refused(
                f"The store {self._path} has no generation to write to.",
                rule="A generation says what shaped the numbers, so it comes before the first.",
                next_step="create the generation before the first batch",
            )
        return self._number


def _is_committed(totals: Totals, batch_id: int) -> bool:
    # Batches are numbered from 0 without holes, so the last one stands for all before it.
    return totals.last_batch_id is not None and 0 <= batch_id <= totals.last_batch_id
