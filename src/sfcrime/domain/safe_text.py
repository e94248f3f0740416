"""Someone else's text, made safe for a terminal and for a spreadsheet.

What records hold never commands a terminal, and a cell that a spreadsheet would run as a formula
never reaches it as one.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol

_FORMULA_SIGNS = {"=", "+", "-", "@"}
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Characters without ink that Unicode counts among letters and marks, so Python as printable."""


class TextSink(Protocol):
    """What text can be written to."""

    def write(self, text: str, /) -> object: ...


def terminal_safe(text: str) -> str:
    """The text with everything that commands a terminal or cannot be seen escaped, as in
    "\\x1b"; a plain blank is all that is left of blanks."""
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        each.encode("unicode_escape").decode("ascii")
        if _UNSEEN.match(each) or not each.isprintable()
        else each
        for each in text
    )


def escaped_bytes(value: bytes) -> str:
    """Bytes as printable ASCII, others as "\\x1b"; a backslash is doubled, so it can be undone."""
    return "".join(
        "\\\\" if each == 0x5C else chr(each) if 0x20 <= each < 0x7F else f"\\x{each:02x}"
        for each in value
    )


def spreadsheet_safe(value: str | float) -> str | float:
    """The value for a CSV cell: text as a terminal shows it, with an apostrophe before what would
    run as a formula; a full-width sign runs too."""
    if isinstance(value, int | float):
        return value
    shown = terminal_safe(value)
    if unicodedata.normalize("NFKC", shown.lstrip()[:1]) in _FORMULA_SIGNS:
        return f"'{shown}"
    return shown


def write_csv(to: TextSink, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    """A header row and the rows, every cell safe in a spreadsheet. All text is quoted: where
    another character separates cells, none begins in the middle of it."""
    writer = csv.writer(to, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow([spreadsheet_safe(value) for value in row])
