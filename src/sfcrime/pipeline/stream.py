"""Runs the query as a part of its own: starts the JVM, and the rest while that starts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sfcrime.machine.freed_memory import share_one_heap
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.settings import Settings
from sfcrime.spark.driver import DriverJvm, fresh_work_dir, start_driver_jvm
from sfcrime.spark.properties import require_settable
from sfcrime.store.address import store_address
from sfcrime.store.records import BatchProgress, Generation

if TYPE_CHECKING:
    from sfcrime.pipeline.topic_wait import FoundTopic
    from sfcrime.store.writer import StoreWriter

JOB_LOCK_FILE = "stream.lock"
"""In the data folder; held as long as a job runs on it."""
_BEAT_ASKED_S = 1.0


@dataclass(frozen=True, slots=True)
class StreamHooks:
    """Whom the stream tells what it does."""

    on_step: Callable[[str], None]
    on_ready: Callable[[str, Generation], None]
    """The Spark UI's address and the generation, once the query is about to run."""
    on_progress: Callable[[BatchProgress], None]


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A run of the query."""

    settings: Settings
    """Of which topic, into which data folder."""
    stop: Event
    """Set: the run ends after the batch in hand."""
    hooks: StreamHooks
    until_caught_up: bool = False
    """Ends when every record is accounted for."""
    await_topic: bool = False
    """On an outside cluster, a topic that does not exist is waited for (the embedded broker's
    always is)."""


def stream_topic(request: StreamRequest) -> dict[int, int]:
    """Runs the query until it is stopped or caught up, or fails.

    Returns:
        By partition, the first offset that is not accounted for; empty where a stop came first.

    Raises:
        AlreadyRunning: another job works on this data folder.
        SfcrimeError: see `streaming.job` for what is refused and what can fail.
    """
    settings = request.settings
    require_settable(settings)
    share_one_heap()  # it may run for a year
    with job_lock(settings.data_dir):
        request.hooks.on_step("starting Spark")
        jvm = start_driver_jvm(settings, fresh_work_dir(settings.data_dir))
        try:
            return _count(request, jvm)
        finally:
            jvm.stop()


def _count(request: StreamRequest, jvm: DriverJvm) -> dict[int, int]:
    """Looks for broker and topic while Spark comes up, and runs the query on it.

    What store, topic or cluster refuse is raised at once, before Spark is there.
    """
    # PySpark, Arrow and SQLAlchemy take as long to import as the JVM takes to start.
    from sfcrime.kafka.asking import BROKER_WAIT_S
    from sfcrime.kafka.topic import Topic
    from sfcrime.pipeline.topic_wait import TopicWait
    from sfcrime.spark.session import open_spark
    from sfcrime.store.writer import open_writer
    from sfcrime.streaming.generation_choice import begin_generation, stored_generation
    from sfcrime.streaming.job import run_query
    from sfcrime.streaming.query_run import StreamJob

    settings, stop, hooks = request.settings, request.stop, request.hooks
    with (
        open_writer(
            store_address(settings),
            history_rows=settings.store.progress_rows,
            rejected_rows=settings.store.rejected_rows,
            late_rows=settings.store.late_rows,
        ) as store,
        ThreadPoolExecutor(1, "find-topic") as background,
    ):
        stored = stored_generation(settings, store)
        wait = TopicWait(settings, store, may_appear=request.await_topic, stop=stop)
        found, finding = wait.look(), None
        if found is None:
            finding = background.submit(wait.until_found, stop, hooks.on_step)
        try:
            spark = open_spark(jvm)
            try:
                found = _awaited(finding, store) if finding else found
                if found is None:
                    return {}
                generation = stored or begin_generation(settings, store, found.state, found.origin)
                hooks.on_ready(spark.ui_url, generation)
                topic = Topic(found.topic.kafka, BROKER_WAIT_S, stop)
                job = StreamJob(
                    settings, topic, store, stop, until_caught_up=request.until_caught_up
                )
                return dict(run_query(spark, job, generation, found.state, hooks.on_progress))
            finally:
                spark.stop()
        finally:
            stop.set()  # where Spark failed, the search for the topic must end too


def _awaited(finding: Future[FoundTopic | None], store: StoreWriter) -> FoundTopic | None:
    """What the search for the topic comes to; the store is told that the job is alive."""
    while wait([finding], timeout=_BEAT_ASKED_S).not_done:
        store.beat()
    return finding.result()


def job_lock(data_dir: Path) -> AbstractContextManager[None]:
    """Two jobs would refuse each other's batches: so only one may try.

    Raises:
        UsageError: the data folder is not ours; see `take_folder`.
        AlreadyRunning: another job runs.
    """
    return take_alone(data_dir, DATA_FOLDER, "job", JOB_LOCK_FILE)
