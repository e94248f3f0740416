"""How results reach a terminal, a program or a spreadsheet, each without surprises.

What records hold is someone else's text, and goes through `domain.safe_text` first.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfcrime.domain.safe_text import terminal_safe, write_csv
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.store.records import Generation

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def instant_text(instant_ms: int) -> str:
    """ "2026-02-03 04:05:06.789Z", or the number where it is no date."""
    return (instant_iso(instant_ms) or f"{instant_ms} ms").replace("T", " ")


def source_title(generation: Generation) -> str:
    """What the numbers were made of: the source's title, or the topic where none is known."""
    return generation.title


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
    """A line beside the results, on stderr by default; never folded, as a log has no width. Where
    it goes to a file on a full disk it is left out, and what it tells of goes on."""
    try:
        (console or note_console()).print(Text(terminal_safe(text), style=style), soft_wrap=True)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise


def print_nowhere() -> None:
    """Lets what is printed on stdout vanish, where its reader has gone: Python would end with an
    error of its own over what it could not write."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object on stdout, ASCII only."""
    click.echo(json.dumps(document, indent=2))


def print_csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """A header row and the rows on stdout, every cell safe in a spreadsheet."""
    write_csv(sys.stdout, header, rows)


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
