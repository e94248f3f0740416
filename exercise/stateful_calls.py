"""Steps 4 and 5 of the job: from records to calls, each once, and their names.

Rows here (`JUDGED_SCHEMA`): a valid call carries its id, its time and a label; a record set aside
(rejected or late) carries a unique negative identity, no call time, and the reason for a label.
Such a row passes the operator that removes repeats untouched: a null event time is never late,
never moves the watermark, and is forgotten with the next batch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, functions
from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from sfcrime.domain.wall_clock import MICROS
from sfcrime.streaming.intake import Batches, map_in_arrow
from sfcrime.streaming.judge import judge_records
from sfcrime.streaming.judged_rows import LABEL_SEPARATOR

JUDGED_SCHEMA = StructType(
    [
        StructField("identity", LongType(), nullable=False),
        StructField("call_time", TimestampType(), nullable=True),
        StructField("label", StringType(), nullable=False),
    ]
)
_ARROW_SCHEMA = pa.schema(
    [
        pa.field("identity", pa.int64(), nullable=False),
        pa.field("call_time", pa.timestamp("us", tz="UTC")),
        pa.field("label", pa.string(), nullable=False),
    ]
)
WATERMARK_DELAY = "30 days"
"""How far the watermark is behind the newest call: how long an identity is remembered."""
_PARTITION_BITS = 16


def judged_records(records: DataFrame, lateness_s: int | None) -> DataFrame:
    """One `JUDGED_SCHEMA` row a record, judged in Python over Arrow batches.

    Args:
        records: as `records_of_topic` reads them.
        lateness_s: allowed lateness in seconds; None: no record is late or from the future.
    """
    judge = judging(None if lateness_s is None else lateness_s * MICROS)
    return map_in_arrow(records, judge, JUDGED_SCHEMA)


def judging(lateness_us: int | None) -> Callable[[Batches], Batches]:
    """What the Python workers run: (value, partition, offset, timestamp) to `JUDGED_SCHEMA`.

    The workers do not see this folder. A function within a function reaches them by value, and
    what it calls by name: so it calls nothing that is defined in this module, only what is
    installed.
    """

    def judge(batches: Batches) -> Batches:
        for batch in batches:
            published = np.asarray(batch.column("timestamp").cast(pa.int64())) // 1000
            verdicts = judge_records(batch.column("value").to_pylist(), published, lateness_us)
            identities, times_us = list(verdicts.call_id), list(verdicts.call_us)
            for row, call_id in enumerate(verdicts.call_id):
                if call_id is None:  # its place in the topic, as a negative number
                    times_us[row] = None  # of a late record too
                    offset = batch.column("offset")[row].as_py()
                    partition = batch.column("partition")[row].as_py()
                    identities[row] = -1 - (offset << _PARTITION_BITS | partition)
            times = pa.array(times_us, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
            labels = pa.array(verdicts.label, pa.string())
            yield pa.RecordBatch.from_arrays(
                [pa.array(identities, pa.int64()), times, labels], schema=_ARROW_SCHEMA
            )

    return judge


def calls_without_repeats(judged: DataFrame, lateness_s: int | None) -> DataFrame:
    """The first row of each (call id, call time), and every row set aside.

    With a lateness rule, repeats cannot be further apart than the lateness, so ids are forgotten
    once a watermark with a far longer delay has passed them; without one, every id is kept.
    """
    identity = ["identity", "call_time"]
    if lateness_s is None:
        return judged.dropDuplicates(identity)
    watched = judged.withWatermark("call_time", WATERMARK_DELAY)
    return watched.dropDuplicatesWithinWatermark(identity)


def named_calls(calls: DataFrame) -> DataFrame:
    """The same rows as text: call type and disposition of a call, the reason of one set aside.

    Columns: `set_aside` (null for a call), `call_type` and `disposition` (null where set aside).
    """
    is_call = functions.col("identity") >= 0
    parts = functions.split("label", LABEL_SEPARATOR, 2)
    return calls.select(
        functions.when(~is_call, functions.col("label")).alias("set_aside"),
        functions.when(is_call, parts[0]).alias("call_type"),
        functions.when(is_call, parts[1]).alias("disposition"),
    )
