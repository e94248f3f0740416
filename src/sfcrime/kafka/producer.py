"""Publishes a source into its topic: in order, at a pace, and exactly once however often it dies.

A record's partition is fixed by its key, and every record carries its position in the source. So
the last one in each partition tells, after any crash, what is already there, whatever others wrote
after it; the client's idempotence keeps our records in order and without holes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Message

from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.errors import KafkaUnavailable, TopicRefused
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.client import MAX_PRODUCED_BYTES, kafka_error, open_producer, translated
from sfcrime.kafka.headers import SEQUENCE_HEADER, SOURCE_HEADER, source_header
from sfcrime.kafka.pace import Pace, PublicationClock
from sfcrime.kafka.resume import place_to_resume
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic, require_fit
from sfcrime.machine.freed_memory import FreedMemory
from sfcrime.settings import KafkaSettings

PROGRESS_INTERVAL_S = 0.25
_STOP_S = 10.0
"""How long a stop waits for what was sent to be acknowledged."""
_SERVE_EVERY = 1000
"""Records between two looks at delivery errors and the clock."""


@dataclass(frozen=True, slots=True)
class ProducerPlan:
    """What is published where, and how fast."""

    kafka: KafkaSettings
    identity: SourceIdentity
    pace: Pace
    limit: int = 0
    """Only records whose sequence is below it; 0: all."""


@dataclass(frozen=True, slots=True)
class ProducerProgress:
    """How far the producer is."""

    sent: int
    """Records handed to Kafka's client by this run."""
    delivered: int
    """Of those, how many the broker has acknowledged."""
    already_there: int
    """Records that an earlier run had published."""
    virtual_ms: int | None
    """Publication time of the last record, milliseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a run of the producer."""

    sent: int
    """Records that this run published; the broker has acknowledged them all."""
    already_there: int
    """Records that an earlier run had published."""
    last_sequence: int
    """Position of the last record that is in the topic; -1 where it is empty."""
    finished: bool
    """The source or the limit came to its end; False where a stop was asked for."""
    made_replicas: int = 0
    """Of each partition of the topic, where this run made it; else 0."""


RecordsFrom = Callable[[int], Iterator[SourceRecord]]
OnProgress = Callable[[ProducerProgress], None]


def publish(
    plan: ProducerPlan,
    records_from: RecordsFrom,
    stop: Event,
    on_progress: OnProgress = lambda _: None,
) -> Published:
    """Publishes what is not in the topic yet, until the source ends or `stop` is set.

    The topic is made if it does not exist. Returns when the broker has acknowledged everything.
    Killed at any instant and run again, it continues with nothing lost and nothing sent twice.

    Args:
        plan: what, where, how fast.
        records_from: the source's records from a sequence number on, without holes.
        stop: ends the run at once, even in the middle of a wait.
        on_progress: called about four times a second, and at the end.

    Raises:
        TopicRefused: the topic begins with another source or with foreign records, or has unfit
            settings.
        KafkaUnavailable: the broker does not answer, or no longer takes records.
    """
    topic = Topic(plan.kafka, BROKER_WAIT_S, stop)
    made: list[int] = []
    partitions = ensure_topic(
        topic, plan.kafka.partitions, plan.kafka.replication_factor, made.append
    )
    require_fit(plan.kafka, topic.settings())
    there = place_to_resume(topic, plan.identity, partitions)
    run = _Run(plan, there, on_progress)
    ended = run.send(records_from(min(there.values()) + 1), stop)
    return replace(run.finish(ended), made_replicas=sum(made))


def partition_of(record: SourceRecord, partitions: int) -> int:
    """The partition of a record: by its key, else by its value. Stable for all time."""
    return crc32(record.value if record.key is None else record.key) % partitions


