"""The two headers that our producer gives each record, and how they are read.

* `sfcrime-source`: which source the record came from, and how many partitions the topic had, as
  JSON.
* `sfcrime-sequence`: its position in the source from 0, ASCII decimal.

Anybody may write into a topic, so a header can hold anything. A record whose headers are not
exactly of our form is not ours; a forged header of that form cannot be told from ours, and is taken
for one. A title is anybody's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec
from confluent_kafka import Message
from msgspec import Meta

from sfcrime.domain.calls import SourceIdentity

SOURCE_HEADER = "sfcrime-source"
SEQUENCE_HEADER = "sfcrime-sequence"

_MOST_STAMP_BYTES = 8 * 1024
"""The longest names of three files, each character escaped, take 5 KB."""

_MOST_TITLE_CHARACTERS = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_SEQUENCE = re.compile(rb"0|[1-9][0-9]{0,17}")
"""Fits into 64 bits; no source has more records."""


class SourceStamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the header `sfcrime-source` says."""

    name: Annotated[str, Meta(pattern=r"^[!-~]{1,200}\Z")]
    title: str
    synthetic: bool
    partitions: Annotated[int, Meta(ge=1, le=2**31 - 1)]

    @property
    def identity(self) -> SourceIdentity:
        """With a title that fits on a line: anybody's text, which no database is stopped by (NUL
        is none of PostgreSQL's characters)."""
        title = _CONTROL.sub("\ufffd", self.title)
        if len(title) > _MOST_TITLE_CHARACTERS:
            title = f"{title[: _MOST_TITLE_CHARACTERS - 3]}..."
        return SourceIdentity(self.name, title, self.synthetic)


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """What the headers of one record of ours say."""

    source: SourceStamp
    sequence: int


def source_header(identity: SourceIdentity, partitions: int) -> bytes:
    """The value of `sfcrime-source`; what is no text in a file's name is escaped."""
    title = identity.title.encode("utf-8", "backslashreplace").decode()
    return msgspec.json.encode(SourceStamp(identity.name, title, identity.synthetic, partitions))


def record_origin(message: Message) -> RecordOrigin | None:
    """What a record's headers say; None for a record that our producer did not write.

    To be asked once of a message: see `_headers`.
    """
    headers = _headers(message)
    source = _stamp(headers.get(SOURCE_HEADER))
    sequence = _sequence(headers.get(SEQUENCE_HEADER))
    return None if source is None or sequence is None else RecordOrigin(source, sequence)


class SequenceReader:
    """Takes the sequence out of the headers of one source's records.

    Records of a source carry the same `sfcrime-source`, so it is decoded once and compared then.
    The source's title is not looked at: a file that was renamed is the same source.

    Args:
        source_name: `SourceIdentity.name`.
    """

    def __init__(self, source_name: str) -> None:
        self._name = source_name
        self._known: bytes | None = None

    def sequence_of(self, message: Message) -> int | None:
        """A record's sequence; None for one that is not of this source. Once a message."""
        headers = _headers(message)
        source = headers.get(SOURCE_HEADER)
        if source is None:
            return None
        if source != self._known:
            stamp = _stamp(source)
            if stamp is None or stamp.name != self._name:
                return None
            self._known = source
        return _sequence(headers.get(SEQUENCE_HEADER))


def _headers(message: Message) -> dict[str, bytes | None]:
    """All headers by name; none where the client cannot read one of them.

    A name that is not UTF-8 makes the client fail with a SystemError. Asked again, it would give a
    list that must not be touched.
    """
    try:
        return dict(message.headers() or ())  # type: ignore[arg-type]
    except (SystemError, UnicodeDecodeError):
        return {}


def _stamp(source: bytes | None) -> SourceStamp | None:
    if source is None or len(source) > _MOST_STAMP_BYTES:
        return None
    try:
        return msgspec.json.decode(source, type=SourceStamp)
    except (ValueError, RecursionError):  # invalid UTF-8 and msgspec's own are ValueErrors
        return None


def _sequence(text: bytes | None) -> int | None:
    return None if text is None or not _SEQUENCE.fullmatch(text) else int(text)
