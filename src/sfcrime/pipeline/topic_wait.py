"""Waits for what a count begins with: a broker that answers, and a topic that can be counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event

from sfcrime.domain.topic_state import NOTHING, TopicState, next_offsets
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.broker_files import known_kafka
from sfcrime.kafka.client import missing_topic
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.origin import OriginKind, TopicOrigin, origin_of
from sfcrime.kafka.topic import Topic
from sfcrime.settings import Settings
from sfcrime.store.records import Generation

BROKER_WAIT_S = 60.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic that can be counted, and what was seen of it."""

    topic: Topic
    state: TopicState
    origin: TopicOrigin | None = None
    """Whose it is; None where that was settled before, and no record was read for it."""


class TopicWait:
    """Looks for the topic until there is something to count.

    An outside cluster has to answer at once: Spark's own client would take minutes to find out
    that it does not.

    Args:
        settings: name the topic, and the cluster or the data folder of the embedded broker.
        stored: what is counted already; None: a first count, for which the topic must hold a
            record, because only that shows whose topic it is.
        reached: by partition, the first offset that is not accounted for.
        may_appear: a topic that an outside cluster lacks is waited for; the embedded broker's
            always is.

    Raises:
        UsageError: the file of client properties cannot be used.
        KafkaUnavailable: an outside cluster does not answer, or does not let us in.
    """

    def __init__(
        self,
        settings: Settings,
        stored: Generation | None = None,
        reached: Mapping[int, int] = NOTHING,
        *,
        may_appear: bool = False,
    ) -> None:
        self._settings = settings
        self._stored, self._reached = stored, reached
        self._topic: Topic | None = None
        self._lasting_id = ""
        """The topic whose settings were looked at: that once is enough."""
        is_outside = bool(settings.kafka.bootstrap_servers)
        self._may_appear = stored is None and (may_appear or not is_outside)
        if is_outside:
            require_answer(settings.kafka)

    def look(self) -> FoundTopic | None:
        """The topic, if it can be counted now; None where it is worth waiting.

        Raises:
            TopicRefused: it can never be counted, or not on from where the ledger ends.
            KafkaUnavailable: it does not answer, or is not there and not waited for.
        """
        topic = self._asked_topic()
        if topic is None:
            return None
        state = topic.find()
        if state is None:
            if self._may_appear:
                return None
            raise missing_topic(topic.kafka)
        if state.topic_id != self._lasting_id:
            topic.require_lasting_offsets()
            self._lasting_id = state.topic_id
        if self._stored is not None:
            next_offsets(self._stored, self._reached, state)
            return FoundTopic(topic, state)
        origin = origin_of(topic.kafka, state)
        return None if origin.kind is OriginKind.EMPTY else FoundTopic(topic, state, origin)

    def until_found(self, stop: Event, on_step: Callable[[str], None]) -> FoundTopic | None:
        """Looks again and again; None where `stop` was set first. Errors as of `look`.

        Args:
            stop: ends the wait.
            on_step: told what is waited for, once each.

        Raises:
            KafkaUnavailable: no embedded broker started.
        """
        settings = self._settings
        deadline = time.monotonic() + BROKER_WAIT_S
        told = ""
        while not stop.is_set():
            found = self.look()
            if found is not None:
                return found
            step = f"waiting for the first record of {settings.kafka.topic}"
            if self._topic is None:
                step = "waiting for the broker"
                if time.monotonic() > deadline:
                    raise KafkaUnavailable(
                        f"No embedded broker of {settings.data_dir} started within "
                        f"{BROKER_WAIT_S:.0f} s.",
                        next_step="sfcrime broker (in another terminal), or --bootstrap-servers "
                        "host:port",
                    )
            if step != told:
                on_step(step)
                told = step
            stop.wait(_POLL_S)
        return None

    def _asked_topic(self) -> Topic | None:
        """None before an embedded broker runs."""
        kafka = known_kafka(self._settings)
        if kafka and (self._topic is None or self._topic.kafka != kafka):
            self._topic = Topic(kafka)
        return self._topic if kafka else None
