"""The Structured Streaming job of the exercise: counts calls by call type and disposition.

    spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 \\
        --master 'local[*]' data_stream.py

The program to read from top to bottom: `run_job` is the job, step by step, and each step says why
it is done in this way. Records are read and judged as in `sfcrime stream` (intake.py and judge.py
in src/sfcrime/streaming). What differs is where the state is: here repeats and counts are Spark's
own state, so that you can watch two stateful operators and a watermark at work; there the query has
no state at all, and identities, counts and offsets are in a database, one transaction a batch
(README.md says why).

Ctrl-C finishes the batch in hand. Started again, the job continues where it stopped, totals
included, even after a `kill -9`.
"""

from __future__ import annotations

import os
import sys
from threading import Event

from batch_reports import line_of, report_of
from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast
from spark_state import counts_in_state, last_committed, state_properties
from stateful_calls import calls_without_repeats, judged_records, named_calls
from stream_job import Job, job_of, parsed_arguments
from totals import show_totals

from sfcrime.cli.signals import stop_on_signals
from sfcrime.domain.dispositions import OFFICIAL_CODES
from sfcrime.domain.outcomes import DEFAULT_LATENESS_S
from sfcrime.errors import SfcrimeError
from sfcrime.kafka.client import spark_options
from sfcrime.kafka.origin import OriginKind, TopicOrigin
from sfcrime.pipeline.topic_wait import FoundTopic, TopicWait
from sfcrime.settings import Settings, StreamSettings
from sfcrime.spark.properties import spark_properties
from sfcrime.spark.session import open_session
from sfcrime.streaming.generation_choice import allowed_lateness_s
from sfcrime.streaming.intake import ReadPlan, records_of_topic
from sfcrime.streaming.progress import Reports
from sfcrime.streaming.query_end import await_end


class StopRequested(Exception):
    """Ends the query between two batches."""


def run_job(job: Job, stop: Event) -> None:
    """Counts until `stop` is set, which finishes the batch in hand."""
    # Step 1: wait for the topic's first record. A query on a topic that does not exist fails.
    found = TopicWait(job.settings, may_appear=True).until_found(stop, say)
    if found is None:
        return
    lateness_s = lateness_of(found.origin, job.settings.stream)

    # Step 2: a session (src/sfcrime/spark/session.py). `--master` and `--packages` came from
    # spark-submit; everything else is set, with its reason, in src/sfcrime/spark/properties.py and,
    # where it is about state, in spark_state.py beside this file. Three settings matter most:
    # spark.sql.shuffle.partitions is the number of cores, not 200 (each is a task in every batch);
    # spark.sql.session.timeZone is UTC (times are San Francisco wall clock, and must not be moved);
    # spark.ui.port is 3000.
    spark = start_session(job, lateness_s)
    checkpoint = job.folder / "checkpoint"

    # What was counted before a restart is in the checkpoint's state: show it at once.
    if last_committed(checkpoint) is not None:
        counted = with_meanings(spark, counts_in_state(spark, checkpoint))
        show_totals(counted.collect(), "Totals from the checkpoint")

    # Step 3: read the topic as an endless table, one row per record. maxOffsetsPerTrigger bounds a
    # batch (maxRatePerPartition and backpressure belong to the older DStreams and do nothing
    # here). startingOffsets matter at the first start alone: afterwards the checkpoint decides.
    records = records_of_topic(spark, topic_to_read(job.settings, found))

    # Step 4: parse and judge. A record is a call or it is set aside with a reason; from_json
    # alone would turn broken records into rows of nulls, and count them. Call time is parsed as
    # wall-clock time, and nothing that a record holds can stop the query.
    judged = judged_records(records, lateness_s)

    # Step 5: drop repeats. Paging repeated four calls of the real file. To know a repeat, Spark
    # must remember ids; the watermark says for how long. Its delay (30 days) is far above the
    # lateness that records may have (7 days), so it bounds memory and drops no call of a replay.
    # (One valid record of today among calls of 2018 would move it past all that follow; the line
    # of step 9 tells, and README.md says why sfcrime's own query has no watermark.)
    calls = calls_without_repeats(judged, lateness_s)

    # Step 6: count. The groups are Spark's state: kept in the checkpoint, updated by each batch,
    # and there again after a crash. They are few, so no watermark has to forget them.
    totals = named_calls(calls).groupBy("set_aside", "call_type", "disposition").count()

    # Step 7: say what the codes mean. A LEFT join: one call in ten carries a code that the
    # city's table does not have, and an inner join would lose it silently. After the
    # count, so that a batch joins some thousand groups and not every record; the table is small,
    # so it is sent to the tasks (broadcast) instead of shuffling both sides.
    named = with_meanings(spark, totals)

    # Step 8: start. Output mode "complete" hands over all groups after each batch, so what is
    # shown are running totals ("update" would show changed groups alone, "append" none: a group
    # is never final). The checkpoint makes it exact: offsets, state and the batch's number are
    # written there, and a batch that was cut off is done again from the same offsets.
    def show_batch(batch: DataFrame, batch_id: int) -> None:
        if stop.is_set():
            spark.sparkContext.setLogLevel("OFF")  # what Spark would log is no failure
            raise StopRequested(f"stopped before batch {batch_id}")
        # One action a batch: each further one would run the whole batch again.
        groups = batch.collect()
        show_totals(groups, f"Totals after batch {batch_id}")
        job.reports.counted(batch_id, groups)

    trigger = (
        {"availableNow": True}
        if job.available_now
        else {"processingTime": f"{job.settings.stream.trigger_ms} milliseconds"}
    )
    query = (
        named.writeStream.queryName("calls")
        .outputMode("complete")
        .foreachBatch(show_batch)
        .option("checkpointLocation", str(checkpoint))
        .trigger(**trigger)
        .start()
    )

    # Step 9: follow it. Spark reports each batch after its commit: rows, rate, where time went.
    reports = Reports(query, report_of)

    def show_progress() -> None:
        for report in reports.new():
            say(line_of(report))
            job.reports.reported(report)

    try:
        await_end(query, stop.is_set, show_progress)
    except (StreamingQueryException, Py4JError, OSError):
        # A stop asked for in the middle of a batch: it is done again at the next start.
        if not stop.is_set():
            raise
    job.reports.end()
    say("Stopped; the next start goes on from here.")


