"""One topic, asked over one connection that is kept: whether it is there, who it is, what it holds.

A request costs about a millisecond; a client of its own for each would cost several, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from threading import Event
from typing import NamedTuple

from confluent_kafka import IsolationLevel, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its types name few
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import TopicMadeAgain, TopicUnfit
from sfcrime.kafka.asking import Answer, Patience, no_leader, until_answered
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, missing_topic, open_admin, translated
from sfcrime.settings import KafkaSettings

# The client gives these two no types.
_FIRST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LAST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


_LOOKS_FOR_IT = 5


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

    Every question is asked again while a broker is dead or a leader is being elected. It raises
    KafkaUnavailable where none answers, and where there is no such topic unless it says otherwise.

    Args:
        kafka: names broker and topic.
        patience_s: how long an answer is waited for.
        stop: set: it is not waited for.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        patience_s: float = REQUEST_TIMEOUT_S,
        stop: Event | None = None,
    ) -> None:
        self.kafka = kafka
        self._patience = Patience(patience_s, stop or Event())
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
        ask = partial(self._ask_head, partitions)
        within_s = self._patience.attempt_s
        with translated(f"asking for the topic {self.name}"):
            first: list[Callable[[], TopicHead]] = [ask(within_s)]

        def answer(within_s: float) -> TopicHead:
            return (first.pop() if first else ask(within_s))()

        return lambda: self._answered(f"asking for the topic {self.name}", answer)

    def _ask_head(self, partitions: Collection[int], within_s: float) -> Callable[[], TopicHead]:
        asked = self._ask_offsets(_FIRST, partitions, within_s)
        described = self.admin.describe_topics(
            TopicCollection([self.name]), request_timeout=within_s
        )[self.name]
        return lambda: TopicHead(str(described.result().topic_id), asked())

    def settings(self) -> dict[str, str]:
        """Every setting of the topic in force, defaults among them."""
        resource = ConfigResource(ResourceType.TOPIC, self.name)

        def ask(within_s: float) -> dict[str, str]:
            asked = self.admin.describe_configs([resource], request_timeout=within_s)
            entries = asked[resource].result()
            return {key: entry.value for key, entry in entries.items() if entry.value is not None}

        return self._answered(f"asking for the settings of the topic {self.name}", ask)

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
        with translated(f"asking {self.kafka.bootstrap_servers} for its topics"):
            return until_answered(self._patience, self._leaders)

    def _leaders(self, within_s: float) -> dict[int, int]:
        """As they are now. The client knows the cluster afresh afterwards."""
        # Asked for all topics: a request for one by name may create it on an outside cluster.
        topic = self.admin.list_topics(timeout=within_s).topics.get(self.name)
        return {} if topic is None else {n: each.leader for n, each in topic.partitions.items()}

    def _offsets(self, spec: OffsetSpec, committed: bool = True) -> dict[int, int]:
        partitions = self.leaders().keys()
        if not partitions:
            raise missing_topic(self.kafka)
        return self._ask(spec, partitions, committed)

    def _ask(
        self, spec: OffsetSpec, partitions: Collection[int], committed: bool = True
    ) -> dict[int, int]:
        return self._answered(
            f"asking for offsets of {self.name}",
            lambda within_s: self._ask_offsets(spec, partitions, within_s, committed)(),
        )

    def _ask_offsets(
        self,
        spec: OffsetSpec,
        partitions: Collection[int],
        within_s: float,
        committed: bool = True,
    ) -> Callable[[], dict[int, int]]:
        """Asks once, and does not wait: what is returned does."""
        wanted = {TopicPartition(self.name, number): spec for number in sorted(partitions)}
        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        asked = (
            self.admin.list_offsets(wanted, isolation_level=isolation, request_timeout=within_s)
            if wanted
            else {}
        )

        def answer() -> dict[int, int]:
            found = {place.partition: each.result().offset for place, each in asked.items()}
            if any(offset < 0 for offset in found.values()):  # the client's, for a leader's
                raise no_leader()
            return found

        return answer

    def _answered(self, doing: str, ask: Callable[[float], Answer]) -> Answer:
        """The answer of a topic that is there."""

        missed = 0

        def look_again(within_s: float) -> None:
            nonlocal missed
            missed = 0 if self._leaders(within_s) else missed + 1
            if missed == _LOOKS_FOR_IT:  # a broker may not know a topic yet that another made
                raise missing_topic(self.kafka)

        with translated(doing):
            return until_answered(self._patience, ask, look_again)
