"""Measures what goes wrong in the usual solutions of the exercise, over real Kafka and Spark.

    python benchmarks/traps.py police-department-calls-for-service.json.gz

Starts an embedded broker and a Spark of its own in a temporary folder, publishes the file as it
lies (newest call first) and in the order in which calls came in, and runs the usual queries over
both. Prints one JSON object; exercise/README.md quotes it.
"""

from __future__ import annotations

import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from sfcrime.domain.dispositions import OFFICIAL_CODES
from sfcrime.kafka.broker import start_broker
from sfcrime.kafka.topic_settings import NEW_TOPIC_SETTINGS
from sfcrime.machine.description import described_machine
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.settings_loading import load_settings
from sfcrime.spark.session import start_spark

NEWEST_FIRST, AS_THEY_CAME = "newest-first", "as-they-came"
PARTITIONS = 1
"""Kafka's own default; with several, records without keys come in uneven turns."""
BATCH_ROWS = 2_000
BATCHES_COMPARED = 12
SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
STATE_PROPERTIES = {
    SHUFFLE_PARTITIONS: "2",
    "spark.sql.adaptive.enabled": "false",
    # Rename in place of Hadoop's abstraction over it: saves 40 process forks a batch.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
    ),
    "spark.sql.streaming.minBatchesToRetain": "20",
}
"""Of queries with state; sfcrime's own has none, and need not set them."""
SCHEMA = "crime_id string, original_crime_type_name string, call_date_time string, "
SCHEMA += "disposition string"


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(file: Path, out: Path | None) -> None:
    """Measure everything with the calls of FILE."""
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    calls = [orjson.dumps(call) for call in orjson.loads(content)]
    del content
    settings = load_settings({"stream": {"ui_port": 0}, "kafka": {"port": 0}})
    with tempfile.TemporaryDirectory(prefix="traps-") as name:
        folder = Path(name)
        with start_broker(settings.in_folder(folder)) as broker:
            kafka = msgspec.structs.replace(
                settings.kafka, bootstrap_servers=broker.bootstrap_servers
            )
            found = _measured(calls, settings, kafka, folder)
    result = {"machine": described_machine(), "calls": len(calls), **found}
    click.echo(json.dumps(result, indent=2))
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _measured(
    calls: list[bytes], settings: Settings, kafka: KafkaSettings, folder: Path
) -> Mapping[str, object]:
    publish_s = {
        NEWEST_FIRST: _publish(kafka, NEWEST_FIRST, calls),
        AS_THEY_CAME: _publish(kafka, AS_THEY_CAME, reversed(calls)),
    }
    spark = start_spark(settings, folder / "spark")
    try:
        for name, value in STATE_PROPERTIES.items():
            spark.session.conf.set(name, value)
        usual = _Usual(spark.session, kafka, folder)
        return {
            "publish_s": publish_s,
            "seconds_at_one_message_a_second": len(calls),
            "inner_join": usual.inner_join(),
            "batch_ms": {str(n): usual.batch_ms(n) for n in (2, 200)},
            "inert_settings": usual.inert_settings(),
            "counted_with_a_watermark": {
                f"{order}, {delay}": usual.counted(order, delay)
                for order, delay in (
                    (AS_THEY_CAME, "1 hour"),
                    (NEWEST_FIRST, "1 hour"),
                    (NEWEST_FIRST, "1 day"),
                )
            },
        }
    finally:
        spark.stop()


def _publish(kafka: KafkaSettings, topic: str, values: Iterable[bytes]) -> float:
    servers = {"bootstrap.servers": kafka.bootstrap_servers}
    new = NewTopic(topic, PARTITIONS, config=dict(NEW_TOPIC_SETTINGS))
    admin = AdminClient(servers)
    admin.create_topics([new])[topic].result(30)
    producer = Producer({**servers, "queue.buffering.max.messages": 1_000_000})
    began = time.monotonic()
    for value in values:
        producer.produce(topic, value)
        producer.poll(0)
    producer.flush(120)
    return round(time.monotonic() - began, 2)


