"""Headers that no client of ours could have written."""

from __future__ import annotations

from typing import cast

import pytest
from confluent_kafka import Message
from record_samples import IDENTITY, our_headers

from sfcrime.kafka.headers import SequenceReader, record_origin


class Unreadable:
    """A message with a header whose name is not UTF-8, as the client gives it.

    The first question fails; what a second one gives crashes whoever looks at it.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._asked = False

    def headers(self) -> list[tuple[str, bytes]]:
        assert not self._asked
        self._asked = True
        raise self._error


class Written:
    """A message with these headers."""

    def __init__(self, headers: list[tuple[str, bytes]] | None) -> None:
        self._headers = headers

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self._headers


@pytest.mark.parametrize(
    "error",
    [
        SystemError("returned a result with an exception set"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ],
)
def test_a_message_whose_headers_the_client_cannot_read_is_none_of_ours(error: Exception) -> None:
    assert SequenceReader(IDENTITY.name).sequence_of(cast(Message, Unreadable(error))) is None
    assert record_origin(cast(Message, Unreadable(error))) is None


def test_sequences_are_read_among_records_of_others() -> None:
    reader = SequenceReader(IDENTITY.name)
    written = [our_headers(b"5"), None, our_headers(b"6", b"{}"), our_headers(b"7")]

    read = [reader.sequence_of(cast(Message, Written(headers))) for headers in written]

    assert read == [5, None, None, 7]


def test_what_a_record_says_of_its_origin_is_both_headers() -> None:
    origin = record_origin(cast(Message, Written(our_headers(b"41"))))

    assert origin is not None
    assert (origin.source.identity, origin.source.partitions, origin.sequence) == (IDENTITY, 1, 41)
