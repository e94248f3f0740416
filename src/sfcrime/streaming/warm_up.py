"""A few invented records through the query's own steps, before there is a topic to read.

The Python workers start, and the JVM loads and compiles what the first batch needs, while the
broker and the producer come up. Nothing of it is kept.
"""

from __future__ import annotations

from pyspark.sql import SparkSession, functions

from sfcrime.streaming.intake import judged_records


def warm_up(session: SparkSession) -> None:
    """Judges and shuffles a record a shuffle partition, and collects them as a batch's rows are."""
    tasks = session.sparkContext.defaultParallelism
    records = session.range(0, tasks, 1, tasks).select(
        functions.lit(bytearray(b"{}")).alias("value"),
        functions.lit(0).alias("partition"),
        functions.col("id").alias("offset"),
        functions.current_timestamp().alias("timestamp"),
    )
    judged = judged_records(records, lateness_s=0)
    judged.repartition(tasks, "identity", "call_time").toArrow()
