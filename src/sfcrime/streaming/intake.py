"""From Kafka to one row a record: read, judged, repeats removed.

Rows of this room (`JUDGED_SCHEMA`): a valid call carries its id, time, partition and label; a
record set aside (rejected or late) carries a unique negative identity that spells its place, no
call time, and the reason for a label. Such a row passes the operator that removes repeats
untouched: a null event time is never late, never moves the watermark, and is forgotten with the
next batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.pandas.functions import vectorized_udf  # type: ignore[attr-defined]
from pyspark.sql.types import (
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)
from pyspark.util import PythonEvalType

from sfcrime.domain.outcomes import WATERMARK_DELAY_S
from sfcrime.domain.wall_clock import MICROS
from sfcrime.streaming.judge import judge_records
from sfcrime.streaming.rules import LABEL_SEPARATOR

JUDGED_SCHEMA = StructType(
    [
        StructField("identity", LongType(), nullable=False),
        StructField("call_time", TimestampType(), nullable=True),
        StructField("partition", IntegerType(), nullable=False),
        StructField("label", StringType(), nullable=False),
    ]
)
_ARROW_SCHEMA = pa.schema(
    [
        pa.field("identity", pa.int64(), nullable=False),
        pa.field("call_time", pa.timestamp("us", tz="UTC")),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
    ]
)
_PARTITION_BITS = 16

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class TopicRead:
    """What of which topic is read."""

    options: Mapping[str, str]
    """Kafka client options as Spark takes them (`kafka.bootstrap.servers`, ...)."""
    topic: str
    start_offsets: Mapping[int, int]
    max_records_per_batch: int
    further_options: Mapping[str, str] = field(default_factory=dict)
    """`stream.source_options`."""


def records_of_topic(session: SparkSession, read: TopicRead) -> DataFrame:
    """Every record of the topic: value, partition, offset, timestamp (as Spark names them)."""
    import json

    start = {read.topic: {str(p): offset for p, offset in read.start_offsets.items()}}
    reader = (
        session.readStream.format("kafka")
        # Spark asks the broker for first and last offset after every poll; a poll gives 500
        # records unless told otherwise.
        .option("kafka.max.poll.records", 20_000)
        .options(**read.further_options)
        .options(**read.options)
        .option("subscribe", read.topic)
        .option("startingOffsets", json.dumps(start))
        .option("maxOffsetsPerTrigger", read.max_records_per_batch)
        # The ledger proves what was read: a lost range must stop the query, never pass.
        .option("failOnDataLoss", "true")
        .option("kafka.isolation.level", "read_committed")
    )
    return reader.load().select("value", "partition", "offset", "timestamp")


def judged_records(records: DataFrame, lateness_s: int | None) -> DataFrame:
    """One `JUDGED_SCHEMA` row a record, judged in Python over Arrow batches."""
    judge = _judge_batches(None if lateness_s is None else lateness_s * MICROS)
    # DataFrame.mapInArrow, without its demand that pandas be installed (it uses none of it).
    function = vectorized_udf(
        judge, JUDGED_SCHEMA, PythonEvalType.SQL_MAP_ARROW_ITER_UDF, kind="pandas"
    )
    column = function(*[records[name] for name in records.columns])
    return DataFrame(records._jdf.mapInArrow(column._jc, False, None), records.sparkSession)


def calls_without_repeats(judged: DataFrame, lateness_s: int | None) -> DataFrame:
    """The first row of each (call id, call time), and every row set aside.

    With a lateness rule, repeats cannot be further apart than the lateness, so ids are forgotten
    behind a watermark far above it; without one, every id is kept.
    """
    identity = ["identity", "call_time"]
    if lateness_s is None:
        return judged.dropDuplicates(identity)
    delay = f"{WATERMARK_DELAY_S} seconds"
    return judged.withWatermark("call_time", delay).dropDuplicatesWithinWatermark(identity)


def named_calls(calls: DataFrame) -> DataFrame:
    """The same rows as text: call type and disposition of a call, the reason of one set aside.

    Columns: `set_aside` (null for a call), `call_type` and `disposition` (null where set aside).
    The reason of a late record is its label's first word, "late".
    """
    is_call = functions.col("identity") >= 0
    parts = functions.split("label", LABEL_SEPARATOR, 2)
    return calls.select(
        functions.when(~is_call, functions.split("label", " ", 2)[0]).alias("set_aside"),
        functions.when(is_call, parts[0]).alias("call_type"),
        functions.when(is_call, parts[1]).alias("disposition"),
    )


def set_aside_identity(partition: int, offset: int) -> int:
    """A unique negative number that spells a record's place."""
    return -1 - (offset << _PARTITION_BITS | partition)


def place_of(identity: int) -> tuple[int, int]:
    """Partition and offset of a `set_aside_identity`."""
    number = -1 - identity
    return number & (1 << _PARTITION_BITS) - 1, number >> _PARTITION_BITS


def _judge_batches(lateness_us: int | None) -> Callable[[Batches], Batches]:
    def judge(batches: Batches) -> Batches:
        for batch in batches:
            yield judged_batch(batch, lateness_us)

    return judge


def judged_batch(batch: pa.RecordBatch, lateness_us: int | None) -> pa.RecordBatch:
    """Judges a batch of (value, partition, offset, timestamp) into `JUDGED_SCHEMA` columns."""
    partitions = batch.column("partition")
    published = batch.column("timestamp").cast(pa.int64()).to_pylist()
    columns = judge_records(batch.column("value").to_pylist(), published, lateness_us)
    identities = columns.call_id
    for row, call_id in enumerate(identities):
        if call_id is None:
            place = partitions[row].as_py(), batch.column("offset")[row].as_py()
            identities[row] = set_aside_identity(*place)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(identities, pa.int64()),
            pa.array(columns.call_us, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
            partitions,
            pa.array(columns.label, pa.string()),
        ],
        schema=_ARROW_SCHEMA,
    )
