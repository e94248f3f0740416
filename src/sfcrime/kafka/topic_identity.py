"""Which topic a name stands for: a topic that is deleted and made again has another id."""

from __future__ import annotations

import ctypes

import confluent_kafka
from confluent_kafka.admin import TopicDescription  # type: ignore[attr-defined]

from sfcrime.errors import TopicMadeAgain

_KEEPS_EVERY_ID = str(confluent_kafka.__version__) == "2.16.1"
"""This version holds one reference too many to each topic id that it hands out, so that nothing
ever frees it: some 100 bytes a batch, gigabytes a year where batches never pause."""


def require_same(topic: str, counted_id: str, found_id: str) -> None:
    """Refuses a topic that was deleted and made again since it was counted.

    Raises:
        TopicMadeAgain: naming both ids.
    """
    if counted_id != found_id:
        raise TopicMadeAgain(topic, counted_id, found_id)


def id_of(described: TopicDescription) -> str:
    """The topic's id. It may be asked for once of a description: it is freed with it."""
    found = described.topic_id
    if _KEEPS_EVERY_ID:
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(found))
    return str(found)
