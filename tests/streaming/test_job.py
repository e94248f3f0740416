"""How a running query is waited for and ended, with every way that reading and storing can meet.

The query here is a thread that calls the reader as Spark does, batch after batch; the store is a
real one, behind a topic that can hold an answer back or fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from batch_samples import call, read_batch
from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException

from hostile_records import GOOD, with_id
from running import wait_until
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import (
    ChildFailed,
    ExecutorRefused,
    KafkaUnavailable,
    Refused,
    SfcrimeError,
    StoreUnavailable,
)
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.kafka.topic import TopicHead
from sfcrime.machine.clock import now_ms
from sfcrime.settings import KafkaSettings, Settings, StoreSettings
from sfcrime.spark.executors import Needs
from sfcrime.spark.session import RunningSpark
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import BatchProgress, WriterState
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming import batches, query_end, without_spark
from sfcrime.streaming import job as job_module
from sfcrime.streaming import other_client as other_client_module
from sfcrime.streaming.batches import BatchReader
from sfcrime.streaming.job import run_query
from sfcrime.streaming.judge_digest import JUDGE_DIGEST
from sfcrime.streaming.query_end import await_end
from sfcrime.streaming.query_run import QueryRun, StreamJob
from sfcrime.streaming.read_batch import ReadBatch, Scan
from store_samples import GENERATION

_WAIT_S = 20.0


@dataclass
class Query:
    """A query that runs until it is stopped, or has been waited for so often."""

    most_waits: int = 100
    in_batch: bool = False
    asked: int = 0
    stops: list[int] = field(default_factory=list)

    def awaitTermination(self, _: float) -> bool:
        self.most_waits -= 1
        return bool(self.stops) or self.most_waits < 0

    @property
    def status(self) -> dict[str, bool]:
        self.asked += 1
        return {"isTriggerActive": self.in_batch}

    def stop(self) -> None:
        self.stops.append(self.most_waits)


def test_an_idle_query_is_asked_for_nothing_until_something_may_end_it() -> None:
    query = Query()
    may_end = iter([False] * 50 + [True])

    await_end(query, lambda: True, lambda: None, may_end=lambda: next(may_end))  # type: ignore[arg-type]

    assert (query.asked, query.stops) == (1, [49])


def test_a_query_is_not_stopped_within_a_batch() -> None:
    query = Query(most_waits=5, in_batch=True)

    await_end(query, lambda: True, lambda: None)  # type: ignore[arg-type]

    assert (query.asked, query.stops) == (5, [])


def test_a_batch_that_cannot_end_is_given_up() -> None:
    query = Query(in_batch=True)

    await_end(query, lambda: False, lambda: None, lambda: query.asked == 3)  # type: ignore[arg-type]

    assert (query.asked, query.stops, query.most_waits) == (3, [], 97)


class HeldTopic:
    """A topic that is asked before each commit, and answers when it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = threading.Event()
        self.fails_with: SfcrimeError | None = None
        self.ends = {0: 100, 1: 100}
        self.kafka = KafkaSettings(topic=GENERATION.topic)
        self.stop = threading.Event()
        self.epochs: dict[int, int] = {}
        self.bounds_s: list[float] = []

    def within(self, seconds: float) -> HeldTopic:
        self.bounds_s.append(seconds)
        return self

    def ask_head(self, partitions: Collection[int]) -> Callable[[], TopicHead]:
        def answer() -> TopicHead:
            self.asked.set()
            assert self.may_answer.wait(_WAIT_S)
            if self.fails_with is not None:
                raise self.fails_with
            return TopicHead(GENERATION.topic_id, dict.fromkeys(partitions, 0), self.epochs)

        return answer

    def require_lasting_offsets(self) -> None:
        return

    def end_offsets(self) -> dict[int, int]:
        return self.ends

    def state(self, _: object = None) -> TopicState:
        firsts = dict.fromkeys(self.ends, 0)
        return TopicState(GENERATION.topic_id, firsts, self.ends, epochs=self.epochs)


class Frame:
    """A batch as Spark hands it over."""

    def __init__(self, batch: ReadBatch) -> None:
        self.batch = batch

    def collect(self) -> list[Any]:
        return [(*each.tally, bytearray(each.records)) for each in self.batch.packets]


