"""One topic, asked over one connection that is kept: whether it is there, who it is, what it holds.

A request costs about a millisecond; a client of its own for each would cost several, on both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from threading import Event
from types import MappingProxyType
from typing import NamedTuple

from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its types name few
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from sfcrime.domain.topic_state import UNKNOWN_EPOCH, CountedEnd, TopicState
from sfcrime.errors import TopicUnfit
from sfcrime.kafka.asking import Answer, Patience, answer_of, until_answered
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, missing_topic, open_admin, translated
from sfcrime.kafka.lost_ends import lost_ends
from sfcrime.kafka.offsets import FIRST, LAST, Places, ask_offsets, epochs_of, offsets_of
from sfcrime.kafka.replicas import TopicReplicas
from sfcrime.kafka.topic_identity import id_of
from sfcrime.settings import KafkaSettings

_LOOKS_FOR_IT = 5

NOTHING_COUNTED: Mapping[int, CountedEnd] = MappingProxyType({})
NO_EPOCHS: Mapping[int, int] = MappingProxyType({})


class TopicHead(NamedTuple):
    """Who a topic is, and where some of its partitions begin and who leads them."""

    topic_id: str
    firsts: Mapping[int, int]
    """By partition, the first offset that is still kept."""
    epochs: Mapping[int, int] = NO_EPOCHS
    """By partition, that of its leader: while it is the same, nothing that was read is lost."""


class Topic:
    """A topic of a cluster, whether it exists or not.

    Every question is asked again while a broker is dead or a leader is being elected. It raises
    KafkaUnavailable where none answers, and where there is no such topic unless it says otherwise.

    Args:
        kafka: names broker and topic.
        patience_s: how long an answer is waited for; the several of `find` together.
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
        self._admins = [open_admin(kafka)]
        """One, which `within` shares."""
        self._clusters: list[str | None] = [None]

    @property
    def admin(self) -> AdminClient:
        """The client that asks; another one once this had no answer for 10 s."""
        return self._admins[0]

    @property
    def cluster_id(self) -> str | None:
        """Of the cluster that answered last; None before."""
        return self._clusters[0]

    @property
    def stop(self) -> Event:
        """Set: no answer is waited for."""
        return self._patience.stop

    def within(self, seconds: float) -> Topic:
        """The same topic over the same connection: from now on, answers to all that it is asked are
        waited for so long together."""
        until = min(time.monotonic() + seconds, self._patience.until)
        made = copy(self)
        made._patience = replace(self._patience, until=until)
        return made

    def exists(self) -> bool:
        """Whether there is such a topic now."""
        return bool(self.leaders())

    def require_exists(self) -> None:
        """Raises KafkaUnavailable, with what to do, where there is no such topic."""
        if not self.exists():
            raise missing_topic(self.kafka)

    def brokers(self) -> int:
        """How many brokers of the cluster are up."""
        return self._asked_for_topics(lambda found: len(found.brokers))

    def replicas(self) -> TopicReplicas | None:
        """Where its replicas are and how they are; None where there is no such topic."""
        found = self._asked_for_topics(lambda found: (found.topics.get(self.name), found.brokers))
        topic, brokers = found
        if topic is None:
            return None
        settings = self.settings()
        parts = {number: topic.partitions[number] for number in sorted(topic.partitions)}
        return TopicReplicas(
            brokers=len(brokers),
            replicas={number: len(each.replicas) for number, each in parts.items()},
            in_sync={number: len(each.isrs) for number, each in parts.items()},
            leaderless=tuple(number for number, each in parts.items() if each.leader < 0),
            least_in_sync=int(settings.get("min.insync.replicas", 1)),
            may_lose=settings.get("unclean.leader.election.enable") == "true",
        )

    def first_offsets(self) -> dict[int, int]:
        """By partition, its first offset that is still kept."""
        return self._offsets(FIRST)

    def end_offsets(self, *, committed: bool = True) -> dict[int, int]:
        """By partition, its last stable offset: one past what a `read_committed` reader can see.

        Args:
            committed: False: one past the last offset of all, past transactions that are open
                too.
        """
        return self._offsets(LAST, committed)

    def ends(self) -> dict[int, int]:
        """The same of committed records; empty where there is no such topic."""
        partitions = self.leaders().keys()
        return offsets_of(self._ask(LAST, partitions)) if partitions else {}

    def find(self, counted: Mapping[int, CountedEnd] = NOTHING_COUNTED) -> TopicState | None:
        """The topic as it is now; None where there is no such topic.

        Asks for the id last: if a topic is made again meanwhile, its offsets come with its new id.

        Args:
            counted: by partition, what was counted of it. Where the end of that was lost, and
                others were written in its place, the partition ends there.
        """
        return self.within(self._patience.seconds)._find(counted)

    def _find(self, counted: Mapping[int, CountedEnd]) -> TopicState | None:
        partitions = self.leaders().keys()
        if not partitions:
            return None
        firsts, lasts = offsets_of(self._ask(FIRST, partitions)), self._ask(LAST, partitions)
        ends, epochs = offsets_of(lasts), epochs_of(lasts)
        topic_id = self.ask_head(())().topic_id
        doubtful = {
            number: each
            for number, each in counted.items()
            if each.epoch not in (UNKNOWN_EPOCH, epochs.get(number))
            and firsts.get(number, 0) < each.end
            and number in ends
        }
        lost = lost_ends(self.kafka, doubtful, self._patience)
        ends |= {number: min(at, ends[number]) for number, at in lost.items()}
        return TopicState(topic_id, firsts, ends, epochs)

    def state(self, counted: Mapping[int, CountedEnd] = NOTHING_COUNTED) -> TopicState:
        """The topic as it is now; arguments as of `find`."""
        found = self.find(counted)
        if found is None:
            raise missing_topic(self.kafka)
        return found

    def ask_head(self, partitions: Collection[int]) -> Callable[[], TopicHead]:
        """Asks where partitions begin, who leads them and who the topic is now, and does not wait:
        what is returned does, and raises."""
        ask = partial(self._ask_head, partitions)
        within_s = self._patience.attempt_s
        with translated(f"asking for the topic {self.name}"):
            first: list[Callable[[], TopicHead]] = [ask(within_s)]

        def answer(within_s: float) -> TopicHead:
            return (first.pop() if first else ask(within_s))()

        return lambda: self._answered(f"asking for the topic {self.name}", answer)

    def _ask_head(self, partitions: Collection[int], within_s: float) -> Callable[[], TopicHead]:
        firsts = self._ask_offsets(FIRST, partitions, within_s)
        lasts = self._ask_offsets(LAST, partitions, within_s)
        described = self.admin.describe_topics(
            TopicCollection([self.name]), request_timeout=within_s
        )[self.name]
        return lambda: TopicHead(
            id_of(answer_of(described, within_s)),
            offsets_of(firsts()),
            epochs_of(lasts()),
        )

    def settings(self) -> dict[str, str]:
        """Every setting of the topic in force, defaults among them."""
        resource = ConfigResource(ResourceType.TOPIC, self.name)

        def ask(within_s: float) -> dict[str, str]:
            asked = self.admin.describe_configs([resource], request_timeout=within_s)
            entries = answer_of(asked[resource], within_s)
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
        return self._asked_for_topics(self._leaders)

    def _leaders(self, found: ClusterMetadata) -> dict[int, int]:
        topic = found.topics.get(self.name)
        return {} if topic is None else {n: each.leader for n, each in topic.partitions.items()}

    def _asked_for_topics(self, take: Callable[[ClusterMetadata], Answer]) -> Answer:
        with translated(f"asking {self.kafka.bootstrap_servers} for its topics"):
            return take(until_answered(self._patience, self._look_at_cluster, renew=self._renew))

    def _look_at_cluster(self, within_s: float) -> ClusterMetadata:
        """The client knows the cluster afresh afterwards."""
        # Asked for all topics: a request for one by name may create it on an outside cluster.
        found = self.admin.list_topics(timeout=within_s)
        self._clusters[0] = found.cluster_id
        return found

    def _renew(self) -> None:
        self._admins[0] = open_admin(self.kafka)

    def _offsets(self, spec: OffsetSpec, committed: bool = True) -> dict[int, int]:
        partitions = self.leaders().keys()
        if not partitions:
            raise missing_topic(self.kafka)
        return offsets_of(self._ask(spec, partitions, committed))

    def _ask(self, spec: OffsetSpec, partitions: Collection[int], committed: bool = True) -> Places:
        return self._answered(
            f"asking for offsets of {self.name}",
            lambda within_s: self._ask_offsets(spec, partitions, within_s, committed)(),
        )

    def _ask_offsets(
        self, spec: OffsetSpec, partitions: Collection[int], within_s: float, committed: bool = True
    ) -> Callable[[], Places]:
        wanted = {TopicPartition(self.name, number): spec for number in sorted(partitions)}
        return ask_offsets(self.admin, wanted, within_s, committed=committed)

    def _answered(self, doing: str, ask: Callable[[float], Answer]) -> Answer:
        """The answer of a topic that is there."""
        missed = 0

        def look_again(within_s: float) -> None:
            nonlocal missed
            missed = 0 if self._leaders(self._look_at_cluster(within_s)) else missed + 1
            if missed == _LOOKS_FOR_IT:  # a broker may not know a topic yet that another made
                raise missing_topic(self.kafka)

        with translated(doing):
            return until_answered(self._patience, ask, look_again, self._renew)
