"""The same job in Flink SQL: from the topic into PostgreSQL, in one JVM.

    PGHOST=... python benchmarks/peers/flink_sql.py BOOTSTRAP_SERVERS TOPIC WORK_DIR

The statements are in flink_sql.sql. They run as in the "local" target of Flink's own SQL client:
job manager and task manager in one JVM, the least that Flink can be on one machine. Py4J, which
PySpark brings, hands them over. PostgreSQL is found by its usual variables (PGHOST, PGPORT,
PGDATABASE, PGUSER, PGPASSWORD), and gets a table `cell`.

What it does without: reasons for bad records (one that is no JSON ends it), lateness, the proof of
its sums, and an end to its memory (every identity is kept).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any

import click
import msgspec
import orjson
from confluent_kafka import Consumer, TopicPartition
from flink_jars import flink_jars
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

from sfcrime.jvm.java import find_java, pyspark_jars_folder
from sfcrime.machine.ports import LOOPBACK, free_port
from sfcrime.settings_loading import load_settings
from sfcrime.store.records import BatchProgress

HEAP = "4g"
"""State on the heap: 4 million identities and 2.5 million cells."""
_STATEMENTS = Path(__file__).with_suffix(".sql")
_TABLE = """
CREATE TABLE cell (call_hour TEXT, call_type TEXT, disposition TEXT, calls BIGINT NOT NULL,
                   PRIMARY KEY (call_hour, call_type, disposition))
"""
_PACKAGES = ("lang", "net", "io", "nio", "text", "time", "util", "util.concurrent")
_MODULE_OPTIONS = (
    *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _PACKAGES),
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)
"""What the configuration of Flink's distribution opens, and what Java 25 would warn of."""
_LOOK_EVERY_S = 1.0
"""How often Flink is asked how far it is."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a user would turn for throughput, or for latency."""

    flush_rows: int
    flush_interval: str
    """"0": by the number of rows alone."""
    mini_batch: str
    """How long changes of one key are gathered; empty: not at all."""
    buffer_timeout: str
    """How long a record may wait for others on its way between two tasks."""
    read_until: str
    """Where the job ends; "unbounded": nowhere."""


THROUGHPUT = Tuning(
    20_000, "1 s", mini_batch="1 s", buffer_timeout="100 ms", read_until="latest-offset"
)
LATENCY = Tuning(1, "0", mini_batch="", buffer_timeout="1 ms", read_until="unbounded")
"""Every change is written by itself, at once."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How many records had been read at a moment."""

    at_s: float
    """Seconds since 1970."""
    records: int


def statements(names: Mapping[str, object]) -> list[str]:
    """The statements of flink_sql.sql, names filled in.

    Raises:
        KeyError: a name that stands there is not among `names`.
    """
    text = Template(_STATEMENTS.read_text(encoding="utf-8")).substitute(names)
    return [each.strip() for each in text.split(";\n") if each.strip()]


def configuration(tuning: Tuning, work_dir: Path, rest_port: int) -> dict[str, str]:
    """Flink's own settings."""
    settings = {
        "execution.target": "local",
        "parallelism.default": "2",
        "state.backend.type": "hashmap",
        "execution.checkpointing.interval": "10 s",
        "execution.checkpointing.dir": (work_dir / "checkpoints").resolve().as_uri(),
        # Else a bounded job ends with the next periodic checkpoint, up to an interval too late.
        "execution.checkpointing.checkpoints-after-tasks-finish": "false",
        "execution.buffer-timeout.interval": tuning.buffer_timeout,
        "pipeline.object-reuse": "true",
        "restart-strategy.type": "none",  # a failure ends the run, and is seen
        # Loopback alone: whoever reaches a Flink can run code in it.
        "rest.bind-address": LOOPBACK,
        "rest.bind-port": str(rest_port),
        "jobmanager.bind-host": LOOPBACK,
        "taskmanager.bind-host": LOOPBACK,
        "web.refresh-interval": "500",
        "metrics.fetcher.update-interval": "500",
    }
    if tuning.mini_batch:
        settings |= {
            "table.exec.mini-batch.enabled": "true",
            "table.exec.mini-batch.allow-latency": tuning.mini_batch,
            "table.exec.mini-batch.size": "50000",
        }
    return settings


def progress_between(marks: Sequence[Mark]) -> list[BatchProgress]:
    """One report for each stretch in which records were read; together they cover all the time.

    Args:
        marks: at least two, in order of time; the last is the end, with everything in the sink.
    """
    stops = [marks[0]]
    for mark in marks[1:-1]:
        if stops[-1].records < mark.records < marks[-1].records:
            stops.append(mark)
    stops.append(marks[-1])
    return [
        BatchProgress(
            batch_id=number,
            started_ms=int(before.at_s * 1000),
            duration_ms=max(1, int((after.at_s - before.at_s) * 1000)),
            input_rows=after.records - before.records,
            input_rows_per_s=0.0,
            processed_rows_per_s=(after.records - before.records) / (after.at_s - before.at_s),
        )
        for number, (before, after) in enumerate(pairwise(stops))
    ]


