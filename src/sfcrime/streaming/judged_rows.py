"""Judged records as rows: how they are written by the workers, and read by the driver.

Pure. Rows travel as columns of Arrow; those of one Arrow batch are the records of one packet
(`packets`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from sfcrime.domain.outcomes import Reason

LATE = "late"
"""The label of a late record; a rejected one has its `Reason`."""
LABEL_SEPARATOR = "\x1f"
"""Between call type and disposition in a label; neither can contain it."""

JUDGED = pa.schema(
    [
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("call_id", pa.int64()),
        pa.field("call_us", pa.int64()),
        pa.field("published_ms", pa.int64(), nullable=False),
        pa.field("label", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)
"""The records of a packet, one row each, in the order of their offsets: call id (null where set
aside), call time in microseconds on the wall (null where rejected), Kafka timestamp, and the label
(`JudgedColumns`)."""


@dataclass(frozen=True, slots=True)
class JudgedColumns:
    """Verdicts on a run of records, one row each, as columns: millions of rows pass here."""

    call_id: list[int | None] = field(default_factory=list)
    """Numeric call id; None where the record is set aside."""
    call_us: list[int | None] = field(default_factory=list)
    """Call time on the wall, microseconds since 1970-01-01T00:00:00; None where rejected."""
    label: list[str] = field(default_factory=list)
    """Call type and disposition as one text; of a record set aside its `Reason`, or `LATE`."""

    def reject(self, reason: Reason) -> None:
        """Adds the row of a rejected record."""
        self.call_id.append(None)
        self.call_us.append(None)
        self.label.append(reason)


def parts_of(label: str) -> tuple[str, str]:
    """Call type and disposition of a call's label."""
    call_type, _, disposition = label.partition(LABEL_SEPARATOR)
    return call_type, disposition


def as_rows(judged: JudgedColumns, offsets: pa.Array, published_ms: pa.Array) -> pa.RecordBatch:
    """`JUDGED` rows of the verdicts on records with these offsets and Kafka timestamps."""
    return pa.RecordBatch.from_arrays(
        [
            offsets,
            pa.array(judged.call_id, pa.int64()),
            pa.array(judged.call_us, pa.int64()),
            published_ms,
            pa.array(judged.label, pa.string()).dictionary_encode(),
        ],
        schema=JUDGED,
    )


def as_bytes(rows: pa.RecordBatch) -> bytes:
    """Arrow's own bytes of the rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_batch(rows)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def rows_of(records: bytes) -> pa.Table:
    """The `JUDGED` rows of a packet's records."""
    with pa.ipc.open_stream(records) as reader:
        return reader.read_all()