class _Run:
    """One run of the producer: its client, and what it has done so far."""

    def __init__(self, plan: ProducerPlan, there: dict[int, int], on_progress: OnProgress) -> None:
        self._plan = plan
        self._there = there
        self._on_progress = on_progress
        self._producer = open_producer(plan.kafka)
        self._clock = PublicationClock(plan.pace)
        self._sent = 0
        self._skipped = min(there.values()) + 1
        self._last_sequence = max(there.values())
        self._virtual_ms: int | None = None
        self._error: KafkaError | None = None
        self._next_report = 0.0
        self._freed = FreedMemory()
        self._sent_at_wait = 0

    def send(self, records: Iterator[SourceRecord], stop: Event) -> bool:
        """Sends until the source or the limit ends (True) or a stop is asked for (False)."""
        header = (SOURCE_HEADER, source_header(self._plan.identity, len(self._there)))
        partitions, there = len(self._there), self._there
        limit = self._plan.limit or None
        for count, record in enumerate(records):
            if limit is not None and record.sequence >= limit:
                return True
            if count % _SERVE_EVERY == 0:
                self._serve()
            if stop.is_set():
                return False
            partition = partition_of(record, partitions)
            if record.sequence <= there[partition]:
                self._skipped += 1
                continue
            if not self._wait_for(record, stop):
                return False
            if not self._produce(record, partition, header, stop):
                return False
            self._sent += 1
            self._last_sequence = max(self._last_sequence, record.sequence)
            self._virtual_ms = record.published_at_ms
        return not stop.is_set()

    def finish(self, ended: bool) -> Published:
        """Waits until the broker has acknowledged everything."""
        wait_s = BROKER_WAIT_S if ended else _STOP_S
        deadline = time.monotonic() + wait_s
        left = len(self._producer)
        while left:
            before, left = left, self._producer.flush(0.2)
            self._serve()
            if left < before:
                deadline = time.monotonic() + wait_s
            elif time.monotonic() > deadline:
                raise KafkaUnavailable(
                    f"The broker has not acknowledged {left} records in {wait_s:.0f} s.",
                    next_step="check that the broker runs, and start again: "
                    "what it has not taken is sent then",
                )
        self._report()
        return Published(self._sent, self._skipped, self._last_sequence, ended)

    def _wait_for(self, record: SourceRecord, stop: Event) -> bool:
        """Waits for the record's time, reporting progress; False where a stop is asked for."""
        while (wait_s := self._clock.seconds_until(record.published_at_ms)) > 0:
            self._serve()
            self._freed.after(self._sent - self._sent_at_wait)
            self._sent_at_wait = self._sent
            if stop.wait(min(wait_s, PROGRESS_INTERVAL_S)):
                return False
        return True

    def _produce(
        self, record: SourceRecord, partition: int, header: tuple[str, bytes], stop: Event
    ) -> bool:
        """Hands it to the client; False where a stop is asked for while there is no room."""
        while True:
            try:
                self._producer.produce(
                    self._plan.kafka.topic,
                    record.value,
                    record.key,
                    partition,
                    on_delivery=self._delivered,
                    timestamp=record.published_at_ms,
                    headers=[header, (SEQUENCE_HEADER, b"%d" % record.sequence)],
                )
                return True
            except BufferError:  # the client's queue is full: the broker sets the pace
                self._producer.poll(0.1)
                self._serve()
                if stop.is_set():
                    return False
            except KafkaException as error:
                if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise TopicRefused(
                        f"Record {record.sequence} of the source has {len(record.value)} bytes.",
                        rule=f"A record may have {MAX_PRODUCED_BYTES} bytes at most.",
                        next_step="correct the source",
                    ) from error
                raise kafka_error(error.args[0], "publishing") from error

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        """Called for failures alone (`delivery.report.only.error`)."""
        if error is not None and self._error is None:
            self._error = error

    def _serve(self) -> None:
        """Raises a failed delivery, and reports progress from time to time."""
        with translated("publishing"):
            self._producer.poll(0)
        if self._error is not None:
            raise kafka_error(self._error, f"publishing to {self._plan.kafka.topic}")
        if time.monotonic() >= self._next_report:
            self._report()

    def _report(self) -> None:
        self._next_report = time.monotonic() + PROGRESS_INTERVAL_S
        delivered = self._sent - len(self._producer)
        self._on_progress(ProducerProgress(self._sent, delivered, self._skipped, self._virtual_ms))