class RunningQuery:
    """Calls the reader for one batch after another, in a thread, as long as batches are let go."""

    def __init__(self, reader: BatchReader, frames: list[Frame]) -> None:
        self._reader = reader
        self._frames = frames
        self._let_go = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self.failure: BaseException | None = None
        self.taken = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._jsq = self  # what PySpark's query wraps

    def let_go(self, batches: int = 1) -> None:
        self._idle.clear()
        self._let_go.release(batches)

    def _run(self) -> None:
        try:
            for number, frame in enumerate(self._frames):
                while not self._let_go.acquire(timeout=0.01):
                    self._idle.set()
                    if self._stopped.is_set():
                        return
                self._idle.clear()
                self._reader(cast("Any", frame), number)
                self.taken += 1
            self._idle.set()
            self._stopped.wait(_WAIT_S)
        except BaseException as failure:
            self.failure = failure

    def awaitTermination(self, seconds: float) -> bool:
        self._thread.join(min(seconds, 0.02))
        if self._thread.is_alive():
            return False
        if isinstance(self.failure, Py4JError):  # the JVM is gone
            raise self.failure
        if self.failure is not None:
            raise StreamingQueryException(str(self.failure))
        return True

    @property
    def status(self) -> dict[str, bool]:
        return {"isTriggerActive": not self._idle.is_set()}

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(_WAIT_S)

    def lastProgress(self) -> None:
        return None


class Jvm:
    """A JVM that runs on."""

    log_path, output_path = Path("driver.log"), Path("driver.out")
    exit_code = None

    def is_running(self) -> bool:
        return True

    def ends_within(self, seconds: float) -> bool:
        return False


class Session:
    """A session whose own UI answers."""

    _jsc = None

    def __init__(self) -> None:
        self.sparkContext = self
        self.uiWebUrl = "http://localhost:3000"


FRAMES = [Frame(read_batch([call(0, at, at)], {0: (at, at + 1), 1: (10, 10)})) for at in range(4)]
"""Batches of one call each, of partition 0."""


class Scene:
    """A job under way, in a thread of its own."""

    def __init__(self, store: StoreWriter, data_dir: Path, patched: pytest.MonkeyPatch) -> None:
        self.store, self.topic, self.stop = store, HeldTopic(), threading.Event()
        self.frames = list(FRAMES)
        self.queries: list[RunningQuery] = []
        self.broker_answers = True
        self.progress: list[BatchProgress] = []
        settings = Settings(store=StoreSettings(data_dir=str(data_dir)))
        self.topic.stop = self.stop
        self.job = StreamJob(settings, cast("Any", self.topic), store, self.stop)
        patched.setattr(query_end, "answers", lambda kafka, seconds: self.broker_answers)
        patched.setattr(QueryRun, "_start", lambda run, reader: self._start(reader))
        patched.setattr(batches, "scan_of_batch", self._scan)
        self.ended: list[object] = []
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def _start(self, reader: BatchReader) -> RunningQuery:
        self.queries.append(RunningQuery(reader, self.frames))
        return self.queries[-1]

    def _scan(self, session: object, batch_id: int) -> Scan:
        return self.frames[batch_id].batch.scan

    def _follow(self) -> None:
        try:
            spark = RunningSpark(cast("Any", Session()), cast("Any", Jvm()))
            self.ended.append(
                run_query(spark, self.job, GENERATION, self.topic.state(), self.progress.append)
            )
        except BaseException as failure:
            self.ended.append(failure)

    @property
    def query(self) -> RunningQuery:
        return self.queries[-1]

    def start(self) -> None:
        self._thread.start()

    def begin(self) -> None:
        self.start()
        wait_until(lambda: bool(self.queries), "the query to start", _WAIT_S)

    def writer(self) -> WriterState:
        with open_reader(self.job.settings.data_dir / STORE_FILE) as reader:
            return reader.writer_state()

    def end(self) -> object:
        """What the job returned or raised."""
        self._thread.join(_WAIT_S)
        assert not self._thread.is_alive(), "the job does not end"
        return self.ended[0]

    def read(self) -> int:
        totals = self.store.totals()
        assert totals is not None
        return totals.accounting.read


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with open_writer(tmp_path / "sfcrime.db", history_rows=10) as store:
        store.create_generation(GENERATION)
        found = Scene(store, tmp_path, monkeypatch)
        yield found
        found.topic.may_answer.set()
        found.stop.set()


