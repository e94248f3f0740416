"""What the topic of a generation is asked later: how far it is ahead, and what a record holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from threading import Thread

from sfcrime.domain.topic_state import lag
from sfcrime.errors import SfcrimeError, TopicMadeAgain
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.broker_record import known_kafka
from sfcrime.kafka.places import Content, Place, read_places
from sfcrime.kafka.topic import Topic, require_same
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Generation, PartitionRange

ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Offsets that the ledger has not reached; both None where they are not known."""

    by_partition: dict[int, int] | None
    reason: str | None
    """Why they are not known."""

    @property
    def records(self) -> int | None:
        return None if self.by_partition is None else sum(self.by_partition.values())


@dataclass(slots=True)
class _Answer:
    lag: dict[int, int] = field(default_factory=dict)
    failure: str | None = None


def measure_lag(
    settings: Settings, generation: Generation, partitions: Sequence[PartitionRange]
) -> Lag:
    """Asks the cluster, or the embedded broker if it runs; never longer than 3 seconds."""
    kafka = known_kafka(settings.of_topic(generation.topic))
    if kafka is None:
        return Lag(None, "the embedded broker of this data folder does not run")
    answer = _Answer()
    # The client's own timeouts add up to more, and it cannot be told to stop: a daemon thread
    # may be left behind, and ends with the command.
    asking = Thread(target=_ask, args=(kafka, generation, partitions, answer), daemon=True)
    asking.start()
    asking.join(ANSWER_WITHIN_S)
    if asking.is_alive():
        return Lag(None, f"{kafka.bootstrap_servers} did not answer within {ANSWER_WITHIN_S:g} s")
    return Lag(None, answer.failure) if answer.failure else Lag(answer.lag, None)


def _ask(
    kafka: KafkaSettings,
    generation: Generation,
    partitions: Sequence[PartitionRange],
    answer: _Answer,
) -> None:
    try:
        topic = Topic(kafka).state()
        require_same(generation.topic, generation.topic_id, topic.topic_id)
    except TopicMadeAgain:
        answer.failure = f"the topic {generation.topic} was made again since it was counted"
        return
    except SfcrimeError as error:
        answer.failure = error.happened
        return
    reached = {each.partition: each.end for each in partitions}
    answer.lag = lag(reached, topic.ends, topic.firsts)


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
        seen = Topic(opened.kafka).state()
        require_same(generation.topic, generation.topic_id, seen.topic_id)
        return read_places(opened.kafka, seen, places, most_bytes)
