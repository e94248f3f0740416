"""The call for service as it is published, and what is needed of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

CALL_FIELDS = (
    "crime_id",
    "original_crime_type_name",
    "report_date",
    "call_date",
    "offense_date",
    "call_time",
    "call_date_time",
    "disposition",
    "address",
    "city",
    "state",
    "agency_id",
    "address_type",
    "common_location",
)
"""The 14 fields of the legacy file, in its order; every value is a string."""

CALL_ID_FIELD = "crime_id"
CALL_TYPE_FIELD = "original_crime_type_name"
CALL_TIME_FIELD = "call_date_time"
DISPOSITION_FIELD = "disposition"
NEEDED_FIELDS = (CALL_ID_FIELD, CALL_TYPE_FIELD, CALL_TIME_FIELD, DISPOSITION_FIELD)
"""The fields a record must hold as strings to be counted."""


class Stage(IntEnum):
    """How far a call has come; with call id and call time it makes the identity of a record.

    The numbers stand in the store: they never change, and there is room for 0 to 3.
    """

    RECEIVED = 0
    ON_SCENE = 1
    CLOSED = 2


class SourceRecord(NamedTuple):
    """One record as a source hands it to the producer, in publication order.

    A NamedTuple, not a dataclass: millions are made, and it costs a third as much.
    """

    sequence: int
    """Position in the source's publication order, from 0, without holes."""
    key: bytes | None
    """The call id, or None where the record has none that could be read."""
    value: bytes
    """The record as it stands in the source, unchanged; a row of a table as a JSON object."""
    published_at_ms: int
    """Virtual publication time: milliseconds since 1970-01-01 UTC, never decreasing."""


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """Which source a topic holds; written into every record's headers and into the store."""

    name: str
    """Stable across machines and restarts, e.g. "file:9f2c..." or "synthetic:seed=1:start=..."."""
    title: str
    """What a person reads: "police-department-calls-for-service.json.gz", "synthetic city"."""
    synthetic: bool