def test_one_batch_is_read_while_one_is_stored_and_never_more(scene: Scene) -> None:
    scene.topic.may_answer.clear()
    scene.begin()
    scene.query.let_go(4)
    assert scene.topic.asked.wait(_WAIT_S)
    # The second is read, and waits for the first; the third is not begun.
    wait_until(lambda: scene.query._reader.last_batch_id == 1, "the second to be read", _WAIT_S)
    assert (scene.query.taken, scene.read()) == (1, 0)
    scene.topic.may_answer.set()
    wait_until(lambda: scene.read() == 4, "all to be stored", _WAIT_S)
    scene.stop.set()
    assert scene.end() == {0: 4, 1: 10}


def _on_a_cluster(scene: Scene) -> None:
    stream = msgspec.structs.replace(scene.job.settings.stream, master="spark://node-1:7077")
    settings = msgspec.structs.replace(scene.job.settings, stream=stream)
    scene.job = replace(scene.job, settings=settings)


def test_no_query_begins_on_an_executor_that_could_not_count(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise ExecutorRefused("on node-2", "its judging code is another")

    _on_a_cluster(scene)
    monkeypatch.setattr(job_module, "executors_are_ready", refuse)
    scene.start()
    assert isinstance(scene.end(), ExecutorRefused)
    assert scene.queries == []


def test_a_stop_while_executors_are_waited_for_ends_the_job_which_said_that_it_lives(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_: object, __: object, needs: Needs, goes_on: Callable[[], bool]) -> bool:
        assert needs.judge == JUDGE_DIGEST
        assert goes_on()
        _set_clock(monkeypatch, lambda: now_ms() + 60_000)
        scene.stop.set()
        return goes_on()

    _on_a_cluster(scene)
    began_ms = now_ms()
    monkeypatch.setattr(job_module, "executors_are_ready", wait)
    scene.start()
    assert scene.end() == {0: 0, 1: 10}
    assert scene.queries == []
    assert scene.writer().seen_ms >= began_ms + 60_000


def _set_clock(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], int]) -> None:
    """Of the store's writer, in milliseconds since 1970 UTC."""
    for module in ("writer", "writer_row"):
        monkeypatch.setattr(f"sfcrime.store.{module}.now_ms", clock)


