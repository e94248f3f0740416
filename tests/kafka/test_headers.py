"""Headers that no client of ours could have written."""

from __future__ import annotations

import json
from typing import cast

import pytest
from confluent_kafka import Message
from record_samples import IDENTITY, our_headers

from sfcrime.domain.calls import SourceIdentity
from sfcrime.kafka.headers import RecordOrigin, SequenceReader, record_origin, source_header


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


def stamp(**changed: object) -> bytes:
    """`sfcrime-source` as ours, but for what is changed."""
    fields = {"name": "file:abc", "title": "calls.json", "synthetic": False, "partitions": 1}
    return json.dumps(fields | changed).encode()


def origin_of(source: bytes, sequence: bytes = b"41") -> RecordOrigin | None:
    return record_origin(cast(Message, Written(our_headers(sequence, source))))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(stamp(more=1), id="a field more"),
        pytest.param(stamp(partitions=0), id="no partition"),
        pytest.param(stamp(partitions=-1), id="partitions below 0"),
        pytest.param(stamp(partitions=2**70), id="more partitions than a topic can have"),
        pytest.param(stamp(partitions="1"), id="partitions as text"),
        pytest.param(stamp(synthetic=1), id="a number for yes"),
        pytest.param(stamp(name=""), id="no name"),
        pytest.param(stamp(name="file:abc\nerror: "), id="a name of two lines"),
        pytest.param(stamp(name="f" * 201), id="a name that is too long"),
        pytest.param(stamp(title=None), id="no title"),
        pytest.param(stamp(title="t" * 100_000), id="a title of 100 KB"),
        pytest.param(b" " * 8_192 + stamp(), id="blanks without end"),
        pytest.param(b'{"name":' + b"[" * 5_000, id="nested 5,000 deep"),
    ],
)
def test_what_our_producer_does_not_write_is_none_of_ours(source: bytes) -> None:
    assert origin_of(stamp()) is not None
    assert origin_of(source) is None


@pytest.mark.parametrize("sequence", [b"041", b"00", b"-5", b"+5", b"4\n", b"1" * 19, b""])
def test_a_sequence_is_digits_as_they_are_written(sequence: bytes) -> None:
    assert origin_of(stamp(), sequence) is None


def test_a_title_fits_on_a_line_however_long_the_names_of_files_are() -> None:
    origin = origin_of(source_header(SourceIdentity("files:1", "\x01" * 771, False), 1))

    assert origin is not None
    assert origin.source.identity.title == "\ufffd" * 197 + "..."


def test_control_characters_of_a_title_are_replaced() -> None:
    origin = origin_of(stamp(title="ca\x00lls\n\x7f\x9b of été.json"))

    assert origin is not None
    assert origin.source.identity.title == "ca\ufffdlls\ufffd\ufffd\ufffd of été.json"


def test_a_file_whose_name_is_no_text_has_a_title() -> None:
    origin = origin_of(source_header(SourceIdentity("file:1", "calls\udcff.json", False), 1))

    assert origin is not None
    assert origin.source.identity.title == "calls\\udcff.json"
