"""Counts a topic on a JVM that is starting: waits for broker and topic while Spark comes up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event

import msgspec

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.broker import running_bootstrap_servers
from sfcrime.kafka.client import missing_topic
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.origin import OriginKind, topic_origin
from sfcrime.kafka.topic_watch import TopicWatch
from sfcrime.kafka.topics import describe_topic, require_lasting_offsets, topic_exists
from sfcrime.pipeline.stream_request import StreamRequest
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.gateway import DriverJvm
from sfcrime.streaming.generations import next_offsets, stored_generation
from sfcrime.streaming.job import StreamJob, has_reached, prepare_generation, run_query
from sfcrime.streaming.scratch import clear_old_checkpoints
from sfcrime.streaming.session import open_spark

BROKER_WAIT_S = 60.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class _Found:
    """What must be known before the query can be built."""

    job: StreamJob
    generation: Generation


def count_topic(request: StreamRequest, jvm: DriverJvm) -> dict[int, int]:
    """Runs the query on a starting JVM; see `stream_topic`.

    What store, topic and cluster refuse is said at once, and not once Spark is there.
    """
    settings, hooks = request.settings, request.hooks
    store_file = settings.data_dir / STORE_FILE
    with (
        open_writer(store_file, history_rows=settings.store.progress_rows) as store,
        ThreadPoolExecutor(1, "find-topic") as background,
    ):
        stored = stored_generation(settings, store)
        clear_old_checkpoints(settings.data_dir)
        if settings.kafka.bootstrap_servers:
            _refuse_early(settings.kafka, request.await_topic)
        if stored is not None:
            _require_topic_that_answers(settings, stored, store.partition_ends())
        finding = background.submit(_find, request, store)
        try:
            spark = open_spark(jvm)
            try:
                found = finding.result()
                if found is None:
                    return {}
                hooks.on_ready(spark.ui_url, found.generation)
                return dict(run_query(spark, found.job, found.generation, hooks.on_progress))
            finally:
                spark.stop()
        finally:
            request.stop.set()  # where Spark failed, the search for the topic must end too


def _refuse_early(kafka: KafkaSettings, await_topic: bool) -> None:
    """Whatever of an outside cluster would end the job anyway is said before Spark starts: its own
    client would take minutes to find out."""
    require_answer(kafka)
    if topic_exists(kafka):
        require_lasting_offsets(describe_topic(kafka))
        topic_origin(kafka)  # reads the first records, so it needs the right to
    elif not await_topic:
        raise missing_topic(kafka)


def _require_topic_that_answers(
    settings: Settings, stored: Generation, reached: Mapping[int, int]
) -> None:
    """Refuses the topic before Spark starts, where there is a broker to ask by now."""
    servers = settings.kafka.bootstrap_servers or running_bootstrap_servers(settings.data_dir)
    if servers:
        kafka = msgspec.structs.replace(settings.kafka, bootstrap_servers=servers)
        next_offsets(stored, reached, TopicWatch(kafka).state())


def _find(request: StreamRequest, store: StoreWriter) -> _Found | None:
    """Waits for the broker, and before a first count for the topic's first record; then settles
    what is counted. None where stopped."""
    await_topic = await_first_record if store.generation() is None else await_broker
    kafka = await_topic(request.settings, request.stop, request.hooks.on_step)
    if kafka is None:
        return None
    job = StreamJob(request.settings, kafka, store, request.stop)
    if request.until_caught_up:
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