class _Usual:
    """The queries as they are usually written."""

    def __init__(self, session: SparkSession, kafka: KafkaSettings, folder: Path) -> None:
        self._session = session
        self._servers = kafka.bootstrap_servers
        self._folder = folder
        self._runs = 0

    def _calls(self, records: DataFrame) -> DataFrame:
        parsed = f.from_json(f.col("value").cast("string"), SCHEMA).alias("call")
        calls = records.select(parsed).select("call.*")
        return calls.withColumn("call_time", f.to_timestamp("call_date_time"))

    def _stream(self, topic: str, **options: object) -> DataFrame:
        reader = self._session.readStream.format("kafka").option("subscribe", topic)
        reader = reader.option("kafka.bootstrap.servers", self._servers)
        return self._calls(
            reader.options(startingOffsets="earliest", **options).load()  # type: ignore[arg-type]
        )

    def _run(self, frame: DataFrame, take: Any, batches: int | None = None) -> list[dict[str, Any]]:
        """Runs to the topic's end, or over so many batches; Spark's progress reports."""
        self._runs += 1
        query = (
            frame.writeStream.outputMode("update")
            .foreachBatch(take)
            .option("checkpointLocation", str(self._folder / f"checkpoint-{self._runs}"))
            .trigger(availableNow=True)
            .start()
        )
        reports: dict[int, dict[str, Any]] = {}
        while not query.awaitTermination(0.3):  # type: ignore[arg-type]
            for report in query.recentProgress:
                reports[report.batchId] = json.loads(report.json)
            if batches is not None and len(reports) >= batches:
                query.stop()
        for report in query.recentProgress:
            reports[report.batchId] = json.loads(report.json)
        return [reports[number] for number in sorted(reports)]

    def inner_join(self) -> Mapping[str, int]:
        """Calls in the topic, and those that an inner join with the code table leaves."""
        reader = self._session.read.format("kafka").option("subscribe", AS_THEY_CAME)
        calls = self._calls(reader.option("kafka.bootstrap.servers", self._servers).load())
        codes = self._session.createDataFrame(
            list(OFFICIAL_CODES.items()), "disposition string, meaning string"
        )
        return {
            "calls": calls.count(),
            "after_inner_join": calls.join(codes, "disposition", "inner").count(),
            "after_left_join": calls.join(codes, "disposition", "left").count(),
        }

    def batch_ms(self, shuffle_partitions: int) -> Mapping[str, float]:
        """Median time of a batch of the running count, the first three left out."""
        self._session.conf.set(SHUFFLE_PARTITIONS, str(shuffle_partitions))
        totals = (
            self._stream(AS_THEY_CAME, maxOffsetsPerTrigger=BATCH_ROWS)
            .groupBy("original_crime_type_name", "disposition")
            .count()
        )
        reports = self._run(totals, lambda batch, _: batch.collect(), BATCHES_COMPARED)
        times = [report["batchDuration"] for report in reports[3:BATCHES_COMPARED]]
        self._session.conf.set(SHUFFLE_PARTITIONS, STATE_PROPERTIES[SHUFFLE_PARTITIONS])
        return {"batches": len(times), "median_ms": statistics.median(times)}

    def inert_settings(self) -> Mapping[str, int]:
        """Rows of the first batch with settings of the older DStreams, and with the real one."""
        self._session.conf.set("spark.streaming.backpressure.enabled", "true")
        self._session.conf.set("spark.streaming.kafka.maxRatePerPartition", "10")
        found = {}
        for name, options in (
            ("maxRatePerPartition=10 and backpressure", {"maxRatePerPartition": 10}),
            (f"maxOffsetsPerTrigger={BATCH_ROWS}", {"maxOffsetsPerTrigger": BATCH_ROWS}),
        ):
            calls = self._stream(AS_THEY_CAME, **options)
            reports = self._run(calls, lambda batch, _: batch.count(), 1)
            found[name] = reports[0]["numInputRows"]
        return found

    def counted(self, topic: str, delay: str) -> Mapping[str, int]:
        """Calls in the windows of an hour that a watermark of `delay` lets through."""
        counts: dict[tuple[object, ...], int] = {}

        def take(batch: DataFrame, _: int) -> None:
            for row in batch.collect():
                counts[row["window"]["start"], row["original_crime_type_name"]] = row["count"]

        windows = (
            self._stream(topic, maxOffsetsPerTrigger=BATCH_ROWS)
            .withWatermark("call_time", delay)
            .groupBy(f.window("call_time", "1 hour"), "original_crime_type_name")
            .count()
        )
        reports = self._run(windows, take)
        dropped = sum(
            state["numRowsDroppedByWatermark"]
            for report in reports
            for state in report["stateOperators"]
        )
        return {"counted": sum(counts.values()), "reported_as_dropped": dropped}


if __name__ == "__main__":
    main()
