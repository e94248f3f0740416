"""The exercise's job as its public answers configure it; prints each warm batch's progress.

    sfcrime spark-submit --jars CONNECTOR_JARS benchmarks/peers/typical_exercise.py SERVERS TOPIC

What they share: `from_json` with all fields, `maxOffsetsPerTrigger` 500, Spark's default of 200
shuffle partitions, a watermark on the call time, counts by call type and disposition, an inner
join with the table of codes, output mode "complete", the console, the default trigger, and every
other property left as it is. Some group by an hour's window as well, which makes the groups more
and each batch slower: that is left out, in favour of this job.

It reads only so many batches of the topic. Nothing is exact here: calls with a code that the
table lacks are lost in the join, and repeats are counted twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from sfcrime.domain.dispositions import OFFICIAL_CODES
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.progress import ProgressReports

RECORDS_A_TRIGGER = 500
SCHEMA = ", ".join(
    f"{name} string"
    for name in (
        *("crime_id", "original_crime_type_name", "report_date", "call_date", "offense_date"),
        *("call_time", "call_date_time", "disposition", "address", "city", "state"),
        *("agency_id", "address_type", "common_location"),
    )
)


def counts(session: SparkSession, servers: str, topic: str, codes_file: Path) -> DataFrame:
    """Calls by call type and disposition, of codes that the table has."""
    records = (
        session.readStream.format("kafka")
        .option("kafka.bootstrap.servers", servers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", RECORDS_A_TRIGGER)
        .load()
    )
    parsed = f.from_json(f.col("value").cast("string"), SCHEMA).alias("call")
    calls = records.select(parsed).select("call.*")
    calls = calls.withColumn("call_date_time", f.to_timestamp("call_date_time"))
    grouped = calls.withWatermark("call_date_time", "60 minutes").groupBy(
        "original_crime_type_name", "disposition"
    )
    codes = session.read.json(str(codes_file)).withColumnRenamed("disposition_code", "disposition")
    return grouped.count().join(codes, "disposition")


@click.command()
@click.argument("servers")
@click.argument("topic")
@click.option("--warm-up", default=10, show_default=True, help="Batches that are left out.")
@click.option(
    "--batches",
    default=100,
    show_default=True,
    envvar="EXERCISE_BATCHES",
    show_envvar=True,
    help="That are printed, after them.",
)
def main(servers: str, topic: str, warm_up: int, batches: int) -> None:
    """Count the first records of TOPIC to the console."""
    with TemporaryDirectory(prefix="sfcrime-typical-") as folder:
        codes_file = Path(folder) / "radio_code.json"
        codes = [{"disposition_code": c, "description": m} for c, m in OFFICIAL_CODES.items()]
        codes_file.write_text("\n".join(map(json.dumps, codes)), encoding="utf-8")
        session = SparkSession.builder.appName("KafkaSparkStructuredStreaming").getOrCreate()
        session.sparkContext.setLogLevel("WARN")
        query = (
            counts(session, servers, topic, codes_file)
            .writeStream.outputMode("complete")
            .format("console")
            .start()
        )
        reports = ProgressReports(query)
        found: list[BatchProgress] = []
        while len(found) < warm_up + batches:
            if query.awaitTermination(1):
                raise click.ClickException("the query ended by itself")
            found += reports.new()
            if found and not found[-1].lag_records:
                raise click.ClickException(f"the topic has no more than {len(found)} batches")
        query.stop()
        session.stop()
    for progress in found[warm_up : warm_up + batches]:  # the console is silent now
        click.echo(msgspec.json.encode(progress).decode())


if __name__ == "__main__":
    main()
