"""From a batch's rows to what the store takes: cells, records set aside, counts by partition.

Pure, over Arrow columns. The rows are the batch's own (repeats removed), so they fit in memory:
a batch is bounded by `max_records_per_batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfcrime.domain.wall_clock import MICROS
from sfcrime.store.columns import CellColumns
from sfcrime.store.records import LateRecord, RejectedRecord
from sfcrime.streaming.intake import place_of
from sfcrime.streaming.judge import late_times
from sfcrime.streaming.rules import LABEL_SEPARATOR


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What the rows of one batch come to."""

    cells: CellColumns
    rejected: Sequence[RejectedRecord]
    late: Sequence[LateRecord]
    counted_by_partition: Mapping[int, int]
    newest_call_us: int | None

    @property
    def counted(self) -> int:
        return sum(self.counted_by_partition.values())


def counts_of_batch(rows: pa.Table, window_minutes: int) -> BatchCounts:
    """Counts the rows of a batch.

    Args:
        rows: `intake.JUDGED_SCHEMA` rows with repeats removed.
        window_minutes: width of a cell's window; divides an hour.
    """
    is_valid = pc.greater_equal(rows["identity"], 0)
    valid = rows.filter(is_valid)
    call_us = valid["call_time"].cast(pa.int64())
    by_partition = valid.group_by("partition").aggregate([([], "count_all")])
    rejected, late = _set_aside(rows.filter(pc.invert(is_valid)))
    return BatchCounts(
        cells=_cells(valid["label"], call_us, window_minutes),
        rejected=rejected,
        late=late,
        counted_by_partition=dict(
            zip(
                by_partition["partition"].to_pylist(),
                by_partition["count_all"].to_pylist(),
                strict=True,
            )
        ),
        newest_call_us=pc.max(call_us).as_py(),
    )


def _cells(labels: pa.ChunkedArray, call_us: pa.ChunkedArray, window_minutes: int) -> CellColumns:
    """Calls by (window, call type, disposition)."""
    width = pa.scalar(window_minutes * 60 * MICROS, pa.int64())
    # Call times are never before 1970, so the division that truncates is the floor.
    windows = pc.multiply(pc.divide(call_us, width), width)
    grouped = (
        pa.table({"window": windows, "label": labels})
        .group_by(["window", "label"])
        .aggregate([([], "count_all")])
    )
    # Few labels stand behind many cells: take each apart once.
    encoded = grouped["label"].combine_chunks().dictionary_encode()
    parts = [label.split(LABEL_SEPARATOR) for label in encoded.dictionary.to_pylist()]
    return CellColumns(
        windows_us=grouped["window"],
        call_types=_decoded(encoded, [call_type for call_type, _ in parts]),
        dispositions=_decoded(encoded, [disposition for _, disposition in parts]),
        calls=grouped["count_all"],
    )


def _decoded(encoded: pa.DictionaryArray, texts: list[str]) -> pa.Array:
    """The column with each label replaced by a part of it; equal parts share one number."""
    dictionary = pa.array(texts, pa.string()).dictionary_encode()
    indices = dictionary.indices.take(encoded.indices)
    return pa.DictionaryArray.from_arrays(indices, dictionary.dictionary)


def _set_aside(rows: pa.Table) -> tuple[list[RejectedRecord], list[LateRecord]]:
    rejected: list[RejectedRecord] = []
    late: list[LateRecord] = []
    pairs = zip(rows["identity"].to_pylist(), rows["label"].to_pylist(), strict=True)
    for identity, text in pairs:
        partition, offset = place_of(identity)
        times = late_times(text)
        if times is None:
            rejected.append(RejectedRecord(partition, offset, text))
        else:
            late.append(LateRecord(partition, offset, *times))
    return rejected, late
