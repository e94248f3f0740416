"""A backlog to measure with: a few million calls in a topic of the embedded broker.

The calls are those of the real file where it lies beside the project, else of the synthetic city,
repeated: each copy lies a whole number of days before the next and has ids of its own, so that
(id, time) stays as distinct as it is in one copy. They are published by the project's own
producer, in call-time order. Run as a program it makes a backlog to be used again:

    python benchmarks/backlog.py --keep DIR --records 4000000 --partitions 2
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic

import click
import msgspec

from sfcrime.domain.calls import CALL_ID_FIELD, CALL_TIME_FIELD, SourceIdentity, SourceRecord
from sfcrime.domain.wall_clock import MICROS, from_datetime, instant_of
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, publish
from sfcrime.machine.sizes import machine_cores, partitions_for
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import files_of
from sfcrime.sources.synthetic import open_synthetic_source

REAL_FILE = (
    Path(__file__).resolve().parents[2]
    / "shared"
    / "data"
    / "police-department-calls-for-service.json.gz"
)
SHIPPED_PARTITIONS = partitions_for(machine_cores())
"""What a new topic gets where no setting says otherwise."""
SYNTHETIC_RECORDS = 200_000
SYNTHETIC_START = date(2018, 10, 1)
ID_STEP = 10**9
"""Between the ids of two copies: ids have nine digits, so 18 are enough for any number of them."""

_HOUR_US = 3600 * MICROS
_DAY_US = 24 * _HOUR_US


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of the one copy that is repeated."""

    call_id: int
    call_us: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What a count of the backlog must come to."""

    counted: int
    duplicate: int


class Backlog:
    """The first `records` calls of an oldest-first series of copies."""

    def __init__(self, calls: Sequence[_Call], origin: str, records: int) -> None:
        self._calls = calls
        self.origin = origin
        self.records_wanted = records
        self._copies = -(-records // len(calls))
        first, last = calls[0].call_us // _DAY_US, calls[-1].call_us // _DAY_US
        self._days = last - first + 1
        """How far two copies are apart: no call of one lies on a day of another."""

    @property
    def identity(self) -> SourceIdentity:
        """The copies are counted from the oldest, so their number is part of what is published."""
        return SourceIdentity(
            f"benchmark:{self.origin}:copies={self._copies}",
            f"benchmark backlog ({self.origin})",
            synthetic=self.origin == "synthetic city",
        )

    @cached_property
    def expected(self) -> Expected:
        """By the calls themselves: equal (id, time) occur only within a copy."""
        whole, rest = divmod(self.records_wanted, len(self._calls))
        distinct = whole * _distinct(self._calls) + _distinct(self._calls[:rest])
        return Expected(distinct, self.records_wanted - distinct)

    @cached_property
    def mean_bytes(self) -> float:
        """Of one value."""
        return sum(len(call.value) for call in self._calls) / len(self._calls)

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        """The records from `start` on, in call-time order."""
        newest = 0
        first_copy, skipped = divmod(start, len(self._calls))
        for copy in range(first_copy, self._copies):
            age = self._copies - 1 - copy
            for call in islice(self._calls, skipped, None):
                if start >= self.records_wanted:
                    return
                call_us = call.call_us - age * self._days * _DAY_US
                newest = max(newest, _instant(call_us))
                key = b"%d" % (call.call_id + age * ID_STEP)
                yield SourceRecord(start, key, _shifted(call, key, call_us), newest)
                start += 1
            skipped = 0


def _distinct(calls: Sequence[_Call]) -> int:
    return len({(call.call_id, call.call_us) for call in calls})


def _shifted(call: _Call, key: bytes, call_us: int) -> bytes:
    """The call with another id and date; every date in it is that of the call."""
    value = call.value.replace(b'"%d"' % call.call_id, b'"%b"' % key, 1)
    return value.replace(_day_text(call.call_us // _DAY_US), _day_text(call_us // _DAY_US))


@lru_cache(maxsize=16_384)
def _day_text(day: int) -> bytes:
    return b'"%bT' % (date(1970, 1, 1) + timedelta(days=day)).isoformat().encode()


def _instant(call_us: int) -> int:
    hour = call_us // _HOUR_US
    return _instant_of_hour(hour) + (call_us - hour * _HOUR_US) // 1000


@lru_cache(maxsize=4_096)
def _instant_of_hour(hour: int) -> int:
    return instant_of(hour * _HOUR_US)


def open_backlog(records: int, *, compact: bool = False) -> Backlog:
    """The backlog of so many records.

    Args:
        compact: without the real file's indentation, as other producers write; a quarter smaller.
    """
    if REAL_FILE.is_file():
        origin = "real file, compact" if compact else "real file"
        with TemporaryDirectory(prefix="sfcrime-backlog-") as folder:
            source = open_files_source(files_of(str(REAL_FILE)), Path(folder))
            calls = [_call_of(record.value, compact) for record in source.records()]
            source.close()
    else:
        origin = "synthetic city"
        city = open_synthetic_source(1, SYNTHETIC_START)
        calls = [
            _call_of(record.value, compact) for record in islice(city.records(), SYNTHETIC_RECORDS)
        ]
    return Backlog(calls, origin, records)


def _call_of(value: bytes, compact: bool) -> _Call:
    document = json.loads(value)
    call_us = from_datetime(datetime.fromisoformat(document[CALL_TIME_FIELD]))
    if compact:
        value = json.dumps(document, separators=(",", ":")).encode()
    return _Call(int(document[CALL_ID_FIELD]), call_us, value)


def topic_name(records: int, partitions: int, *, compact: bool = False) -> str:
    """The topic that holds such a backlog; several lie in one broker's folder."""
    return f"backlog-{records}-{partitions}{'-compact' if compact else ''}"


