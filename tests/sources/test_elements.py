"""Splitting content into elements, byte for byte."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.sources import elements
from sfcrime.sources.elements import BrokenContent, split_elements

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


class OneByteAtATime(io.BytesIO):
    """Chunks whose borders fall everywhere."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1 if size else 0)


def values(content: bytes) -> list[bytes]:
    return [element.value for element in split_elements(io.BytesIO(content))]


def broken(content: bytes) -> BrokenContent:
    with pytest.raises(BrokenContent) as caught:
        values(content)
    return caught.value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"a":"1"},{"b" : 2}]', [b'{"a":"1"}', b'{"b" : 2}']),
        (b'\n[\n    {\n  "a": "1"\n    }\n]\n', [b'{\n  "a": "1"\n    }']),
        (b"[]", []),
        (b" [ ] ", []),
        (b"", []),
        (b"  \n\n", []),
        (b"\xef\xbb\xbf[1]", [b"1"]),
        (b'\xef\xbb\xbf{"a":1}\n', [b'{"a":1}']),
        (b'{"a":1}\n\n  {"b":2}\r\n{"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
        (b'[1, null, true, "x", [2], -1.5e3]', [b"1", b"null", b"true", b'"x"', b"[2]", b"-1.5e3"]),
        (b'["\xff\xfe", "\xc3\xa9"]', [b'"\xff\xfe"', b'"\xc3\xa9"']),
        (b'["a\nb", NaN]', [b'"a\nb"', b"NaN"]),
        (b"[" + b"7" * 5000 + b"]", [b"7" * 5000]),
    ],
)
def test_elements_keep_exactly_their_bytes(content: bytes, expected: list[bytes]) -> None:
    assert values(content) == expected
    one_by_one = [element.value for element in split_elements(OneByteAtATime(content))]
    assert one_by_one == expected


@pytest.mark.parametrize(
    ("content", "position", "line", "reason"),
    [
        (b'[{"a":1}', 8, 1, "the array has no end"),
        (b'[{"a":1},', 9, 1, "it ends within an element"),
        (b'[{"a":1},\n {"b":', 16, 2, "it ends within an element"),
        (b'[{"a":"1', 6, 1, "it ends within an element"),
        (b'[{"a":1}]\nx', 10, 2, "there is text after the array"),
        (b"[1]\n[2]", 4, 2, "there is text after the array"),
        (b'[{"a":1} {"b":2}]', 9, 1, "a comma or the closing bracket is missing"),
        (b"[1,]", 3, 1, "expecting value"),
        (b"[,1]", 1, 1, "expecting value"),
        (b'[{"a":1},\n{"b";2}, {"c":3}, {"d":4}]', 14, 2, "expecting ':' delimiter"),
        (b'[{"a":x}, {"b": 222222}]', 6, 1, "expecting value"),
        (b'{"a":1}\n{"b"\n{"c":3}\n', 12, 2, "it ends within an element"),
        (b'{"a":1}\nhello\n', 8, 2, "expecting value"),
        (b'{"a":1}{"b":2}\n', 7, 1, "there is text after the line's value"),
        (b"[1]\x00\x00", 3, 1, "there is text after the array"),
        (b"\xff\xfe[\x001\x00]\x00", 0, 1, "expecting value"),
    ],
)
def test_a_break_is_told_with_its_byte_and_line(
    content: bytes, position: int, line: int, reason: str
) -> None:
    error = broken(content)
    assert (error.position, error.line, error.reason) == (position, line, reason)


def test_positions_count_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "CHUNK_BYTES", 64)
    content = b"[\n" + b'{"a": "1234567890"},\n' * 1000 + b"oops]"
    error = broken(content)
    assert (error.position, error.line) == (2 + 21 * 1000, 1002)


def test_an_element_nested_a_hundred_thousand_deep_passes_unharmed() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    found = list(split_elements(io.BytesIO(b"[1," + deep + b',{"a":{"b":2}}]')))
    assert [element.value for element in found] == [b"1", deep, b'{"a":{"b":2}}']
    assert found[1].parsed is None


def test_a_break_inside_a_deeply_nested_element_is_found() -> None:
    error = broken(b"[" + b"[" * 100_000 + b"}" + b"]" * 100_001)
    assert (error.position, error.reason) == (100_001, "unexpected }")


def test_a_deeply_nested_element_that_ends_too_early_is_broken() -> None:
    error = broken(b"[" + b'{"a":' * 100_000)
    assert error.reason == "it ends within an element"


def test_an_element_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "MAX_ELEMENT_BYTES", 1000)
    monkeypatch.setattr(elements, "CHUNK_BYTES", 100)
    assert broken(b'[1, "' + b"x" * 5000 + b'"]').reason == "an element of more than 1000 bytes"


@given(st.lists(JSON_VALUES, max_size=6), st.sampled_from([None, 2]), st.integers(1, 40))
def test_any_array_is_split_into_what_it_was_made_of(
    made_of: list[object], indent: int | None, chunk: int
) -> None:
    class Chunked(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(chunk)

    content = json.dumps(made_of, indent=indent, ensure_ascii=False).encode()
    assert [json.loads(e.value) for e in split_elements(Chunked(content))] == made_of
