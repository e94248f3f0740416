"""Makes topics: records of one source or of nobody's, in partitions, cut into batches. Seeded."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeAlias

from fuzz_headers import HeaderMaker, Headers
from fuzz_times import TimeMaker
from fuzz_values import ValueMaker

RECORDS_OF_A_TOPIC = 20_000
_HEADER_TOPICS = 20
"""One topic in so many is of our producer: of its records the headers are looked at."""


class FuzzRecord(NamedTuple):
    """A record as somebody sent it; its offset follows from those before it in its partition."""

    family: str
    partition: int
    value: bytes | None
    published_ms: int
    skipped: int = 0
    """Offsets without a record before it."""
    headers: Headers = ()


Batch: TypeAlias = tuple[FuzzRecord, ...]


@dataclass(frozen=True, slots=True)
class FuzzTopic:
    """A topic, and how it is counted."""

    batches: tuple[Batch, ...]
    """Records in the order they were sent: within a partition that of their offsets."""
    lateness_s: int | None
    window_minutes: int
    source_name: str = ""
    """Of our producer; "": headers are not looked at."""

    @property
    def records(self) -> list[FuzzRecord]:
        """Of all batches."""
        return [record for batch in self.batches for record in batch]


def make_topic(seed: int, number: int, records: int = RECORDS_OF_A_TOPIC) -> FuzzTopic:
    """The topic of this number: always the same for one seed."""
    random = Random(f"{seed}/{number}")  # a text is hashed in the same way everywhere
    if number % _HEADER_TOPICS == 1:  # an early one: small runs look at headers, too
        return _topic_with_headers(random, records)
    partitions = 1 + random.randrange(3)
    values, times = ValueMaker(random), TimeMaker(random)
    made: list[FuzzRecord] = []
    for _ in range(records):
        family, value, call_us = values.make()
        chance = random.random()
        partition = int(chance * partitions)
        skipped = 1 + int(chance * 999_999) % 3 if int(chance * 99_991) % 200 == 0 else 0
        published_ms = times.published_ms(call_us)
        made.append(FuzzRecord(family, partition, value, published_ms, skipped))
    batches = _cut(random, made)
    return FuzzTopic(batches, times.lateness_s, random.choice((60, 60, 15, 1)))


def _cut(random: Random, records: list[FuzzRecord]) -> tuple[Batch, ...]:
    """Some batches are as large as the topic, some hold a single record."""
    batches = []
    at = 0
    while at < len(records):
        size = random.choice((1, 10, 1_000, 4_000, 8_000, len(records)))
        batches.append(tuple(records[at : at + size]))
        at += size
    return tuple(batches)


def _topic_with_headers(random: Random, records: int) -> FuzzTopic:
    maker = HeaderMaker(random)
    made = []
    for _ in range(records):
        family, partition, headers = maker.make()
        made.append(FuzzRecord(family, partition, b"{}", 0, random.randrange(50) // 49, headers))
    return FuzzTopic(_cut(random, made), None, 60, maker.source_name)
