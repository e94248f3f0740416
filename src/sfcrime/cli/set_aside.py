"""What `rejected` and `late` share: the bytes of a record, read again from Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sfcrime.cli.output import escaped_bytes
from sfcrime.domain.topic_state import require_same
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.consumer import read_record
from sfcrime.kafka.topic import Topic
from sfcrime.settings import Settings
from sfcrime.store.records import Generation, LateRecord, RejectedRecord

SHOWN_BYTES = 400
"""Bytes of a record in a table; JSON has all of them."""

NOT_THERE = "(no longer in Kafka)"
NO_VALUE = "(no value)"

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RecordBytes:
    """A record's value as Kafka holds it now."""

    present: bool
    value: bytes | None

    def shown(self) -> str:
        """For a terminal: printable ASCII only, cut where it is long."""
        if not self.present:
            return NOT_THERE
        if self.value is None:
            return NO_VALUE
        text = escaped_bytes(self.value[:SHOWN_BYTES])
        return text if len(self.value) <= SHOWN_BYTES else f"{text}... ({len(self.value):,} bytes)"

    def as_json(self) -> dict[str, Any]:
        """For a program: the whole value, escaped as `escaped_bytes` says; null where none."""
        return {
            "in_kafka": self.present,
            "value": None if self.value is None else escaped_bytes(self.value),
        }


def read_values(
    settings: Settings,
    generation: Generation,
    records: Sequence[RejectedRecord] | Sequence[LateRecord],
) -> dict[Place, RecordBytes]:
    """The records' bytes by (partition, offset); starts the embedded broker if it does not run.

    Raises:
        TopicMadeAnew: the topic was deleted and made again, so its offsets mean other records.
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    if not records:
        return {}
    found: dict[Place, RecordBytes] = {}
    with open_kafka(settings.of_topic(generation.topic)) as opened:
        topic = Topic(opened.kafka)
        require_same(topic.name, generation.topic_id, topic.ask_head(())().topic_id)
        for each in records:
            record = read_record(topic, each.partition, each.offset)
            value = None if record is None else record.value
            found[each.partition, each.offset] = RecordBytes(record is not None, value)
    return found
