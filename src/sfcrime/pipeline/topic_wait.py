"""Waits for what a count begins with: a broker that answers, and a topic that can be counted.

A topic that lost its end, as in a power cut, gives the offsets of the lost records to others. While
it is shorter than the ledger, `next_offsets` sees that; once it has grown past it, only the records
themselves show it. So the last that were counted are read again: every one of them must be known,
as an identity that was counted or as a record that was set aside. Where rows of these were dropped
(`store.retention`), a record that is none to count is taken for one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import KafkaUnavailable, TopicMissing
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.broker_record import is_starting, known_kafka
from sfcrime.kafka.client import missing_topic
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.origin import OriginKind, TopicOrigin, origin_of
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.records import Generation, counted_ends
from sfcrime.store.set_aside import SetAsidePlaces
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.generation_choice import lost_end, next_offsets
from sfcrime.streaming.judge import judge_records

_POLL_S = 0.2
_LOOKED_AT = 100
"""Offsets of each partition; it takes as long to read one."""


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
    that it does not. A broker of it that dies later is waited for.

    Args:
        settings: name the topic, and the cluster or the data folder of the embedded broker.
        store: what is counted already; where nothing is, the topic must hold a record, because
            only that shows whose topic it is.
        may_appear: a topic that an outside cluster lacks is waited for; the embedded broker's
            always is.
        stop: set: no answer is waited for.

    Raises:
        UsageError: the file of client properties cannot be used.
        KafkaUnavailable: an outside cluster does not answer, or does not let us in.
    """

    def __init__(
        self,
        settings: Settings,
        store: StoreWriter | None = None,
        *,
        may_appear: bool = False,
        stop: Event | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._stored = store.generation() if store else None
        self._topic: Topic | None = None
        self._lasting_id = ""
        """The topic whose settings were looked at: that once is enough."""
        self._is_outside = bool(settings.kafka.bootstrap_servers)
        self._may_appear = self._stored is None and (may_appear or not self._is_outside)
        if self._is_outside:
            require_answer(settings.kafka)
            self._topic = Topic(settings.kafka, BROKER_WAIT_S, stop)

    def look(self) -> FoundTopic | None:
        """The topic, if it can be counted now; None where it is worth waiting.

        Raises:
            TopicRefused: it can never be counted, or not on from where the ledger ends.
            KafkaUnavailable: it does not answer, or is not there and not waited for.
        """
        topic = self._asked_topic()
        if topic is None:
            return None
        counted = (
            counted_ends(self._store.partition_ledger()) if self._store and self._stored else {}
        )
        state = topic.find(counted)
        if state is None:
            if self._may_appear:
                return None
            raise missing_topic(topic.kafka)
        if state.topic_id != self._lasting_id:
            topic.require_lasting_offsets()
            self._lasting_id = state.topic_id
        if self._store is not None and self._stored is not None:
            next_offsets(self._stored, self._store.partition_ends(), state)
            require_known_tail(topic.kafka, state.firsts, self._stored, self._store)
            return FoundTopic(topic, state)
        origin = origin_of(topic.kafka, state)
        return None if origin.kind is OriginKind.EMPTY else FoundTopic(topic, state, origin)

    def until_found(self, stop: Event, on_step: Callable[[str], None]) -> FoundTopic | None:
        """Looks again and again; None where `stop` was set first. Errors as of `look`, but a broker
        that is silent for less than a minute is waited for.

        Args:
            stop: ends the wait.
            on_step: told what is waited for, once each.

        Raises:
            KafkaUnavailable: no embedded broker started.
        """
        settings = self._settings
        deadline, told = time.monotonic() + BROKER_WAIT_S, ""
        while not stop.is_set():
            step = "waiting for the broker"
            try:
                found = self.look()
            except TopicMissing:
                raise
            except KafkaUnavailable:
                if time.monotonic() > deadline:
                    raise
            else:
                if found is not None:
                    return found
                if self._topic is not None:
                    step = f"waiting for the first record of {settings.kafka.topic}"
                if self._topic is not None or is_starting(settings.data_dir):
                    deadline = time.monotonic() + BROKER_WAIT_S
                elif time.monotonic() > deadline:
                    raise _no_embedded_broker(settings)
            if step != told:
                on_step(step)
                told = step
            stop.wait(_POLL_S)
        return None

    def _asked_topic(self) -> Topic | None:
        """None before an embedded broker runs."""
        if self._is_outside:
            return self._topic
        kafka = known_kafka(self._settings)
        if kafka and (self._topic is None or self._topic.kafka != kafka):
            self._topic = Topic(kafka)
        return self._topic if kafka else None


def _no_embedded_broker(settings: Settings) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"No embedded broker of {settings.data_dir} started within {BROKER_WAIT_S:.0f} s.",
        next_step="sfcrime broker (in another terminal), or --bootstrap-servers host:port",
    )


def require_known_tail(
    kafka: KafkaSettings, firsts: Mapping[int, int], generation: Generation, store: StoreWriter
) -> None:
    """Refuses a topic whose last counted offsets hold other records.

    Args:
        kafka: names broker and topic, which holds all that was counted or has deleted its head.
        firsts: by partition, the first offset that is still kept.
        generation: what was counted.
        store: writes it.

    Raises:
        TopicRefused: naming the first of them.
        KafkaUnavailable: the broker does not answer.
    """
    ledger = store.partition_ledger()
    ends = {each.partition: each.end for each in ledger}
    starts = {
        each.partition: max(each.end - _LOOKED_AT, each.start, firsts.get(each.partition, 0))
        for each in ledger
    }
    set_aside = store.set_aside_since(starts)
    for records in read_range(kafka, starts, ends):
        unknown = _unknown(records, set_aside, generation.lateness_us, store)
        if unknown is not None:
            raise lost_end(
                f"Partition {unknown.partition} of {generation.topic} holds a record at offset "
                f"{unknown.offset:,} that was not counted, and offsets up to "
                f"{ends[unknown.partition]:,} were."
            )


def _unknown(
    records: Sequence[TopicRecord],
    set_aside: SetAsidePlaces,
    lateness_us: int | None,
    store: StoreWriter,
) -> TopicRecord | None:
    """The first record that the store does not know."""
    judged = judge_records(
        [each.value for each in records],
        np.array([each.timestamp_ms for each in records], np.int64),
        lateness_us,
    )
    valid = [row for row, call_id in enumerate(judged.call_id) if call_id is not None]
    keys = IdentityColumns.of_calls(
        np.array([judged.call_id[row] for row in valid], np.int64),
        np.array([judged.call_us[row] for row in valid], np.int64),
    )
    is_new = dict(zip(valid, store.first_copies(keys).tolist(), strict=True))
    for row, record in enumerate(records):
        place = (record.partition, record.offset)
        if is_new.get(row, place not in set_aside):
            return record
    return None
