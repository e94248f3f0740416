"""From a batch of Kafka records to judged rows, over static Arrow batches."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from hostile_records import GOOD, timed_value, with_id
from sfcrime.domain.calls import CALL_FIELDS
from sfcrime.errors import UsageError
from sfcrime.settings import Settings, StreamSettings
from sfcrime.spark.properties import require_settable
from sfcrime.streaming.intake import PACKET_SCHEMA, judged_batch, packets_of_task
from sfcrime.streaming.judge_digest import JUDGE_DIGEST
from sfcrime.streaming.judged_rows import JUDGED, rows_of
from sfcrime.streaming.packets import Tally, as_row, from_row

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


def test_every_record_becomes_one_row_in_its_place() -> None:
    batch = judged_batch(
        kafka_batch(
            [
                (GOOD, 0, 7, OCTOBER_MS),
                (b"not json", 0, 8, OCTOBER_MS),
                (None, 0, 9_000_000_000, OCTOBER_MS + 1),
                (timed_value("2018-09-01T00:00:00"), 0, 9_000_000_001, OCTOBER_MS + 2),
                (timed_value("2018-10-02T10:11:01"), 0, 9_000_000_002, OCTOBER_MS),
                (with_id(b'"007"'), 0, 9_000_000_013, OCTOBER_MS),
            ]
        ),
        WEEK_US,
    )

    assert batch.to_pydict() == {
        "offset": [7, 8, 9_000_000_000, 9_000_000_001, 9_000_000_002, 9_000_000_013],
        "call_id": [182750001, None, None, None, None, 7],
        "call_us": [CALL_US, None, None, 1_535_760_000_000_000, None, CALL_US],
        "published_ms": [OCTOBER_MS + more for more in (0, 0, 1, 2, 0, 0)],
        "label": [
            "Passing Call\x1fHAN",
            "not-json",
            "no-value",
            "late",
            "from-the-future",
            "Passing Call\x1fHAN",
        ],
    }


def test_a_task_numbers_its_packets_and_marks_the_last() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield kafka_batch([(GOOD, 3, 7, OCTOBER_MS), (b"x", 3, 9, OCTOBER_MS)])
        yield kafka_batch([(GOOD, 3, 9, OCTOBER_MS)]).slice(0, 0)
        yield kafka_batch([(timed_value("2018-09-01T00:00:00"), 3, 12, OCTOBER_MS)])

    first, last = packets_of_task(batches(), WEEK_US, 5)

    host = platform.node()
    assert first.tally == Tally(3, 5, 0, False, 7, 9, 2, 1, 0, 1, JUDGE_DIGEST, host)
    assert last.tally == Tally(3, 5, 1, True, 12, 12, 1, 0, 1, 0, JUDGE_DIGEST, host)
    assert rows_of(first.records)["offset"].to_pylist() == [7, 9]


@pytest.mark.parametrize("batches", [[], [kafka_batch([(GOOD, 0, 0, 0)]).slice(0, 0)]])
def test_a_task_without_records_says_so(batches: Sequence[pa.RecordBatch]) -> None:
    (packet,) = packets_of_task(batches, WEEK_US, 2)
    assert packet.tally[:7] == (-1, 2, 0, True, 0, 0, 0)
    assert len(rows_of(packet.records)) == 0


def test_records_of_two_partitions_are_no_task_of_ours() -> None:
    """Nobody could tell whose offset is whose."""
    batch = kafka_batch([(GOOD, 3, 7, OCTOBER_MS), (GOOD, 1, 7, OCTOBER_MS)])
    with pytest.raises(ValueError, match=r"reads partitions \[3, 1\]"):
        list(packets_of_task([batch], WEEK_US, 0))


def test_a_packet_is_given_once_the_next_one_is_there() -> None:
    """One is held back, never more: a task's packets need not fit into a worker."""
    asked: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for offset in range(4):
            asked.append(offset)
            yield kafka_batch([(GOOD, 0, offset, OCTOBER_MS)])

    packets = packets_of_task(batches(), WEEK_US, 0)
    next(packets)
    assert asked == [0, 1]


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
    assert batch.column("call_id").to_pylist() == [182750001, 182750001]


def test_the_columns_are_those_that_spark_was_told_of() -> None:
    (packet,) = packets_of_task([kafka_batch([(GOOD, 0, 0, OCTOBER_MS)])], None, 0)
    spark_types = {"integer": "int32", "long": "int64", "boolean": "bool"}
    assert [(column.name, str(column.type)) for column in as_row(packet).schema] == [
        (column.name, spark_types.get(column.dataType.typeName(), column.dataType.typeName()))
        for column in PACKET_SCHEMA.fields
    ]


def test_a_batch_without_rows_gives_none() -> None:
    empty = kafka_batch([(GOOD, 0, 0, OCTOBER_MS)]).slice(0, 0)
    assert judged_batch(empty, WEEK_US).num_rows == 0


def test_packets_come_out_of_a_row_as_they_went_in() -> None:
    batch = kafka_batch([(GOOD, 0, 0, OCTOBER_MS), (b"x", 0, 1, OCTOBER_MS)])
    (packet,) = packets_of_task([batch], WEEK_US, 0)
    (row,) = as_row(packet).to_pylist()
    assert from_row((*row.values(),)) == packet
    records = rows_of(packet.records)
    assert records.schema == JUDGED
    assert records.to_pydict() == judged_batch(batch, WEEK_US).to_pydict()


@pytest.mark.parametrize("field", CALL_FIELDS)
def test_fourteen_fields_in_any_order_are_one_call(field: str) -> None:
    members = [f'"{name}":"x"' for name in CALL_FIELDS if f'"{name}":'.encode() not in GOOD]
    needed = GOOD.decode()[1:-1].split(",")
    turn = CALL_FIELDS.index(field)
    ordered = (members + needed)[turn:] + (members + needed)[:turn]
    value = "{" + ",".join(ordered) + "}"
    (row,) = judged_batch(kafka_batch([(value.encode(), 0, 0, OCTOBER_MS)]), WEEK_US).to_pylist()
    assert (row["call_id"], row["call_us"], row["label"]) == (
        182750001,
        CALL_US,
        "Passing Call\x1fHAN",
    )


def test_how_much_kafkas_client_fetches_can_be_set() -> None:
    options = {"kafka.max.poll.records": "500", "kafka.fetch.max.bytes": "1000000"}
    require_settable(Settings(stream=StreamSettings(source_options=options)))


@pytest.mark.parametrize(
    "name",
    [
        *("maxOffsetsPerTrigger", "MINPARTITIONS", "startingOffsets"),
        *("kafka.isolation.level", "kafka.Max.Poll.Records", "kafka.bootstrap.servers"),
    ],
)
def test_what_is_read_cannot_be_changed_by_an_option(name: str) -> None:
    stream = StreamSettings(source_options={"maxTriggerDelay": "1s", name: "1"})
    with pytest.raises(UsageError, match=f"names {name}"):
        require_settable(Settings(stream=stream))
