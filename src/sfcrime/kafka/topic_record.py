"""A record of a topic."""

from __future__ import annotations

from typing import NamedTuple


class TopicRecord(NamedTuple):
    """One record read back from Kafka."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    sequence: int | None = None
    """Its position in our producer's source, by its headers; None where it has none of that
    source, and where headers were not asked for."""