def lateness_of(origin: TopicOrigin | None, stream: StreamSettings) -> int | None:
    """Allowed lateness in seconds; None: no record can be late.

    Records can be late on a topic of our producer, whose timestamps are the virtual time of
    publication; elsewhere old calls may carry today's timestamps. The setting decides otherwise.
    """
    ours = origin is not None and origin.kind is OriginKind.OURS
    return allowed_lateness_s(stream, DEFAULT_LATENESS_S if ours else None)


def start_session(job: Job, lateness_s: int | None) -> SparkSession:
    """The session, with sfcrime's settings for it, all but the master, and those of its state."""
    work_dir = job.folder / "spark"
    work_dir.mkdir(parents=True, exist_ok=True)
    properties = {
        **spark_properties(job.settings, work_dir),
        **state_properties(job.state, lateness_s),
        "spark.app.name": "data_stream",
        "spark.log.level": "WARN",
    }
    del properties["spark.master"]
    spark = open_session(properties)
    say(f"Spark UI: {spark.sparkContext.uiWebUrl}/StreamingQuery/")
    if "SPARK_LOCAL_IP" not in os.environ:
        say("Others can reach it: SPARK_LOCAL_IP=127.0.0.1 keeps the Spark UI to this machine.")
    return spark


def topic_to_read(settings: Settings, found: FoundTopic) -> ReadPlan:
    """The topic from its first record on, in batches of a bounded size."""
    return ReadPlan(
        options=spark_options(found.topic.kafka),
        topic=found.topic.name,
        start_offsets=found.state.firsts,
        max_records_per_batch=settings.stream.max_records_per_batch,
        further_options=settings.stream.source_options,
    )


def with_meanings(spark: SparkSession, groups: DataFrame) -> DataFrame:
    """The groups, with what the city's table of 19 codes says of their dispositions."""
    codes = list(OFFICIAL_CODES.items())
    table = spark.createDataFrame(codes, "disposition string, meaning string")
    return groups.join(broadcast(table), "disposition", "left")


def say(text: str) -> None:
    """A line about the job itself; the counts go to standard output."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    given = parsed_arguments(str(__doc__).splitlines()[0])
    try:
        job = job_of(given)
        with stop_on_signals() as stop:
            run_job(job, stop)
    except SfcrimeError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
