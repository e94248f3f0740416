"""Puts the records of a batch together from its packets, proved to be what was read.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcrime.streaming.judged_rows import JUDGED, rows_of
from sfcrime.streaming.proof import Integers, ProvedColumns, packets_by_tally, require_rows
from sfcrime.streaming.read_batch import ReadBatch


@dataclass(frozen=True, slots=True)
class JudgedRecords:
    """The records of a batch by partition and offset; columns of one length."""

    partition: Integers
    offset: Integers
    is_valid: NDArray[np.bool_]
    call_id: Integers
    """0 where the record is set aside."""
    call_us: Integers
    """On the wall; 0 where it is rejected."""
    published_ms: Integers
    label: Integers
    """Numbers of `labels`."""
    labels: Sequence[str]
    """`judged_rows.JudgedColumns.label`, each once."""

    def __len__(self) -> int:
        return len(self.offset)


def judged_records(batch: ReadBatch) -> JudgedRecords:
    """Puts the packets of a batch together, and proves that they are what was planned.

    Raises:
        AccountingBroken: a record was lost, arrived twice, or comes from elsewhere.
        ExecutorRefused: a worker judges by other code.
    """
    packets = packets_by_tally(batch)
    tables = [rows_of(packet.records) for packet in packets]
    table = pa.concat_tables([JUDGED.empty_table(), *tables])
    table = table.unify_dictionaries().combine_chunks()
    tallies, lengths = [packet.tally for packet in packets], [len(each) for each in tables]
    offset, label = _integers(table["offset"]), _only_chunk(table["label"])
    columns = ProvedColumns(
        offset=offset,
        is_valid=np.asarray(table["call_id"].is_valid(), bool),
        label=_integers(label.indices),
        labels=label.dictionary.to_pylist(),
    )
    require_rows(batch, tallies, lengths, columns)
    return JudgedRecords(
        partition=np.repeat(np.array([each.partition for each in tallies], np.int64), lengths),
        offset=offset,
        is_valid=columns.is_valid,
        call_id=_integers(table["call_id"]),
        call_us=_integers(table["call_us"]),
        published_ms=_integers(table["published_ms"]),
        label=columns.label,
        labels=columns.labels,
    )


def _only_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _integers(column: pa.ChunkedArray | pa.Array) -> Integers:
    """A column of whole numbers as numpy has it; 0 for null."""
    return np.asarray(column.fill_null(0), np.int64)
