"""Runs the query as a part of its own: waits for broker and topic while Spark starts."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import AlreadyRunning, KafkaUnavailable
from sfcrime.jvm.locks import LockHeld, file_lock
from sfcrime.kafka.broker import running_bootstrap_servers
from sfcrime.kafka.client import missing_topic
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.origin import OriginKind, topic_origin
from sfcrime.kafka.topic_watch import TopicWatch
from sfcrime.kafka.topics import describe_topic, require_lasting_offsets, topic_exists
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.records import BatchProgress, Generation
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.generations import require_next_records, stored_generation
from sfcrime.streaming.job import StreamJob, has_reached, prepare_generation, run_query
from sfcrime.streaming.properties import require_free_options, spark_properties
from sfcrime.streaming.session import open_spark

BROKER_WAIT_S = 60.0
JOB_LOCK_FILE = "stream.lock"
"""In the data folder; held as long as a job runs on it."""
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class StreamHooks:
    """Whom the stream tells what it does."""

    on_step: Callable[[str], None]
    on_ready: Callable[[str, Generation], None]
    """The Spark UI's address and the generation, once the query is about to run."""
    on_progress: Callable[[BatchProgress], None]


@dataclass(frozen=True, slots=True)
class _Found:
    """What must be known before the query can be built."""

    job: StreamJob
    generation: Generation


def stream_topic(
    settings: Settings,
    stop: Event,
    hooks: StreamHooks,
    *,
    until_caught_up: bool,
    await_topic: bool = False,
) -> dict[int, int]:
    """Runs the query until `stop` is set, it is caught up, or it fails.

    Args:
        settings: of which topic, into which data folder.
        stop: ends it behind the batch in hand.
        hooks: told what is done.
        until_caught_up: ends it when every record is accounted for.
        await_topic: on an outside cluster, a topic that does not exist is waited for (the embedded
            broker's always is).

    Returns:
        By partition, the first offset that is not accounted for; empty where `stop` came first.

    Raises:
        AlreadyRunning: another job works on this data directory.
        SfcrimeError: see `streaming.job` for what is refused and what can fail.
    """
    require_settable(settings)
    data_dir = settings.data_dir
    store_file = data_dir / STORE_FILE
    with (
        job_lock(data_dir),
        open_writer(store_file, history_rows=settings.store.progress_rows) as store,
        ThreadPoolExecutor(1, "find-topic") as background,
    ):
        stored = stored_generation(settings, store)
        if settings.kafka.bootstrap_servers:
            _refuse_early(settings.kafka, await_topic)
        if stored is not None:
            _require_topic_that_answers(settings, stored, store.partition_ends())
        finding = background.submit(_find, settings, store, stop, hooks, until_caught_up)
        try:
            hooks.on_step("starting Spark")
            spark = start_spark(settings, fresh_work_dir(data_dir))
            try:
                found = finding.result()
                if found is None:
                    return {}
                hooks.on_ready(spark.ui_url, found.generation)
                return dict(run_query(spark, found.job, found.generation, hooks.on_progress))
            finally:
                spark.stop()
        finally:
            stop.set()  # where Spark failed, the search for the topic must end too


def require_settable(settings: Settings) -> None:
    """Refuses further Spark properties and source options that sfcrime decides itself.

    Raises:
        UsageError: names the property or option.
    """
    spark_properties(settings, settings.data_dir)
    require_free_options(settings.stream.source_options)


def _refuse_early(kafka: KafkaSettings, await_topic: bool) -> None:
    """Whatever of an outside cluster would end the job anyway is said before Spark starts: its own
    client would take minutes to find out."""
    require_answer(kafka)
    if topic_exists(kafka):
        require_lasting_offsets(describe_topic(kafka))
        topic_origin(kafka)  # reads the first records, so it needs the right to
    elif not await_topic:
        raise missing_topic(kafka)


@contextlib.contextmanager
def job_lock(data_dir: Path) -> Iterator[None]:
    """Two drivers on one checkpoint run a batch twice before one dies: so only one may try."""
    try:
        with file_lock(data_dir / JOB_LOCK_FILE, wait=False):
            yield
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another job runs on {data_dir}.",
            rule="One data directory has one job.",
            next_step="stop it, or use another --data-dir",
        ) from error


def fresh_work_dir(data_dir: Path) -> Path:
    """Spark's scratch folder; what a killed run left there is of no use."""
    work_dir = data_dir / "spark"
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True, exist_ok=True)  # a killed JVM may be writing there still
    return work_dir


def _require_topic_that_answers(
    settings: Settings, stored: Generation, reached: Mapping[int, int]
) -> None:
    """Refuses the topic before Spark starts, where there is a broker to ask by now."""
    servers = settings.kafka.bootstrap_servers or running_bootstrap_servers(settings.data_dir)
    if servers:
        kafka = msgspec.structs.replace(settings.kafka, bootstrap_servers=servers)
        require_next_records(stored, reached, TopicWatch(kafka).state())


def _find(
    settings: Settings,
    store: StoreWriter,
    stop: Event,
    hooks: StreamHooks,
    until_caught_up: bool,
) -> _Found | None:
    """Waits for the broker, and before a first count for the topic's first record; then settles
    what is counted. None where stopped."""
    await_topic = await_first_record if store.generation() is None else await_broker
    kafka = await_topic(settings, stop, hooks.on_step)
    if kafka is None:
        return None
    job = StreamJob(settings, kafka, store, stop)
    if until_caught_up:
        topic = TopicWatch(kafka)
        job = replace(job, is_done=lambda reached: has_reached(reached, topic.end_offsets()))
    return _Found(job, prepare_generation(job))


def await_first_record(
    settings: Settings, stop: Event, on_step: Callable[[str], None]
) -> KafkaSettings | None:
    """Kafka, once the topic holds a record: only that shows whose topic it is.

    Returns:
        None where `stop` was set first.

    Raises:
        KafkaUnavailable: an outside broker does not answer, or no embedded one started.
    """
    kafka = await_broker(settings, stop, on_step)
    waiting = False
    while kafka is not None and not stop.is_set():
        if topic_exists(kafka) and topic_origin(kafka).kind is not OriginKind.EMPTY:
            return kafka
        if not waiting:
            on_step(f"waiting for the first record of {kafka.topic}")
            waiting = True
        stop.wait(_POLL_S)
    return None


def await_broker(
    settings: Settings, stop: Event, on_step: Callable[[str], None]
) -> KafkaSettings | None:
    """Kafka, once the embedded broker runs; an outside one is not waited for.

    Returns:
        None where `stop` was set first.

    Raises:
        KafkaUnavailable: no embedded broker started.
    """
    if settings.kafka.bootstrap_servers:
        return settings.kafka
    on_step("waiting for the broker")
    deadline = time.monotonic() + BROKER_WAIT_S
    while not stop.is_set():
        servers = running_bootstrap_servers(settings.data_dir)
        if servers is not None:
            return msgspec.structs.replace(settings.kafka, bootstrap_servers=servers)
        if time.monotonic() > deadline:
            raise KafkaUnavailable(
                f"No embedded broker of {settings.data_dir} started within {BROKER_WAIT_S:.0f} s.",
                next_step="sfcrime broker (in another terminal), or --bootstrap-servers host:port",
            )
        stop.wait(_POLL_S)
    return None
