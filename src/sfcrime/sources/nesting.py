"""Finds the end of a JSON value that is nested deeper than the JSON scanner can follow.

A token at a time with a stack of its own, so depth costs memory and no recursion. Slower than
the scanner by far; it is met only by content that no police call has.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"[ \t\r\n]*"
    r'(?:([\[\]{},:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity))',
    re.DOTALL,
)
_BLANKS = re.compile(r"[ \t\r\n]*")
# The beginnings of tokens that may be complete with more text.
_BEGUN = re.compile(r'"(?:[^"\\]|\\.)*\\?|[-A-Za-z\d.+]{0,9}', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}


class NestedEnd(NamedTuple):
    """Where a value ends, or why its end was not found."""

    complete: bool
    end: int
    """Index after the value, where complete."""
    problem: str
    """What is wrong with the text; "" where complete, or where it only stops too early."""
    at: int
    """Index of the problem, or of the token that is cut."""


def end_of_nested_element(text: str, start: int) -> NestedEnd:
    """The end of the array or object that begins at `start`."""
    closers: list[str] = []
    allowed = "value"
    at = start
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            begun = _BLANKS.match(text, at)
            assert begun is not None
            cut = _BEGUN.fullmatch(text, begun.end()) is not None
            problem = "" if cut else "a value is missing or misspelt"
            return NestedEnd(False, 0, problem, begun.end())
        symbol = match[1] or ("text" if match[2] else "plain")
        following = _after(symbol, allowed, closers)
        if following is None:
            return NestedEnd(False, 0, f"unexpected {match[0].strip()[:20]}", match.start())
        if not closers:
            return NestedEnd(True, match.end(), "", match.end())
        allowed, at = following, match.end()


def _after(symbol: str, allowed: str, closers: list[str]) -> str | None:
    """What may follow `symbol`, or None where it may not stand; keeps the stack of brackets.

    `allowed` is one of "value", "first value" (or a closing bracket), "key", "first key" (or a
    closing brace), "colon" and "next" (a comma or the closing of the innermost bracket).
    """
    if symbol in _CLOSING:
        if "value" not in allowed:
            return None
        closers.append(_CLOSING[symbol])
        return "first value" if symbol == "[" else "first key"
    if symbol in "]}":
        if allowed not in ("next", "first value" if symbol == "]" else "first key"):
            return None
        return "next" if closers.pop() == symbol else None
    if symbol == ",":
        if allowed != "next":
            return None
        return "value" if closers[-1] == "]" else "key"
    if symbol == ":":
        return "value" if allowed == "colon" else None
    if "key" in allowed:
        return "colon" if symbol == "text" else None
    return "next" if "value" in allowed else None
