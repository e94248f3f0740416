"""What makes a file one of calls for service, how a row of a table becomes one, and the refusal of
any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from sfcrime.domain.calls import CALL_FIELDS, NEEDED_FIELDS
from sfcrime.errors import UsageError
from sfcrime.sources.elements import Element

_SHOWN_NAMES = 8
_SHOWN_LETTERS = 40


def call_columns(name: str, what: str, columns: Sequence[str]) -> list[str]:
    """The fields of a call that a table has, in the order in which they are published.

    Args:
        name: of the file.
        what: introduces the columns in a message, e.g. "its columns are".
        columns: of the table.

    Raises:
        UsageError: a needed field is not among the columns, or a field of a call is there twice.
    """
    if not set(NEEDED_FIELDS) <= set(columns):
        raise other_shape(name, what, columns)
    fields = [field for field in CALL_FIELDS if field in columns]
    for field in fields:
        if columns.count(field) > 1:
            raise UsageError(
                f"{name} has {columns.count(field)} columns of the name {field}.",
                rule="A field of a call is one column.",
                next_step="rename or drop the columns that are not meant",
            )
    return fields


def row_element(fields: Sequence[str], texts: Iterable[str | None]) -> Element:
    """A row as the element that a JSON file would hold for it.

    Args:
        fields: names, ASCII.
        texts: as many, latin-1 views of bytes as in `elements`, so that text that is no UTF-8
            passes unharmed; None for a cell without a value.
    """
    call = dict(zip(fields, texts, strict=True))
    value = orjson.dumps(call)
    if not value.isascii():
        value = value.decode().encode("latin-1")
    return Element(value, call)


def other_shape(name: str, what: str, found: Sequence[str]) -> UsageError:
    """The error for a file that holds something else.

    Args:
        name: of the file.
        what: introduces the names found, e.g. "its columns are".
        found: names of columns or fields.
    """
    needed = ", ".join(NEEDED_FIELDS)
    missing = ", ".join(field for field in NEEDED_FIELDS if field not in found)
    return UsageError(
        f"{name} holds no calls for service: {what} {_shown(found)}; missing: {missing}.",
        rule=f"A call has the fields {needed}. A source is CSV (their names in its first line), "
        "Parquet, a JSON array, or one JSON object a line.",
        next_step="name a file of police calls for service, rename its columns, or use `synthetic`",
    )


def _shown(names: Iterable[str]) -> str:
    """The first names, cut where they are long, so that no file can flood a terminal."""
    every = [each if len(each) <= _SHOWN_LETTERS else f"{each[:_SHOWN_LETTERS]}…" for each in names]
    # repr of each: a file that is no text at all must not reach the terminal as it stands.
    shown = ", ".join(each if each.isprintable() else repr(each) for each in every[:_SHOWN_NAMES])
    more = len(every) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown or "none"
