"""A record as it stands in a topic."""

from __future__ import annotations

from typing import NamedTuple


class TopicRecord(NamedTuple):
    """One record read back from Kafka."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
