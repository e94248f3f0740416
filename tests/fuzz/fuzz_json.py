"""Makes JSON texts, right and wrong: strings, values, brackets within brackets."""

from __future__ import annotations

import fuzz_tables as tables
from fuzz_calls import PLAIN_LABELS, Dice


class JsonMaker(Dice):
    """Makes JSON texts, or nearly such."""

    def string(self) -> bytes:
        """A string."""
        parts = [self._one_of(tables.ESCAPES) for _ in range(self._below(3))]
        parts.append(self._one_of(PLAIN_LABELS))
        if self._random() < 0.5:
            parts.reverse()
        return b'"%b"' % b"".join(parts)

    def value(self, levels: int) -> bytes:
        """A value of at most so many levels."""
        way = self._random()
        if not levels or way < 0.35:
            return self.string()
        if way < 0.55:
            return self._one_of(tables.NUMBERS)
        if way < 0.7:
            return self._one_of(tables.WORDS)
        space = self._one_of(tables.SPACES)
        items = [self.value(levels - 1) for _ in range(self._below(4))]
        if way < 0.85:
            return b"[%b]" % (space + b",").join(items)
        return b"{%b}" % b",".join(self.string() + space + b":" + space + item for item in items)

    def deep(self) -> bytes:
        """28 to 36 levels, objects among them, perhaps never closed."""
        depth, every = 28 + self._below(9), self._below(4)
        kinds = [bool(every) and level % every == 0 for level in range(depth)]
        value = b"".join(b'{"d":' if kind else b"[" for kind in kinds)
        value += self._one_of((b"1", b"{}", b'"]"', b'"[\\"["', b"[],[]", b"}", b'"'))
        if self._random() < 0.8:
            value += b"".join(b"}" if kind else b"]" for kind in reversed(kinds))
        return value
