"""How results reach a terminal, a program or a spreadsheet, each without surprises.

What records hold is someone else's text: control characters never reach the terminal, and a cell
that a spreadsheet would run as a formula never reaches it as one.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfcrime.store.records import Generation

_FORMULA_SIGNS = {"=", "+", "-", "@"}
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Characters without ink that Unicode counts among letters and marks, so Python as printable."""
_LAST_INSTANT_MS = 253_402_300_799_999
"""The last of the year 9999."""


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


def spreadsheet_safe(value: str | int) -> str | int:
    """The value for a CSV cell: text as a terminal shows it, with an apostrophe before what would
    run as a formula; a full-width sign runs too."""
    if isinstance(value, int):
        return value
    shown = terminal_safe(value)
    if unicodedata.normalize("NFKC", shown.lstrip()[:1]) in _FORMULA_SIGNS:
        return f"'{shown}"
    return shown


def instant_iso(instant_ms: int | None) -> str | None:
    """ "2026-02-03T04:05:06.789Z" of milliseconds since 1970 UTC; None where there are none, or
    where they lie outside of the years 1970 to 9999, as those of a record can."""
    if instant_ms is None or not 0 <= instant_ms <= _LAST_INSTANT_MS:
        return None
    instant = datetime.fromtimestamp(instant_ms // 1000, UTC).replace(
        microsecond=instant_ms % 1000 * 1000
    )
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_text(instant_ms: int) -> str:
    """ "2026-02-03 04:05:06.789Z", or the number where it is no date."""
    return (instant_iso(instant_ms) or f"{instant_ms} ms").replace("T", " ")


def source_title(generation: Generation) -> str:
    """What the numbers were made of: the source's title, or the topic where none is known."""
    return generation.source_title or f"topic {generation.topic}"


def source_line(generation: Generation) -> str:
    """The source for a heading; synthetic data says so in capitals."""
    mark = "SYNTHETIC DATA: " if generation.synthetic else "Source: "
    return mark + source_title(generation)


def lateness_rule(generation: Generation) -> str:
    """The lateness rule in words."""
    if generation.lateness_s is None:
        return "the lateness rule is off for this topic"
    return f"allowed lateness: {generation.lateness_s / 3600:g} hours"


def note_console() -> Console:
    """Where a command says what it does: stderr."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def note(text: str, style: str = "", console: Console | None = None) -> None:
    """A line beside the results, on stderr by default; never folded, as a log has no width."""
    (console or note_console()).print(Text(terminal_safe(text), style=style), soft_wrap=True)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object on stdout, ASCII only."""
    click.echo(json.dumps(document, indent=2))


def print_csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """A header row and the rows on stdout, every cell safe in a spreadsheet. All text is quoted:
    where another character separates cells, none begins in the middle of it."""
    writer = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow([spreadsheet_safe(value) for value in row])


def table_of(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in `numbers` are kept whole and to the right."""
    right = set(numbers)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        if name in right:
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    return table


def add_row(table: Table, *values: str | int | None) -> None:
    """Adds a row: numbers get separators, None is empty, text is never read as markup."""
    table.add_row(
        *(
            Text(f"{each:,}" if isinstance(each, int) else terminal_safe(each or ""))
            for each in values
        )
    )


def print_table(table: Table) -> None:
    """The table on stdout, as wide as the terminal (80 columns where there is none)."""
    Console(file=sys.stdout, highlight=False).print(table)


def print_line(text: str = "") -> None:
    """A line on stdout, folded at the terminal's width."""
    Console(file=sys.stdout, highlight=False).print(Text(terminal_safe(text)))


def print_lines(lines: Iterable[str]) -> None:
    """Lines on stdout as they are: for text that another program may search."""
    for line in lines:
        click.echo(terminal_safe(line))
