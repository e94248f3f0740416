"""One stage of the query in a driver of its own; prints each batch's progress as a JSON line.

    python benchmarks/stage.py read|judge BOOTSTRAP_SERVERS TOPIC WORK_DIR

Every stage ends in Spark's noop sink and reads the topic from its beginning to its end, in
micro-batches of the job's default size and in a session of the job's own settings.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from pyspark.sql import DataFrame, SparkSession

from sfcrime.domain.outcomes import DEFAULT_LATENESS_S
from sfcrime.domain.wall_clock import MICROS
from sfcrime.kafka.client import spark_options
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings
from sfcrime.settings_loading import load_settings
from sfcrime.spark.session import start_spark
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.intake import ReadPlan, judged_packets, records_of_topic
from sfcrime.streaming.progress import ProgressReports


@click.command()
@click.argument("stage", type=click.Choice(["read", "judge"]))
@click.argument("servers")
@click.argument("topic")
@click.argument("work_dir", type=click.Path(path_type=Path))
def main(stage: str, servers: str, topic: str, work_dir: Path) -> None:
    """Run STAGE over TOPIC."""
    settings = load_settings({"stream": {"ui_port": 0}})
    kafka = KafkaSettings(bootstrap_servers=servers, topic=topic)
    spark = start_spark(settings, work_dir)
    try:
        batch_rows = settings.stream.max_records_per_batch
        frame = _frame(spark.session, kafka, stage, batch_rows)
        query = (
            frame.writeStream.format("noop")
            .option("checkpointLocation", str(work_dir / "checkpoint"))
            .trigger(availableNow=True)
            .start()
        )
        reports = ProgressReports(query)
        while not query.awaitTermination(1):
            _print(reports.new())
        _print(reports.new())
    finally:
        spark.stop()


def _print(reports: list[BatchProgress]) -> None:
    for progress in reports:
        click.echo(msgspec.json.encode(progress).decode())


def _frame(
    session: SparkSession, kafka: KafkaSettings, stage: str, records_per_batch: int
) -> DataFrame:
    if stage == "read":  # as anyone would write it, with Spark's own defaults
        return (
            session.readStream.format("kafka")
            .option("kafka.bootstrap.servers", kafka.bootstrap_servers)
            .option("subscribe", kafka.topic)
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", records_per_batch)
            .load()
        )
    read = ReadPlan(
        options=spark_options(kafka),
        topic=kafka.topic,
        start_offsets=Topic(kafka).first_offsets(),
        max_records_per_batch=records_per_batch,
    )
    return judged_packets(records_of_topic(session, read), DEFAULT_LATENESS_S * MICROS)


if __name__ == "__main__":
    main()
