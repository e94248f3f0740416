"""The Structured Streaming job of the exercise: counts calls by call type and disposition.

    spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 \\
        --master 'local[*]' data_stream.py

The page to read from top to bottom: `run_job` is the job, step by step, and each step says why it
is done in this way. The steps are the very functions of `sfcrime stream`. What differs is where
the counts live: here in Spark's own state, so that you can watch a second stateful operator at
work; there in a database, one transaction a batch, which is faster and can be audited.

Ctrl-C finishes the batch in hand. Started again, the job goes on where it stopped, and the totals
with it, also after a `kill -9`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.functions import broadcast

from sfcrime.cli.output import add_row, print_table, table_of
from sfcrime.cli.signals import stop_on_signals
from sfcrime.domain.dispositions import OFFICIAL_CODES
from sfcrime.errors import SfcrimeError
from sfcrime.kafka.client import spark_options
from sfcrime.kafka.offsets import first_offsets
from sfcrime.kafka.origin import topic_origin
from sfcrime.pipeline.counting import await_first_record
from sfcrime.settings import KafkaSettings, Settings, load_settings
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.checkpoint import Checkpoint
from sfcrime.streaming.generations import lateness_of_topic
from sfcrime.streaming.intake import (
    TopicRead,
    calls_without_repeats,
    judged_records,
    named_calls,
    records_of_topic,
)
from sfcrime.streaming.job import await_end, choose_state_store
from sfcrime.streaming.progress import ProgressReports
from sfcrime.streaming.properties import spark_properties
from sfcrime.streaming.session import open_session
from sfcrime.streaming.sink import StopRequested

GROUPS_SHOWN = 10
TRIGGER_MS = 2000
"""Least time between the starts of two batches: slow enough to follow by eye."""


def run_job(settings: Settings, folder: Path, available_now: bool, stop: Event) -> None:
    """Counts until `stop` is set; with `available_now`, until the topic's present end.

    Args:
        settings: broker, topic, and bounds of the query.
        folder: takes the checkpoint and Spark's scratch files.
        available_now: end when what is in the topic now was counted.
        stop: finish the batch in hand and end.
    """
    # Step 1: wait for the topic's first record. A query on a topic that does not exist fails.
    kafka = await_first_record(settings, stop, say)
    if kafka is None:
        return

    # Step 2: a session. `--master` and `--packages` came from spark-submit; everything else is
    # set, with its reason, in src/sfcrime/streaming/session.py. Three settings matter most:
    # spark.sql.shuffle.partitions is the number of cores, not 200 (each is a task in every
    # batch); spark.sql.session.timeZone is UTC (times are San Francisco wall clock, and must not
    # be moved); spark.ui.port is 3000.
    spark = start_session(settings, folder)
    checkpoint = Checkpoint(folder / "checkpoint")
    lateness_s = lateness_of_topic(topic_origin(kafka), settings.stream.lateness_hours)
    choose_state_store(spark, lateness_s)

    # What was counted before a restart stands in the checkpoint's state: show it at once.
    if checkpoint.last_committed is not None:
        show_totals(totals_of_state(spark, checkpoint), "Totals from the checkpoint")

    # Step 3: read the topic as an endless table, a row a record. maxOffsetsPerTrigger bounds a
    # batch (maxRatePerPartition and backpressure belong to the older DStreams and do nothing
    # here). startingOffsets matter at the first start alone: afterwards the checkpoint decides.
    records = records_of_topic(spark, topic_to_read(settings, kafka))

    # Step 4: parse and judge. A record is a call or it is set aside with a reason; from_json
    # alone would turn broken records into rows of nulls, and count them. Call time is parsed as
    # wall-clock time, and nothing that a record holds can stop the query.
    judged = judged_records(records, lateness_s)

    # Step 5: drop repeats. Paging repeated four calls of the real file. To know a repeat, Spark
    # must remember ids; the watermark says for how long. Its delay (30 days) is far above the
    # lateness that records may have (7 days), so it bounds memory and never drops a call.
    calls = calls_without_repeats(judged, lateness_s)

    # Step 6: count. The groups are Spark's state: kept in the checkpoint, updated by each batch,
    # and there again after a crash. They are few, so no watermark has to forget them.
    totals = named_calls(calls).groupBy("set_aside", "call_type", "disposition").count()

    # Step 7: say what the codes mean. A LEFT join: one call in ten carries a code that the
    # city's table does not have, and an inner join would lose it without a word. After the
    # count, so that a batch joins some thousand groups and not every record; the table is small,
    # so it is sent to the tasks (broadcast) instead of shuffling both sides.
    named = totals.join(broadcast(codes_table(spark)), "disposition", "left")

    # Step 8: start. Output mode "complete" hands over all groups after each batch, so what is
    # shown are running totals ("update" would show changed groups alone, "append" none: a group
    # is never final). The checkpoint makes it exact: offsets, state and the batch's number are
    # written there, and a batch that was cut off is done again from the same offsets.
    def show_batch(batch: DataFrame, batch_id: int) -> None:
        if stop.is_set():
            spark.sparkContext.setLogLevel("OFF")  # what Spark would log is no failure
            raise StopRequested(f"stopped before batch {batch_id}")
        # One action a batch: each further one would run the whole batch again.
        show_totals(batch.collect(), f"Totals after batch {batch_id}")

    trigger = (
        {"availableNow": True}
        if available_now
        else {"processingTime": f"{settings.stream.trigger_ms} milliseconds"}
    )
    query = (
        named.writeStream.queryName("calls")
        .outputMode("complete")
        .foreachBatch(show_batch)
        .option("checkpointLocation", str(checkpoint.path))
        .trigger(**trigger)
        .start()
    )

    # Step 9: follow it. Spark reports each batch after its commit: rows, rate, where time went.
    reports = ProgressReports(query)

    def show_progress() -> None:
        for progress in reports.new():
            say(line_of(progress))

    try:
        await_end(query, stop.is_set, show_progress)
    except (StreamingQueryException, Py4JError, OSError):
        # A stop asked for in the middle of a batch: it is done again at the next start.
        if not stop.is_set():
            raise
    say("Stopped; the next start goes on from here.")


def start_session(settings: Settings, folder: Path) -> SparkSession:
    """The session, with sfcrime's settings for it, all but the master."""
    work_dir = folder / "spark"
    work_dir.mkdir(parents=True, exist_ok=True)
    properties = dict(spark_properties(settings, work_dir))
    del properties["spark.master"]
    spark = open_session({**properties, "spark.app.name": "data_stream", "spark.log.level": "WARN"})
    say(f"Spark UI: {spark.sparkContext.uiWebUrl}/StreamingQuery/")
    if "SPARK_LOCAL_IP" not in os.environ:
        say("Others can reach it: SPARK_LOCAL_IP=127.0.0.1 keeps the Spark UI to this machine.")
    return spark


