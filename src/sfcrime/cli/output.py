"""How results reach a terminal, a program or a spreadsheet, each without surprises.

What records hold is someone else's text: control characters never reach the terminal, and a cell
that a spreadsheet would run as a formula never reaches it as one.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfcrime.store.records import Generation

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def terminal_safe(text: str) -> str:
    """The text with everything a terminal would not print escaped, as in "\\x1b"."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def escaped_bytes(value: bytes) -> str:
    """Bytes as printable ASCII, others as "\\x1b"; a backslash is doubled, so it can be undone."""
    return "".join(
        "\\\\" if each == 0x5C else chr(each) if 0x20 <= each < 0x7F else f"\\x{each:02x}"
        for each in value
    )


def spreadsheet_safe(value: str | int) -> str | int:
    """The value for a CSV cell: an apostrophe goes before text that would run as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


_FIRST_WRITTEN_MS = -62_135_596_800_000
"""Year 1; below, year 10,000."""
_END_OF_WRITTEN_MS = 253_402_300_800_000


def instant_iso(instant_ms: int | None) -> str | None:
    """ "2026-02-03T04:05:06.789Z" of milliseconds since 1970 UTC; None stays None.

    A Kafka timestamp can lie outside of the years that a calendar writes: it stays a number.
    """
    if instant_ms is None:
        return None
    if not _FIRST_WRITTEN_MS <= instant_ms < _END_OF_WRITTEN_MS:
        return f"{instant_ms} ms"
    instant = datetime.fromtimestamp(instant_ms // 1000, UTC).replace(
        microsecond=instant_ms % 1000 * 1000
    )
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    """A header row and the rows on stdout, every cell safe in a spreadsheet; text is exact where
    a program reads it, and safe for a terminal where one shows it."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    is_shown = sys.stdout.isatty()
    for row in rows:
        cells = [spreadsheet_safe(value) for value in row]
        writer.writerow([terminal_safe(str(each)) if is_shown else each for each in cells])


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