def open_broker(data_dir: Path) -> tuple[RunningBroker, KafkaSettings]:
    """The embedded broker on a free port, with its default heap, and where it is."""
    settings = Settings()
    kafka = msgspec.structs.replace(settings.kafka, port=0)
    broker = start_broker(msgspec.structs.replace(settings, kafka=kafka).in_folder(data_dir))
    return broker, msgspec.structs.replace(kafka, bootstrap_servers=broker.bootstrap_servers)


def fill_topic(kafka: KafkaSettings, backlog: Backlog) -> float:
    """Publishes what the topic does not hold yet.

    Args:
        kafka: names broker, topic and partitions.

    Returns:
        Records a second; 0 where everything was there.
    """
    plan = ProducerPlan(kafka, backlog.identity, Pace.from_speed("max"))
    began = monotonic()
    published = publish(plan, backlog.records, Event())
    return published.sent / (monotonic() - began)


@click.command()
@click.option("--records", default=4_000_000, show_default=True)
@click.option("--partitions", default=SHIPPED_PARTITIONS, show_default=True)
@click.option("--compact", is_flag=True, help="Values without the real file's indentation.")
@click.option("--keep", type=click.Path(path_type=Path), required=True, help="The broker's folder.")
def main(records: int, partitions: int, compact: bool, keep: Path) -> None:
    """Make a backlog in the broker's folder DIR, to be measured with later."""
    backlog = open_backlog(records, compact=compact)
    broker, kafka = open_broker(keep)
    with broker:
        topic = topic_name(records, partitions, compact=compact)
        named = msgspec.structs.replace(kafka, topic=topic, partitions=partitions)
        rate = fill_topic(named, backlog)
    click.echo(
        f"{datetime.now(UTC):%H:%M:%S} {topic}: {backlog.origin}, {backlog.mean_bytes:.0f} bytes a "
        f"value, {backlog.expected}, published at {rate:,.0f} records/s"
    )


if __name__ == "__main__":
    main()