def topic_to_read(settings: Settings, kafka: KafkaSettings) -> TopicRead:
    """The topic from its first record on, in batches of a bounded size."""
    return TopicRead(
        options=spark_options(kafka),
        topic=kafka.topic,
        start_offsets=first_offsets(kafka),
        max_records_per_batch=settings.stream.max_records_per_batch,
    )


def codes_table(spark: SparkSession) -> DataFrame:
    """The city's 19 disposition codes."""
    return spark.createDataFrame(list(OFFICIAL_CODES.items()), "disposition string, meaning string")


def totals_of_state(spark: SparkSession, checkpoint: Checkpoint) -> list[Row]:
    """The groups in the checkpoint's state, with their meanings."""
    path = str(checkpoint.path)
    _ = spark.streams.active  # asking for queries starts what state is found through
    operators = spark.read.format("state-metadata").load(path).collect()
    (counting,) = {
        operator.operatorId for operator in operators if operator.operatorName == "stateStoreSave"
    }
    state = spark.read.format("statestore").option("operatorId", counting).load(path)
    totals = state.select("key.*", "value.count")
    return totals.join(broadcast(codes_table(spark)), "disposition", "left").collect()


@dataclass(frozen=True)
class Totals:
    """All groups, added up."""

    counted: int
    set_aside: int
    without_meaning: int
    """Calls with a disposition that the city's table does not have."""


def sums(groups: Iterable[Row]) -> Totals:
    """What the groups add up to."""
    calls = [group for group in groups if group.set_aside is None]
    counted = sum(group["count"] for group in calls)
    return Totals(
        counted,
        sum(group["count"] for group in groups) - counted,
        sum(group["count"] for group in calls if group.meaning is None),
    )


def show_totals(groups: list[Row], title: str) -> None:
    """Prints the largest groups. Sorted here: in Spark it would be one more shuffle a batch."""
    table = table_of("Call type", "Disposition", "Meaning", "Calls", numbers=["Calls"])
    groups.sort(key=lambda group: (-group["count"], str(group.call_type)))
    for group in groups[:GROUPS_SHOWN]:
        code = group.set_aside or group.disposition
        meaning = "set aside" if group.set_aside else group.meaning or "(not in the table)"
        add_row(table, group.call_type, code, meaning, group["count"])
    print(f"\n{title}")
    print_table(table)
    total = sums(groups)
    print(
        f"{total.counted:,} calls in {len(groups):,} groups, "
        f"{total.without_meaning:,} of them with a code outside the table; "
        f"{total.set_aside:,} records set aside",
        flush=True,
    )


def line_of(progress: BatchProgress) -> str:
    """A batch's report in a line; Spark's own has 60."""
    # Apart from the whole ("triggerExecution"), the longest phase; nearly always the work itself.
    phase, ms = sorted(progress.phases_ms.items(), key=lambda each: -each[1])[1]
    return (
        f"batch {progress.batch_id}: {progress.input_rows:,} records in "
        f"{progress.duration_ms:,} ms ({progress.processed_rows_per_s:,.0f}/s), "
        f"{progress.duplicates_dropped:,} repeats, lag {progress.lag_records:,}, "
        f"{progress.state_rows:,} rows of state; {phase} {ms:,} ms"
    )


def say(text: str) -> None:
    """A line about the job itself; the counts go to standard output."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--bootstrap-servers", default="localhost:9092")
    parser.add_argument("--topic", help="org.sf.police.calls unless given")
    parser.add_argument("--ui-port", type=int, help="of the Spark UI: 3000 unless given")
    parser.add_argument("--data-dir", type=Path, default=Path(__file__).parent / "data" / "stream")
    parser.add_argument("--available-now", action="store_true", help="end at the topic's end")
    given = parser.parse_args()
    kafka = {"bootstrap_servers": given.bootstrap_servers, "topic": given.topic}
    stream = {"ui_port": given.ui_port, "trigger_ms": TRIGGER_MS}
    try:
        settings = load_settings({"kafka": kafka, "stream": stream})
        with stop_on_signals() as stop:
            run_job(settings, given.data_dir.resolve(), given.available_now, stop)
    except SfcrimeError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
