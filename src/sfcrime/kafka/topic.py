"""One topic, asked over one connection that is kept: whether it is there, who it is, what it holds.

A request costs about a millisecond; a client of its own for each would cost several, on both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its types name few
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import TopicMadeAgain, TopicUnfit
from sfcrime.kafka.client import (
    NOT_YET,
    REQUEST_TIMEOUT_S,
    missing_topic,
    open_admin,
    translated,
)
from sfcrime.settings import KafkaSettings

# The client gives these two no types.
_FIRST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LAST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


def require_same(topic: str, counted_id: str, found_id: str) -> None:
    """Refuses a topic that was deleted and made again since it was counted.

    Raises:
        TopicMadeAgain: naming both ids.
    """
    if counted_id != found_id:
        raise TopicMadeAgain(topic, counted_id, found_id)


class TopicHead(NamedTuple):
    """Who a topic is, and where some of its partitions begin."""

    topic_id: str
    firsts: Mapping[int, int]
    """By partition, the first offset that is still kept."""


class Topic:
    """A topic of a cluster, whether it exists or not.

    Every question raises KafkaUnavailable where the broker does not answer, and where there is no
    such topic unless it says otherwise.

    Args:
        kafka: names broker and topic.
        patience_s: how long an answer is waited for.
    """

    def __init__(self, kafka: KafkaSettings, patience_s: float = REQUEST_TIMEOUT_S) -> None:
        self.kafka = kafka
        self._patience_s = patience_s
        self.name = kafka.topic
        self.admin = open_admin(kafka)

    def exists(self) -> bool:
        """Whether there is such a topic now."""
        return bool(self.leaders())

    def require_exists(self) -> None:
        """Raises KafkaUnavailable, with what to do, where there is no such topic."""
        if not self.exists():
            raise missing_topic(self.kafka)

    def first_offsets(self) -> dict[int, int]:
        """By partition, its first offset that is still kept."""
        return self._offsets(_FIRST)

    def end_offsets(self, *, committed: bool = True) -> dict[int, int]:
        """By partition, its last stable offset: one past what a `read_committed` reader can see.

        Args:
            committed: False: one past the last offset of all, past transactions that are open
                too.
        """
        return self._offsets(_LAST, committed)

    def ends(self) -> dict[int, int]:
        """The same of committed records; empty where there is no such topic."""
        partitions = self.leaders().keys()
        return self._ask(_LAST, partitions) if partitions else {}

    def find(self) -> TopicState | None:
        """The topic as it is now; None where there is no such topic.

        Asks for the id last: if a topic is made again meanwhile, its offsets come with its new id.
        """
        partitions = self.leaders().keys()
        if not partitions:
            return None
        firsts, ends = self._ask(_FIRST, partitions), self._ask(_LAST, partitions)
        return TopicState(self.ask_head(())().topic_id, firsts, ends)

    def state(self) -> TopicState:
        """The topic as it is now."""
        found = self.find()
        if found is None:
            raise missing_topic(self.kafka)
        return found

    def ask_head(self, partitions: Collection[int]) -> Callable[[], TopicHead]:
        """Asks where partitions begin and who the topic is now, and does not wait: what is
        returned does, and raises."""
        wanted = {TopicPartition(self.name, number): _FIRST for number in partitions}
        asked = self.admin.list_offsets(wanted, request_timeout=self._patience_s) if wanted else {}
        with translated(f"asking for the topic {self.name}"):
            described = self.admin.describe_topics(
                TopicCollection([self.name]), request_timeout=self._patience_s
            )[self.name]

        def answer() -> TopicHead:
            with translated(f"asking for the topic {self.name}"):
                try:
                    found = {place.partition: each.result().offset for place, each in asked.items()}
                except KafkaException as error:
                    if error.args[0].code() not in NOT_YET:
                        raise
                    found = self.first_offsets()  # a new partition: asks who leads it, too
                return TopicHead(str(described.result().topic_id), found)

        return answer

    def settings(self) -> dict[str, str]:
        """Every setting of the topic in force, defaults among them."""
        resource = ConfigResource(ResourceType.TOPIC, self.name)
        with translated(f"asking for the settings of the topic {self.name}"):
            entries = self.admin.describe_configs([resource], request_timeout=self._patience_s)[
                resource
            ].result()
        return {key: entry.value for key, entry in entries.items() if entry.value is not None}

    def require_lasting_offsets(self) -> None:
        """Refuses a topic whose records vanish one by one: no recount could prove its numbers.

        Records that a retention deletes from the beginning on are another matter: they leave a
        range that can be named.

        Raises:
            TopicUnfit: the topic is compacted.
        """
        policy = self.settings().get("cleanup.policy", "")
        if "compact" in policy:
            raise TopicUnfit(
                *(self.name, "cleanup.policy", policy),
                rule="A compacted topic drops records that were counted, so no number of it could "
                "be proved by a recount.",
                next_step="count a topic with cleanup.policy=delete that holds every call",
            )

    def leaders(self) -> dict[int, int]:
        """By partition, the broker that leads it, below 0 where none does; empty where there is
        no such topic."""
        # Asked for all topics: a request for one by name may create it on an outside cluster.
        with translated(f"asking {self.kafka.bootstrap_servers} for its topics"):
            topic = self.admin.list_topics(timeout=self._patience_s).topics.get(self.name)
        return {} if topic is None else {n: each.leader for n, each in topic.partitions.items()}

    def _offsets(self, spec: OffsetSpec, committed: bool = True) -> dict[int, int]:
        partitions = self.leaders().keys()
        if not partitions:
            raise missing_topic(self.kafka)
        return self._ask(spec, partitions, committed)

    def _ask(
        self, spec: OffsetSpec, partitions: Collection[int], committed: bool = True
    ) -> dict[int, int]:
        wanted = {TopicPartition(self.name, number): spec for number in sorted(partitions)}
        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED

        deadline = time.monotonic() + self._patience_s
        while True:  # a partition of a known topic may not be ready yet
            with translated(f"asking for offsets of {self.name}"):
                try:
                    answers = self.admin.list_offsets(
                        wanted, isolation_level=isolation, request_timeout=self._patience_s
                    )
                    return {
                        place.partition: each.result().offset for place, each in answers.items()
                    }
                except KafkaException as error:
                    if error.args[0].code() not in NOT_YET or time.monotonic() > deadline:
                        raise
            time.sleep(0.05)