@contextmanager
def _java(jars: Sequence[Path], heap: str) -> Iterator[JavaGateway]:
    """A JVM with Flink in it, for the time of the block."""
    jvm = load_settings().jvm
    py4j = next(pyspark_jars_folder().glob("py4j-*.jar"))
    port, token = launch_gateway(
        jarpath=str(py4j),
        classpath=os.pathsep.join(map(str, jars)),
        javaopts=[
            f"-Xmx{heap}",
            *_MODULE_OPTIONS,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        ],
        die_on_exit=True,
        java_path=str(find_java(jvm)),
        enable_auth=True,
        redirect_stderr=sys.stderr,
    )
    gateway = JavaGateway(
        gateway_parameters=GatewayParameters(port=port, auth_token=token, auto_convert=True)
    )
    try:
        yield gateway
    finally:
        gateway.shutdown()


def _submit(java: JavaGateway, settings: dict[str, str], texts: Sequence[str]) -> Any:
    """Runs the statements; what Flink knows the last one, the job, by."""
    flink = java.jvm.org.apache.flink
    environment = flink.table.api.TableEnvironment.create(
        flink.table.api.EnvironmentSettings.newInstance()
        .inStreamingMode()
        .withConfiguration(flink.configuration.Configuration.fromMap(settings))
        .build()
    )
    results = [environment.executeSql(text) for text in texts]
    return results[-1].getJobClient().get()


def _watch(job: Any, rest_port: int, records: int) -> list[Mark]:
    """Waits for the job's end.

    Raises:
        Py4JJavaError: it failed.
    """
    ended = job.getJobExecutionResult()
    while job.getJobStatus().get().toString() not in ("RUNNING", "FINISHED", "FAILED"):
        time.sleep(0.01)
    marks = [Mark(time.time(), 0)]
    looked = time.monotonic()
    while not ended.isDone():
        if time.monotonic() - looked >= _LOOK_EVERY_S:
            looked = time.monotonic()
            marks += _mark(rest_port, job.getJobID().toString())
        time.sleep(0.02)
    ended.get()
    return [*marks, Mark(time.time(), records)]


def _mark(rest_port: int, job_id: str) -> list[Mark]:
    """How much the source has given on; nothing where the job is ending."""
    connection = HTTPConnection(LOOPBACK, rest_port, timeout=5)
    try:
        connection.request("GET", f"/jobs/{job_id}")
        vertices = orjson.loads(connection.getresponse().read())["vertices"]
    except (OSError, KeyError):
        return []
    finally:
        connection.close()
    return [Mark(time.time(), vertices[0]["metrics"]["write-records"])]


def _records_in(servers: str, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "flink-sql"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = [
        consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        for number in partitions
    ]
    consumer.close()
    return sum(end - start for start, end in ends)


def _names(servers: str, topic: str, tuning: Tuning) -> dict[str, object]:
    place = "{PGHOST}:{PGPORT}/{PGDATABASE}".format_map(os.environ)
    return {
        "topic": topic,
        "bootstrap_servers": servers,
        # Without the option every row of a batch would be a statement of its own.
        "jdbc_url": f"jdbc:postgresql://{place}?reWriteBatchedInserts=true",
        "user": os.environ["PGUSER"],
        "password": os.environ["PGPASSWORD"],
        "flush_rows": tuning.flush_rows,
        "flush_interval": tuning.flush_interval,
        "read_until": tuning.read_until,
    }


@click.command()
@click.argument("servers")
@click.argument("topic")
@click.argument("work_dir", type=click.Path(path_type=Path))
@click.option("--flush-rows", default=THROUGHPUT.flush_rows, show_default=True)
@click.option("--mini-batch", default=THROUGHPUT.mini_batch, show_default=True, help="Empty: none.")
@click.option("--heap", default=HEAP, show_default=True)
@click.option("--for-latency", is_flag=True, help="Tuned so, and without an end.")
def main(  # noqa: PLR0913 - one parameter a flag
    servers: str,
    topic: str,
    work_dir: Path,
    flush_rows: int,
    mini_batch: str,
    heap: str,
    for_latency: bool,
) -> None:
    """Count TOPIC into PostgreSQL, once; prints how fast, as the job does."""
    import psycopg  # only `make peers` brings it

    chosen = replace(THROUGHPUT, flush_rows=flush_rows, mini_batch=mini_batch)
    tuning = LATENCY if for_latency else chosen
    records = _records_in(servers, topic)
    with psycopg.connect() as database:
        database.execute(_TABLE)
    rest_port = free_port()
    texts = statements(_names(servers, topic, tuning))
    with _java(flink_jars(), heap) as java:
        job = _submit(java, configuration(tuning, work_dir, rest_port), texts)
        marks = _watch(job, rest_port, records)
    for progress in progress_between(marks):
        click.echo(msgspec.json.encode(progress).decode())


if __name__ == "__main__":
    main()
