"""Splits a JSON array, or newline-delimited JSON, into its elements, byte for byte.

Bytes are read as latin-1, which maps each byte to one character and back: positions are byte
positions, and text that is no UTF-8 passes unharmed (whether it counts is judged elsewhere).
The elements themselves are scanned by the standard library's JSON scanner, leniently: raw control
characters and NaN pass here and are judged later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from sfcrime.sources.nesting import end_of_nested_element

BYTE_ORDER_MARK = "\xef\xbb\xbf"
"""The UTF-8 mark as latin-1 shows it; it may stand at the start of the content."""
CHUNK_BYTES = 1 << 20
MAX_ELEMENT_BYTES = 64 << 20
"""An element beyond this is no call but a broken file; it bounds the memory of the scan."""

_BLANKS = re.compile(r"[ \t\r\n]*")
# The longest token that a chunk's end can cut so that the scanner complains at its start.
_LONGEST_CUT_TOKEN = len("-Infinity")
_WITHIN_ELEMENT = "it ends within an element"


class Element(NamedTuple):
    """One element of the file."""

    value: bytes
    """Its bytes as they stand in the file, without blanks around them."""
    parsed: object
    """What the scanner made of it; numbers are None, and so is an element nested too deeply."""


class BrokenContent(Exception):
    """The content is no JSON array and no newline-delimited JSON, from `position` on.

    Internal to this room: the file source turns it into `UnreadableFile`.
    """

    def __init__(self, reason: str, position: int, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        """Byte of the uncompressed content, from 0."""
        self.line = line
        """From 1."""


class Chunks(Protocol):
    """Where the bytes come from."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end alone."""


def _no_number(text: str) -> None:
    """Numbers are not needed, and one of 5,000 digits must not stop the scan."""


_DECODER = json.JSONDecoder(
    strict=False, parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number
)


class _Window:
    """The part of the content that is in memory, and the place reached in it."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self.text = ""
        self.at = 0
        self.ended = False
        self._passed_bytes = 0
        self._passed_lines = 0

    def read_more(self) -> None:
        """Drops what was passed and reads on, at least doubling a pending element's text."""
        self._passed_bytes += self.at
        self._passed_lines += self.text.count("\n", 0, self.at)
        pending = self.text[self.at :]
        self.at = 0
        if len(pending) > MAX_ELEMENT_BYTES:
            raise self.broken(f"an element of more than {MAX_ELEMENT_BYTES} bytes", 0)
        more = self._chunks.read(max(CHUNK_BYTES, len(pending)))
        self.ended = not more
        self.text = pending + more.decode("latin-1")

    def skip_blanks(self) -> str:
        """Passes blanks; the character reached, or "" at the end of the content."""
        while True:
            run = _BLANKS.match(self.text, self.at)
            assert run is not None
            self.at = run.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended:
                return ""
            self.read_more()

    def broken(self, reason: str, index: int) -> BrokenContent:
        line = self._passed_lines + self.text.count("\n", 0, index) + 1
        return BrokenContent(reason, self._passed_bytes + index, line)


def split_elements(chunks: Chunks) -> Iterator[Element]:
    """The elements of the content, in its order.

    Content whose first character is "[" is one array; anything else is newline-delimited. Blank
    lines are passed over; content without elements gives none.

    Raises:
        BrokenContent: where the content stops being JSON or ends too early. Elements before that
            place have been given already: take none of them as the file's before the end.
    """
    window = _Window(chunks)
    while len(window.text) < len(BYTE_ORDER_MARK) and not window.ended:
        window.read_more()
    if window.text.startswith(BYTE_ORDER_MARK):
        window.at = len(BYTE_ORDER_MARK)
    if window.skip_blanks() == "[":
        yield from _array_elements(window)
    else:
        yield from _line_elements(window)


def _array_elements(window: _Window) -> Iterator[Element]:
    window.at += 1
    character = window.skip_blanks()
    if character == "]":
        window.at += 1
    while character != "]":
        yield _next_element(window)
        character = window.skip_blanks()
        if character not in (",", "]"):
            missing = "a comma or the closing bracket is missing"
            raise window.broken(missing if character else "the array has no end", window.at)
        window.at += 1
        if character == ",":
            window.skip_blanks()
    if window.skip_blanks():
        raise window.broken("there is text after the array", window.at)


def _line_elements(window: _Window) -> Iterator[Element]:
    while window.skip_blanks():
        while (line_end := window.text.find("\n", window.at)) < 0 and not window.ended:
            window.read_more()
        line_end = len(window.text) if line_end < 0 else line_end
        line = window.text[window.at : line_end].rstrip(" \t\r")
        scan = _scan(line)
        if scan.problem:
            raise window.broken(scan.problem, window.at + min(scan.end, len(line)))
        if scan.end < len(line):
            raise window.broken("there is text after the line's value", window.at + scan.end)
        yield Element(line.encode("latin-1"), scan.parsed)
        window.at = line_end


def _next_element(window: _Window) -> Element:
    """The array's element at the place reached, which it passes."""
    while True:
        text, at = window.text, window.at
        scan = _scan(text, at)
        # A number at the very end may go on in the next chunk: "1", "1e" and "1e+" read as 1.
        whole = scan.end + len("e+") < len(text) or window.ended
        if not scan.problem and whole:
            window.at = scan.end
            return Element(text[at : scan.end].encode("latin-1"), scan.parsed)
        if window.ended or not (scan.cut or not scan.problem):
            raise window.broken(scan.problem, min(scan.end, len(text)))
        window.read_more()


class _Scan(NamedTuple):
    """What one look at a value gave."""

    parsed: object
    end: int
    """After the value, or where the problem is."""
    problem: str = ""
    """Why there is no value; "" where there is one."""
    cut: bool = False
    """True where more text may solve the problem."""


def _scan(text: str, at: int = 0) -> _Scan:
    try:
        return _Scan(*_DECODER.raw_decode(text, at))
    except json.JSONDecodeError as error:
        index, problem = error.pos, error.msg[:1].lower() + error.msg[1:]
        unterminated = problem.startswith("unterminated")
        cut = unterminated or index >= len(text) - _LONGEST_CUT_TOKEN
        if unterminated or index >= len(text):
            problem = _WITHIN_ELEMENT
    except RecursionError:
        nested = end_of_nested_element(text, at)
        if nested.complete:
            return _Scan(None, nested.end)
        index, cut = nested.at, not nested.problem
        problem = nested.problem or _WITHIN_ELEMENT
    return _Scan(None, index, problem, cut)
