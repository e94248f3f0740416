"""Rows of a table as calls: each becomes a JSON object of its columns' text.

Texts are latin-1 views of bytes, as in `elements`: text that is no UTF-8 passes unharmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from sfcrime.sources.elements import Element


def row_element(fields: Sequence[str], texts: Iterable[str | None]) -> Element:
    """A row as the element that a JSON file would hold for it.

    Args:
        fields: names, ASCII.
        texts: as many; None for a cell without a value.
    """
    call = dict(zip(fields, texts, strict=True))
    value = orjson.dumps(call)
    if not value.isascii():
        value = value.decode().encode("latin-1")
    return Element(value, call)
