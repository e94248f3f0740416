"""What the topic of a generation is asked later: how far it is ahead, and what a record holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from sfcrime.domain.known_lag import Lag
from sfcrime.domain.topic_state import TopicState, lag
from sfcrime.errors import KafkaUnavailable, SfcrimeError, TopicMadeAgain
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.broker_record import known_kafka
from sfcrime.kafka.places import Content, Place, read_places
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_identity import require_same
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Generation, PartitionRange

ANSWER_WITHIN_S = 3.0

_READING = BoundedSemaphore(4)
"""How many records are read at a time: each has a client of its own."""

_ASKING = BoundedSemaphore(8)
"""How many may ask for one at a time: whoever asks holds one of the threads, some 40, that answer
all questions about the store too."""

_Found = TypeVar("_Found")


def measure_lag(
    settings: Settings, generation: Generation, partitions: Sequence[PartitionRange]
) -> Lag:
    """Asks the cluster, or the embedded broker if it runs; never longer than 3 seconds."""
    kafka = known_kafka(settings.of_topic(generation.topic))
    if kafka is None:
        return Lag(None, "the embedded broker of this data folder does not run")
    try:
        topic = _asked(kafka, lambda: _same_topic(kafka, generation))
    except TopicMadeAgain:
        return Lag(None, f"the topic {generation.topic} was made again since it was counted")
    except SfcrimeError as error:
        return Lag(None, error.happened)
    reached = {each.partition: each.end for each in partitions}
    return Lag(lag(reached, topic.ends, topic.firsts), None)


def read_now(
    settings: Settings, generation: Generation, place: Place, most_bytes: int
) -> Content | None:
    """The first bytes of one record as the topic holds it now, None where it holds it no longer;
    asks the cluster, or the embedded broker if it runs, and never longer than 3 seconds.

    Raises:
        TopicMadeAgain: the topic was deleted and made again, so its offsets mean other records.
        KafkaUnavailable: no broker runs or answers, or others are being waited for.
    """
    kafka = known_kafka(settings.of_topic(generation.topic))
    if kafka is None:
        raise KafkaUnavailable(
            "The embedded broker of this data folder does not run.",
            next_step="start it with `sfcrime run` or `sfcrime broker`",
        )
    if not _ASKING.acquire(blocking=False):
        raise _waited_for(kafka)
    try:
        return _read_in_turn(kafka, generation, place, most_bytes)
    finally:
        _ASKING.release()


def _read_in_turn(
    kafka: KafkaSettings, generation: Generation, place: Place, most_bytes: int
) -> Content | None:
    if not _READING.acquire(timeout=ANSWER_WITHIN_S):
        raise _waited_for(kafka)

    def read() -> Content | None:
        try:
            topic = _same_topic(kafka, generation)
            return read_places(kafka, topic, [place], most_bytes)[place]
        finally:
            _READING.release()

    return _asked(kafka, read)


def _waited_for(kafka: KafkaSettings) -> KafkaUnavailable:
    return KafkaUnavailable(f"{kafka.bootstrap_servers} is being waited for by others.")


def _same_topic(kafka: KafkaSettings, generation: Generation) -> TopicState:
    """The topic as it is now; refused where it is not the one that was counted."""
    topic = Topic(kafka).state()
    require_same(generation.topic, generation.topic_id, topic.topic_id)
    return topic


def _asked(kafka: KafkaSettings, ask: Callable[[], _Found]) -> _Found:
    """What the cluster answers; KafkaUnavailable after 3 seconds.

    The client's own timeouts add up to more, and it cannot be told to stop: a daemon thread may be
    left behind, and ends with the process.
    """
    answer: Future[_Found] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return answer.result(ANSWER_WITHIN_S)
    except TimeoutError as error:
        raise KafkaUnavailable(
            f"{kafka.bootstrap_servers} did not answer within {ANSWER_WITHIN_S:g} s."
        ) from error


def read_again(
    settings: Settings, generation: Generation, places: Collection[Place], most_bytes: int
) -> dict[Place, Content | None]:
    """The first bytes of records as the topic holds them now, None where it holds them no longer;
    starts the embedded broker if it does not run.

    Raises:
        TopicMadeAgain: the topic was deleted and made again, so its offsets mean other records.
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    if not places:
        return {}
    with open_kafka(settings.of_topic(generation.topic)) as opened:
        seen = _same_topic(opened.kafka, generation)
        return read_places(opened.kafka, seen, places, most_bytes)
