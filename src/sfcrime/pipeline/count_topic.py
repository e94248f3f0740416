"""Counts a topic on a JVM that is starting: looks for broker and topic while Spark comes up."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from sfcrime.domain.topic_state import is_caught_up
from sfcrime.pipeline.stream_request import StreamRequest
from sfcrime.pipeline.topic_wait import FoundTopic, TopicWait
from sfcrime.spark.gateway import DriverJvm
from sfcrime.spark.session import RunningSpark, open_spark
from sfcrime.store import STORE_FILE
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.generation_choice import stored_generation
from sfcrime.streaming.job import StreamJob, prepare_generation, run_query
from sfcrime.streaming.known_tail import require_known_tail
from sfcrime.streaming.scratch import clear_old_checkpoints


def count_topic(request: StreamRequest, jvm: DriverJvm) -> dict[int, int]:
    """Runs the query on a starting JVM; see `stream_topic`.

    What store, topic or cluster refuse is raised at once, before Spark is there.
    """
    settings = request.settings
    store_file = settings.data_dir / STORE_FILE
    with (
        open_writer(store_file, history_rows=settings.store.progress_rows) as store,
        ThreadPoolExecutor(1, "find-topic") as background,
    ):
        stored = stored_generation(settings, store)
        clear_old_checkpoints(settings.data_dir)
        reached = store.partition_ends()
        wait = TopicWait(settings, stored, reached, may_appear=request.await_topic)
        early = _known(wait.look(), stored, store)
        finding = background.submit(
            lambda: (
                early
                or _known(wait.until_found(request.stop, request.hooks.on_step), stored, store)
            )
        )
        try:
            spark = open_spark(jvm)
            try:
                found = finding.result()
                return {} if found is None else _count(spark, request, store, found)
            finally:
                spark.stop()
        finally:
            request.stop.set()  # where Spark failed, the search for the topic must end too


def _known(
    found: FoundTopic | None, stored: Generation | None, store: StoreWriter
) -> FoundTopic | None:
    """The topic that was found, if it holds what was counted of it; see `require_known_tail`."""
    if found is not None and stored is not None:
        require_known_tail(found.topic.kafka, found.seen.state.firsts, stored, store)
    return found


def _count(
    spark: RunningSpark, request: StreamRequest, store: StoreWriter, found: FoundTopic
) -> dict[int, int]:
    topic, seen = found.topic, found.seen

    def is_done(reached: Mapping[int, int]) -> bool:
        return is_caught_up(reached, topic.end_offsets())

    until = is_done if request.until_caught_up else None
    job = StreamJob(request.settings, topic, store, request.stop, until)
    generation = prepare_generation(job, seen)
    request.hooks.on_ready(spark.ui_url, generation)
    return dict(run_query(spark, job, generation, seen.state, request.hooks.on_progress))
