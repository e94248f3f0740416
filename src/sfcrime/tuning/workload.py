"""What trials are fed with: frozen topics of the synthetic city, and records sent one by one; and
what a count of them must come to."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from threading import Event

import msgspec

from sfcrime.domain.calls import SourceRecord
from sfcrime.domain.outcomes import Accounting
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, partition_of, publish
from sfcrime.machine.clock import now_ms
from sfcrime.settings import KafkaSettings
from sfcrime.sources.source import Source
from sfcrime.sources.synthetic import open_synthetic_source

CITY_SEED = 1
CITY_START = date(2018, 10, 1)
"""Far enough back that every record lies in the past: none has to be waited for."""


@dataclass(slots=True)
class Sends:
    """What a topic was fed with: when, and what a count must come to, for any beginning of its
    partitions.

    Every record of the synthetic city is valid and in time; some are published twice.
    """

    at_ms: dict[int, list[int]] = field(default_factory=dict)
    """By partition, the wall clock at which each offset from 0 on was handed to Kafka's client."""
    repeats: dict[int, list[int]] = field(default_factory=dict)
    """By partition, the offsets of second copies, ascending."""
    since_ms: int = 0
    """Records sent before belong to the warm-up."""
    keys: set[bytes] = field(default_factory=set)

    @property
    def records(self) -> int:
        return sum(map(len, self.at_ms.values()))

    def add(self, partition: int, key: bytes, at_ms: int = 0) -> None:
        """Notes the next record of a partition."""
        times = self.at_ms.setdefault(partition, [])
        if key in self.keys:
            self.repeats.setdefault(partition, []).append(len(times))
        self.keys.add(key)
        times.append(at_ms)

    def accounting(self, ends: Mapping[int, int]) -> Accounting:
        """Of the offsets below `ends`."""
        read = sum(ends.values())
        again = sum(bisect_left(self.repeats.get(p, []), end) for p, end in ends.items())
        return Accounting(read=read, counted=read - again, duplicate=again)


def open_city() -> Source:
    """The source of every trial: the same records on every machine."""
    return open_synthetic_source(CITY_SEED, CITY_START)


def backlog_topic(records: int, partitions: int) -> str:
    """The name of a full topic."""
    return f"backlog-{records}-{partitions}"


def freeze_topic(kafka: KafkaSettings, records: int, stop: Event) -> Sends:
    """Fills `backlog_topic` with the city's first records, where it is not full yet.

    Args:
        kafka: names the broker, and the partitions.
        records: how many.
        stop: ends it early.
    """
    named = msgspec.structs.replace(kafka, topic=backlog_topic(records, kafka.partitions))
    sends = Sends()
    city = open_city()

    def records_from(start: int) -> Iterator[SourceRecord]:
        for record in islice(city.records(), records):
            sends.add(partition_of(record, kafka.partitions), record.key or record.value)
            if record.sequence >= start:
                yield record

    publish(ProducerPlan(named, city.identity, Pace(None)), records_from, stop)
    return sends


class PacedProducer:
    """Publishes the city's records at a steady pace, from a thread of its own, until it is ended;
    a `with` block ends it.

    The topic must be new: a record's offset is its place among those of its partition.
    """

    def __init__(self, kafka: KafkaSettings, per_s: float) -> None:
        self._kafka = kafka
        self._per_s = per_s
        self._stop = Event()
        self.sends = Sends()
        self._pool = ThreadPoolExecutor(1, "paced-producer")
        city = open_city()
        plan = ProducerPlan(kafka, city.identity, Pace(None))
        # The records end, and only then the publishing: so all that is noted is sent.
        self._publishing = self._pool.submit(
            publish, plan, lambda start: self._paced(city.records(start)), Event()
        )

    def __enter__(self) -> PacedProducer:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True)

    def end(self) -> Sends:
        """Ends it, and waits until the broker has everything that was sent.

        Raises:
            SfcrimeError: publishing failed.
        """
        self._stop.set()
        self._publishing.result()
        return self.sends

    def check(self) -> None:
        """Raises what ended it, where it did not end by being told to."""
        if self._publishing.done():
            self._publishing.result()

    def _paced(self, records: Iterator[SourceRecord]) -> Iterator[SourceRecord]:
        began = time.monotonic()
        for number, record in enumerate(records):
            if self._stop.wait(max(0.0, began + number / self._per_s - time.monotonic())):
                return
            partition = partition_of(record, self._kafka.partitions)
            self.sends.add(partition, record.key or record.value, now_ms())
            yield record
