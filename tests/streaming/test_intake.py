"""From a batch of Kafka records to judged rows, over static Arrow batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostile_records import GOOD, timed_value, with_id
from sfcrime.domain.calls import CALL_FIELDS
from sfcrime.errors import UsageError
from sfcrime.streaming.intake import (
    JUDGED_SCHEMA,
    judged_batch,
    place_of,
    set_aside_identity,
)
from sfcrime.streaming.properties import require_free_options

WEEK_US = 604_800_000_000
OCTOBER_MS = 1_538_496_660_000
"""2018-10-02T09:11:00 in San Francisco."""
CALL_US = 1_538_471_460_000_000
"""The same on the wall."""

Row = tuple[bytes | None, int, int, int]
"""Value, partition, offset, Kafka timestamp in milliseconds."""


def kafka_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """What Spark hands over: `value`, `partition`, `offset`, `timestamp`."""
    value, partition, offset, timestamp_ms = (list(column) for column in zip(*rows, strict=True))
    timestamps = pa.array([ms * 1000 for ms in timestamp_ms], pa.int64())
    return pa.RecordBatch.from_arrays(
        [
            pa.array(value, pa.binary()),
            pa.array(partition, pa.int32()),
            pa.array(offset, pa.int64()),
            timestamps.cast(pa.timestamp("us", tz="UTC")),
        ],
        names=["value", "partition", "offset", "timestamp"],
    )


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    as_number = batch.column("call_time").cast(pa.int64())
    return batch.set_column(1, "call_time", as_number).to_pylist()


def test_every_record_becomes_one_row_in_its_place() -> None:
    batch = judged_batch(
        kafka_batch(
            [
                (GOOD, 0, 7, OCTOBER_MS),
                (b"not json", 1, 12, OCTOBER_MS),
                (None, 2, 9_000_000_000, OCTOBER_MS),
                (timed_value("2018-09-01T00:00:00"), 0, 8, OCTOBER_MS),
                (timed_value("2018-10-02T10:11:01"), 0, 9, OCTOBER_MS),
                (with_id(b'"007"'), 1, 13, OCTOBER_MS),
            ]
        ),
        WEEK_US,
    )

    rows = _rows(batch)
    assert [row["partition"] for row in rows] == [0, 1, 2, 0, 0, 1]
    assert [row["identity"] for row in rows if row["identity"] >= 0] == [182750001, 7]
    assert [row["call_time"] for row in rows] == [CALL_US, None, None, None, None, CALL_US]
    assert [place_of(row["identity"]) for row in rows if row["identity"] < 0] == [
        (1, 12),
        (2, 9_000_000_000),
        (0, 8),
        (0, 9),
    ]
    assert [row["label"] for row in rows] == [
        "Passing Call\x1fHAN",
        "not-json",
        "no-value",
        "late 1535760000000000 1538496660000",
        "from-the-future",
        "Passing Call\x1fHAN",
    ]


def test_with_the_rule_off_old_and_future_calls_count() -> None:
    batch = judged_batch(
        kafka_batch(
            [
                (timed_value("2001-01-01T00:00:00"), 0, 0, OCTOBER_MS),
                (timed_value("2098-01-01T00:00:00"), 0, 1, -1),
            ]
        ),
        None,
    )
    assert [row["identity"] for row in _rows(batch)] == [182750001, 182750001]


def test_the_columns_are_those_that_spark_was_told_of() -> None:
    batch = judged_batch(kafka_batch([(GOOD, 0, 0, OCTOBER_MS)]), None)
    spark_types = {"long": "int64", "timestamp": "timestamp[us, tz=UTC]", "integer": "int32"}
    assert [(column.name, str(column.type)) for column in batch.schema] == [
        (column.name, spark_types.get(column.dataType.typeName(), column.dataType.typeName()))
        for column in JUDGED_SCHEMA.fields
    ]


def test_a_batch_without_rows_gives_one_without_rows() -> None:
    empty = kafka_batch([(GOOD, 0, 0, OCTOBER_MS)]).slice(0, 0)
    assert judged_batch(empty, WEEK_US).num_rows == 0


@given(st.integers(0, 65_535), st.integers(0, 2**46))
@example(0, 0)
@example(65_535, 2**46)
def test_an_identity_set_aside_is_negative_and_spells_its_place(
    partition: int, offset: int
) -> None:
    identity = set_aside_identity(partition, offset)
    assert -(2**63) <= identity < 0
    assert place_of(identity) == (partition, offset)


@pytest.mark.parametrize("field", CALL_FIELDS)
def test_fourteen_fields_in_any_order_are_one_call(field: str) -> None:
    members = [f'"{name}":"x"' for name in CALL_FIELDS if f'"{name}":'.encode() not in GOOD]
    needed = GOOD.decode()[1:-1].split(",")
    turn = CALL_FIELDS.index(field)
    ordered = (members + needed)[turn:] + (members + needed)[:turn]
    value = "{" + ",".join(ordered) + "}"
    (row,) = _rows(judged_batch(kafka_batch([(value.encode(), 0, 0, OCTOBER_MS)]), WEEK_US))
    assert (row["identity"], row["call_time"], row["label"]) == (
        182750001,
        CALL_US,
        "Passing Call\x1fHAN",
    )


@pytest.mark.parametrize("name", ["maxOffsetsPerTrigger", "MINPARTITIONS", "startingOffsets"])
def test_what_is_read_cannot_be_changed_by_an_option(name: str) -> None:
    with pytest.raises(UsageError, match=f"names {name}"):
        require_free_options({"maxTriggerDelay": "1s", name: "1"})
