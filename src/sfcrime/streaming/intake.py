"""From Kafka to packets of judged records: read, judged, and nothing else; no row depends on
another, so the query keeps no state.

A row of the query is a packet: what became of some thousand neighbouring records of one partition,
as Arrow's own bytes. Records travel from the Python workers to the driver through Spark's JVM; as
rows of their own they would be taken apart and put together there, which no step needs.
Beside them stands the packet's tally, by which the driver proves that all of it arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.functions import vectorized_udf  # type: ignore[attr-defined]
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DataType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)
from pyspark.util import PythonEvalType

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.streaming.judge import judge_records
from sfcrime.streaming.judged_rows import as_rows
from sfcrime.streaming.packets import PACKETS, Packet, as_row, in_order, packet_of

_SPARK_TYPES: Mapping[pa.DataType, DataType] = {
    pa.int32(): IntegerType(),
    pa.int64(): LongType(),
    pa.bool_(): BooleanType(),
    pa.string(): StringType(),
    pa.binary(): BinaryType(),
}
PACKET_SCHEMA = StructType(
    [StructField(each.name, _SPARK_TYPES[each.type], nullable=False) for each in PACKETS]
)
"""`packets.PACKETS` in Spark's words."""

# One byte more than may count tells the judge all that it needs of a longer value.
_VALUE = (
    f"CASE WHEN octet_length(value) > {MAX_VALUE_BYTES} "
    f"THEN substring(value, 1, {MAX_VALUE_BYTES + 1}) ELSE value END"
)

Batches = Iterator[pa.RecordBatch]


MOST_RECORDS_PER_POLL = 20_000
"""Spark asks the broker for first and last offset after every poll, and a poll gives 500 records
unless told otherwise. Of calls, so many are some 10 MB."""


_WAITS = {"kafka.request.timeout.ms": "30000", "kafka.default.api.timeout.ms": "30000"}
"""Spark's client goes on asking a leader that died until this has passed, by default a minute. Then
Spark asks anew with another client, three times. Less would end a query that is reading while a
leader is elected, which may take 10 s."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What of which topic is read."""

    options: Mapping[str, str]
    """Kafka client options as Spark takes them (`kafka.bootstrap.servers`, ...)."""
    topic: str
    start_offsets: Mapping[int, int]
    """Of every partition that the topic has: Spark takes no more and no fewer."""
    max_records_per_batch: int
    records_per_poll: int = MOST_RECORDS_PER_POLL
    """So many are unpacked in the JVM's heap at once in each partition, and handed to a worker."""
    further_options: Mapping[str, str] = field(default_factory=dict)
    """`stream.source_options`."""


def records_of_topic(session: SparkSession, read: ReadPlan) -> DataFrame:
    """Every record of the topic: value, partition, offset, timestamp (as Spark names them)."""
    import json

    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", read.records_per_poll)
    start = {read.topic: {str(p): offset for p, offset in read.start_offsets.items()}}
    # Kafka refuses one that does not fit the other, so a user's own stands alone.
    waits = {} if _WAITS.keys() & read.further_options.keys() else _WAITS
    reader = (
        session.readStream.format("kafka")
        .option("kafka.max.poll.records", read.records_per_poll)
        # A fetch unpacks to some five times this: a larger one leaves the processor's caches.
        .option("kafka.max.partition.fetch.bytes", 512 * 1024)
        .options(**waits)
        .options(**read.further_options)
        .options(**read.options)
        .option("subscribe", read.topic)
        .option("startingOffsets", json.dumps(start))
        .option("maxOffsetsPerTrigger", read.max_records_per_batch)
        # The ledger proves what was read: a lost range must stop the query, never pass.
        .option("failOnDataLoss", "true")
        .option("kafka.isolation.level", "read_committed")
    )
    return reader.load().selectExpr(f"{_VALUE} AS value", "partition", "offset", "timestamp")


def judged_packets(records: DataFrame, lateness_us: int | None) -> DataFrame:
    """The records judged in Python over Arrow batches: a `PACKET_SCHEMA` row for each batch, and
    one for a partition without records."""
    return map_in_arrow(records, _judge_batches(lateness_us), PACKET_SCHEMA)


def map_in_arrow(
    frame: DataFrame, function: Callable[[Batches], Batches], schema: StructType
) -> DataFrame:
    """`DataFrame.mapInArrow`, without its demand that pandas be installed (it uses none of it)."""
    mapped = vectorized_udf(function, schema, PythonEvalType.SQL_MAP_ARROW_ITER_UDF, kind="pandas")
    column = mapped(*[frame[name] for name in frame.columns])
    return DataFrame(frame._jdf.mapInArrow(column._jc, False, None), frame.sparkSession)


def _judge_batches(lateness_us: int | None) -> Callable[[Batches], Batches]:
    # Spark copies this function to the worker, and by name what it calls: a worker judges, and
    # tells its digest, by its own code.
    def judge(batches: Batches) -> Batches:
        for packet in packets_of_task(batches, lateness_us, _task()):
            yield as_row(packet)

    return judge


def _task() -> int:
    """Spark's number of the task that this worker runs, the same however often it is run."""
    context = TaskContext.get()
    assert context is not None, "a worker judges in a task"
    return context.partitionId()


def packets_of_task(
    batches: Iterable[pa.RecordBatch], lateness_us: int | None, task: int
) -> Iterator[Packet]:
    """Judges what a task reads, batches of (value, partition, offset, timestamp): a packet for each
    that has records."""
    judged = (_judged_packet(batch, lateness_us) for batch in batches if batch.num_rows)
    return in_order(judged, task)


def _judged_packet(batch: pa.RecordBatch, lateness_us: int | None) -> Packet:
    """Refuses records of two partitions: nobody could tell which offset is whose."""
    partitions = pc.unique(batch.column("partition")).to_pylist()
    if len(partitions) != 1:
        raise ValueError(f"one task reads partitions {partitions}")
    return packet_of(partitions[0], judged_batch(batch, lateness_us))


def judged_batch(batch: pa.RecordBatch, lateness_us: int | None) -> pa.RecordBatch:
    """Judges a batch of (value, offset, timestamp) into `JUDGED` rows."""
    published_ms = pc.divide(batch.column("timestamp").cast(pa.int64()), 1000)
    values = batch.column("value").to_pylist()
    return judged_rows(values, batch.column("offset"), published_ms, lateness_us)


def judged_rows(
    values: Sequence[bytes | None],
    offsets: pa.Array,
    published_ms: pa.Array,
    lateness_us: int | None,
) -> pa.RecordBatch:
    """`JUDGED` rows of records with these values, offsets and Kafka timestamps."""
    judged = judge_records(values, np.asarray(published_ms), lateness_us)
    return as_rows(judged, offsets, published_ms)
