"""Rows of the tables as records, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    LedgerRow,
    PartitionLedger,
    PartitionRange,
    Totals,
)

AnyRow = Row[*tuple[Any, ...]]

_ACCOUNTING = ("read", "counted", "duplicate", "late", "rejected", "gaps")
_GENERATION = (
    "topic",
    "topic_id",
    "lateness_s",
    "window_minutes",
    "rules_version",
    "source_name",
    "source_title",
    "synthetic",
    "created_ms",
)
_PROGRESS = (
    "batch_id",
    "started_ms",
    "duration_ms",
    "input_rows",
    "input_rows_per_s",
    "processed_rows_per_s",
    "lag_records",
)


def from_accounting(accounting: Accounting) -> dict[str, int]:
    return {name: getattr(accounting, name) for name in _ACCOUNTING}


def to_accounting(row: AnyRow) -> Accounting:
    return Accounting(**{name: getattr(row, name) for name in _ACCOUNTING})


def from_generation(generation: Generation) -> dict[str, Any]:
    """All but the start offsets, which stand in `partition_ledger`."""
    return {name: getattr(generation, name) for name in _GENERATION}


def to_generation(row: AnyRow, ledger: Iterable[PartitionLedger]) -> Generation:
    starts = {each.partition: each.start for each in ledger}
    return Generation(start_offsets=starts, **{name: getattr(row, name) for name in _GENERATION})


def to_partition_ledger(row: AnyRow) -> PartitionLedger:
    return PartitionLedger(*_span(row))


def to_range(row: AnyRow) -> PartitionRange:
    return PartitionRange(*_span(row))


def _span(row: AnyRow) -> tuple[int, int, int, int, int, int]:
    """The columns that `partition_ledger` and `batch_range` share."""
    return row.partition, row.start_offset, row.end_offset, row.counted, row.late, row.rejected


def from_range(each: PartitionRange) -> dict[str, int]:
    return {
        "partition": each.partition,
        "start_offset": each.start,
        "end_offset": each.end,
        "counted": each.counted,
        "late": each.late,
        "rejected": each.rejected,
    }


def to_ledger_row(row: AnyRow) -> LedgerRow:
    return LedgerRow(row.batch_id, row.committed_ms, to_accounting(row))


def to_totals(row: AnyRow) -> Totals:
    return Totals(
        accounting=to_accounting(row),
        batches=row.batches,
        last_batch_id=row.last_batch_id,
        committed_ms=row.committed_ms,
        newest_call_us=row.newest_call_us,
    )


def from_progress(progress: BatchProgress) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(progress, name) for name in _PROGRESS}
    return row | {"phases_ms": json.dumps(progress.phases_ms)}


def to_progress(row: AnyRow) -> BatchProgress:
    return BatchProgress(
        phases_ms=json.loads(row.phases_ms), **{name: getattr(row, name) for name in _PROGRESS}
    )


def labels_by_text(connection: Connection, table: Table) -> dict[str, int]:
    """Text -> id of a table of labels."""
    number, text = table.columns
    rows = connection.execute(select(text, number))
    return {row[0]: row[1] for row in rows}


def labels_by_number(connection: Connection, table: Table) -> dict[int, str]:
    """Id -> text of a table of labels."""
    return {number: text for text, number in labels_by_text(connection, table).items()}