def test_an_idle_job_says_that_it_is_alive(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.begin()
    seen_ms = scene.writer().seen_ms
    _set_clock(monkeypatch, lambda: now_ms() + 60_000)
    wait_until(lambda: scene.writer().seen_ms >= seen_ms + 60_000, "a beat", _WAIT_S)
    scene.stop.set()
    scene.end()


def test_a_job_says_what_it_runs_with(scene: Scene) -> None:
    scene.begin()
    facts = scene.writer().facts
    assert facts.spark_ui == "http://localhost:3000"
    assert facts.settings["store.data_dir"] == scene.job.settings.store.data_dir
    scene.stop.set()
    scene.end()


def test_an_idle_job_ends_when_another_took_its_store(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.begin()
    with open_writer(tmp_path / "sfcrime.db", history_rows=10):
        _set_clock(monkeypatch, lambda: now_ms() + 60_000)
        assert isinstance(scene.end(), Refused)


def test_a_stop_commits_what_was_handed_over(scene: Scene) -> None:
    scene.topic.may_answer.clear()
    scene.begin()
    scene.query.let_go(1)
    assert scene.topic.asked.wait(_WAIT_S)
    scene.stop.set()
    wait_until(lambda: not scene.query._thread.is_alive(), "the query to be stopped", _WAIT_S)
    assert (scene.ended, scene.read()) == ([], 0)
    scene.topic.may_answer.set()
    assert scene.end() == {0: 1, 1: 10}
    assert scene.read() == 1


def test_a_stop_lets_no_further_batch_begin(scene: Scene) -> None:
    scene.begin()
    scene.stop.set()
    scene.query.let_go(4)
    assert scene.end() == scene.store.partition_ends()
    assert scene.query._reader.last_batch_id < 1


def test_a_failed_commit_ends_the_query_where_the_next_batch_comes(scene: Scene) -> None:
    scene.topic.may_answer.clear()
    scene.topic.fails_with = StoreUnavailable("the disk is full")
    scene.begin()
    scene.query.let_go(4)
    assert scene.topic.asked.wait(_WAIT_S)
    wait_until(lambda: scene.query._reader.last_batch_id == 1, "the next batch", _WAIT_S)
    scene.topic.may_answer.set()
    failure = scene.end()
    assert isinstance(failure, StoreUnavailable), failure
    assert (scene.read(), scene.query._reader.last_batch_id) == (0, 1)


def test_a_failed_commit_ends_the_query_on_an_idle_topic(scene: Scene) -> None:
    scene.topic.fails_with = StoreUnavailable("the disk is full")
    scene.begin()
    scene.query.let_go(1)
    failure = scene.end()
    assert isinstance(failure, StoreUnavailable), failure
    assert scene.read() == 0


def test_a_failed_commit_is_raised_by_a_stop(scene: Scene) -> None:
    scene.topic.may_answer.clear()
    scene.topic.fails_with = StoreUnavailable("the disk is full")
    scene.begin()
    scene.query.let_go(1)
    assert scene.topic.asked.wait(_WAIT_S)
    scene.stop.set()
    wait_until(lambda: not scene.query._thread.is_alive(), "the query to be stopped", _WAIT_S)
    scene.topic.may_answer.set()
    assert isinstance(scene.end(), StoreUnavailable)


def test_a_lost_broker_ends_the_query_and_what_was_read_is_discarded(scene: Scene) -> None:
    scene.topic.fails_with = KafkaUnavailable("no broker")
    scene.begin()
    scene.query.let_go(4)
    failure = scene.end()
    assert isinstance(failure, KafkaUnavailable), failure
    assert (scene.read(), scene.store.last_batch_id()) == (0, None)


def test_a_stop_without_a_broker_discards_what_was_handed_over(scene: Scene) -> None:
    scene.topic.may_answer.clear()
    scene.topic.fails_with = KafkaUnavailable("no broker")
    scene.broker_answers = False
    scene.begin()
    scene.query.let_go(2)
    assert scene.topic.asked.wait(_WAIT_S)
    scene.stop.set()
    scene.topic.may_answer.set()
    assert scene.end() == {0: 0, 1: 10}
    assert scene.read() == 0


def _silence(begun: threading.Event) -> Callable[..., Iterator[list[TopicRecord]]]:
    """A client that reads and is given nothing."""

    def read(*_: object) -> Iterator[list[TopicRecord]]:
        for _turn in range(int(_WAIT_S / 0.01)):
            begun.set()
            yield []
            time.sleep(0.01)

    return read


def test_a_stop_is_heard_while_a_batch_is_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(other_client_module, "read_range_and_pauses", _silence(begun))
    scene.begin()
    query = scene.query
    scene.topic.epochs = {0: 1}
    query.let_go(1)
    assert begun.wait(_WAIT_S)
    scene.stop.set()
    assert scene.end() == {0: 0, 1: 10}
    assert scene.read() == 0


def test_a_stop_is_heard_while_a_batch_is_read_without_spark(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(other_client_module, "read_range_and_pauses", _silence(begun))
    scene.frames = [UnreadableAtFirst(read_batch([], {0: (0, 1), 1: (10, 10)}))]
    scene.begin()
    scene.query.let_go(1)
    assert begun.wait(_WAIT_S)
    scene.stop.set()
    assert scene.end() == {0: 0, 1: 10}


def _is_stopped_without_broker(scene: Scene, *_: object) -> TopicState:
    scene.stop.set()
    raise KafkaUnavailable("no broker")


def test_a_stop_while_the_reason_of_an_end_is_asked_for_ends_the_job(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.frames = [UnreadableAtFirst(read_batch([], {0: (0, 1), 1: (10, 10)}))]
    scene.begin()
    monkeypatch.setattr(scene.topic, "state", partial(_is_stopped_without_broker, scene))
    scene.query.let_go(1)
    assert scene.end() == {0: 0, 1: 10}


def test_a_query_that_dies_leaves_what_was_handed_over_committed(scene: Scene) -> None:
    scene.frames[1] = cast("Frame", object())  # it has nothing that could be collected
    scene.topic.may_answer.clear()
    scene.begin()
    scene.query.let_go(2)
    assert scene.topic.asked.wait(_WAIT_S)
    wait_until(lambda: scene.query.failure is not None, "the query to die", _WAIT_S)
    assert scene.ended == []
    scene.topic.may_answer.set()
    failure = scene.end()
    assert isinstance(failure, ChildFailed), failure
    assert scene.read() == 1
    assert scene.topic.bounds_s == [10.0], "how long the topic is asked for the reason"


def test_a_batch_of_empty_ranges_writes_nothing(scene: Scene) -> None:
    scene.frames.insert(0, Frame(read_batch([], {0: (0, 0), 1: (10, 10)})))
    scene.begin()
    scene.query.let_go(2)
    wait_until(lambda: scene.read() == 1, "the second to be stored", _WAIT_S)
    assert scene.store.last_batch_id() == 0
    scene.stop.set()
    scene.end()


def test_a_batch_of_markers_alone_is_stored(scene: Scene) -> None:
    scene.frames.insert(0, Frame(read_batch([], {0: (0, 2), 1: (10, 10)})))
    scene.begin()
    scene.query.let_go(1)
    wait_until(lambda: scene.store.last_batch_id() == 0, "it to be stored", _WAIT_S)
    assert scene.store.partition_ends() == {0: 2, 1: 10}
    scene.stop.set()
    scene.end()


def test_a_partition_that_is_added_at_the_start_retries_it(scene: Scene) -> None:
    """Spark takes start offsets only of just the partitions that the topic has."""
    started = scene._start

    def refused(reader: BatchReader) -> RunningQuery:
        query = started(reader)
        if len(scene.queries) == 1:
            scene.topic.ends = {0: 100, 1: 100, 2: 5}
            query.failure = AssertionError("you must specify all TopicPartitions")
            query._stopped.set()
        return query

    scene._start = refused  # type: ignore[method-assign]
    scene.begin()
    wait_until(lambda: len(scene.queries) == 2, "the second start", _WAIT_S)
    scene.query.let_go(1)
    wait_until(lambda: scene.read() == 1, "a batch of it", _WAIT_S)
    scene.stop.set()
    assert scene.end() == {0: 1, 1: 10}


OVERFLOW = "Job aborted\nCaused by: java.lang.ArithmeticException: long overflow"


class UnreadableAtFirst(Frame):
    """What Spark cannot read of the first query's batch, and the batch of the next one."""

    is_first = True

    def collect(self) -> list[Any]:
        if self.is_first:
            self.is_first = False
            raise RuntimeError(OVERFLOW)
        return super().collect()


def read_by_the_other_client(
    kafka: KafkaSettings, start: dict[int, int], end: dict[int, int], batch: int
) -> Iterator[list[TopicRecord]]:
    if start[0] == 0:
        yield [
            TopicRecord(0, 0, 1_538_496_660_000, None, GOOD),
            TopicRecord(0, 1, -(2**63), None, b"x" * 70_000),
            TopicRecord(0, 2, 2**63 - 1, None, with_id(b'"7"')),
        ]


@pytest.fixture
def other_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_client_module, "read_range_and_pauses", read_by_the_other_client)


def test_partitions_share_a_batch_by_what_is_due_in_them() -> None:
    planned = without_spark.planned_ranges({0: 5, 1: 0, 2: 7}, {0: 35, 1: 10, 2: 7}, 20)

    assert planned == {0: (5, 20), 1: (0, 5), 2: (7, 7)}


def _goes_on_in_another_query(scene: Scene) -> None:
    """The other client's three records are counted before it is begun, the fourth in it."""
    scene.query.let_go(1)
    wait_until(lambda: len(scene.queries) == 2 or bool(scene.ended), "another query", _WAIT_S)
    assert scene.ended == []
    assert scene.read() == 3
    scene.query.let_go(1)
    wait_until(lambda: scene.read() == 4, "the batch behind it", _WAIT_S)
    scene.stop.set()
    assert scene.end() == {0: 4, 1: 10}
    totals = scene.store.totals()
    assert totals is not None
    assert totals.accounting == Accounting(read=4, counted=2, late=1, rejected=1)


@pytest.mark.usefixtures("other_client")
def test_a_batch_that_spark_cannot_read_is_read_without_it_and_the_query_goes_on(
    scene: Scene,
) -> None:
    scene.topic.ends = {0: 3, 1: 10}
    scene.frames = [UnreadableAtFirst(read_batch([call(0, 3, 3)], {0: (3, 4), 1: (10, 10)}))]
    scene.begin()
    _goes_on_in_another_query(scene)
    (progress,) = scene.progress
    assert (progress.batch_id, progress.input_rows) == (0, 3)
    assert (progress.lag_records, progress.lag_by_partition) == (0, {0: 0, 1: 0})


@pytest.mark.usefixtures("other_client")
def test_after_an_election_a_new_query_is_begun(scene: Scene) -> None:
    lost = [call(0, at, at) for at in range(3)]
    scene.frames = [Frame(read_batch(lost, {0: (0, 3), 1: (10, 10)}))]
    started = scene._start

    def start(reader: BatchReader) -> RunningQuery:
        if scene.queries:
            scene.frames[0] = Frame(read_batch([call(0, 3, 3)], {0: (3, 4), 1: (10, 10)}))
        return started(reader)

    scene._start = start  # type: ignore[method-assign]
    scene.begin()
    scene.topic.epochs = {0: 1}
    _goes_on_in_another_query(scene)
    assert len(scene.queries) == 2, "what the new one read is believed"


@pytest.mark.usefixtures("other_client")
def test_a_stop_after_an_election_ends_the_job_while_no_broker_answers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = scene.topic.state

    def state(*_: object) -> TopicState:
        return _is_stopped_without_broker(scene) if scene.read() else answers()

    lost = [call(0, at, at) for at in range(3)]
    scene.frames = [Frame(read_batch(lost, {0: (0, 3), 1: (10, 10)}))]
    scene.begin()
    monkeypatch.setattr(scene.topic, "state", state)
    scene.topic.epochs = {0: 1}
    scene.query.let_go(1)
    assert scene.end() == {0: 3, 1: 10}
    assert len(scene.queries) == 1


def _run_out_of_memory(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begins a job whose JVM ends so before its first batch."""
    monkeypatch.setattr(Jvm, "ends_within", lambda jvm, seconds: True)
    monkeypatch.setattr(Jvm, "exit_code", 3)
    scene.frames = []
    scene.begin()
    scene.query.failure = Py4JError("Answer from Java side is empty")
    scene.query._stopped.set()


@pytest.mark.usefixtures("other_client")
def test_where_memory_ran_out_the_batch_is_counted_and_another_jvm_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.topic.ends = {0: 3, 1: 10}
    renewed = threading.Event()

    def renew(spark: RunningSpark, _: Settings) -> None:
        spark.session.sparkContext.uiWebUrl = "http://localhost:3001"  # type: ignore[misc]
        renewed.set()

    monkeypatch.setattr(RunningSpark, "renew", renew)
    _run_out_of_memory(scene, monkeypatch)
    wait_until(lambda: len(scene.queries) == 2, "the query to begin again", _WAIT_S)
    assert (renewed.is_set(), scene.read()) == (True, 3)
    assert scene.writer().facts.spark_ui == "http://localhost:3001"
    scene.stop.set()
    assert scene.end() == {0: 3, 1: 10}


def test_where_memory_ran_out_over_nothing_the_job_ends(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run out again, and again."""
    scene.topic.ends = {0: 0, 1: 10}
    _run_out_of_memory(scene, monkeypatch)
    failure = scene.end()
    assert isinstance(failure, ChildFailed), failure
    assert "SFCRIME_STREAM_HEAP=2g" in failure.next_step
    assert scene.store.last_batch_id() is None
