"""What `late` and `rejected` share: flags, body, and both forms of the list of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import click
from rich.table import Table

from sfcrime.cli.options import MAX_NUMBER, setting_flags
from sfcrime.cli.output import (
    add_row,
    print_json,
    print_line,
    print_table,
    source_line,
    source_title,
    table_of,
)
from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.domain.safe_text import escaped_bytes
from sfcrime.kafka.places import Content, Place
from sfcrime.pipeline.counted_topic import read_again
from sfcrime.settings import Settings
from sfcrime.store.address import store_address
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import Generation
from sfcrime.store.set_aside import SetAsideKept

_SHOWN_BYTES = 400
"""Bytes of a record in a table; JSON has as many as a record that can count, and says how many
there are."""

_NAMED_PARTITIONS = 4

_Bytes = Mapping[Place, Content | None]


class Row(NamedTuple):
    """A record that was set aside."""

    place: Place
    fields: dict[str, Any]
    """What JSON says of it beside its place."""
    cells: Sequence[str]
    """What the table says of it beside its place."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The records that were asked for, and what is said of all."""

    name: str
    heading: str
    kept: SetAsideKept
    facts: Mapping[str, Any]
    """Of all records, for JSON."""
    counts: Table | None
    """Of all records, for a terminal."""
    columns: Sequence[str]
    """What `Row.cells` are."""
    rows: Iterable[Row]


def set_aside_flags(function: Callable[..., None]) -> Callable[..., None]:
    """The flags that both commands have; `--reason` comes before them."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--bytes",
            "with_bytes",
            is_flag=True,
            help="Read the records again from Kafka; what does not print is escaped, as in \\x1b.",
        ),
        click.option(
            "--limit",
            type=click.IntRange(0, MAX_NUMBER),
            default=50,
            show_default=True,
            help="Records to list; 0: all.",
        ),
        click.option(
            "--partition",
            type=click.IntRange(0, MAX_NUMBER),
            help="Only records of this partition.",
        ),
    ):
        function = decorate(function)
    return function


place_flags = setting_flags("--data-dir", "--store-url", "--bootstrap-servers", "--kafka-config")
"""Where store and topic are."""


def list_set_aside(
    settings: Settings,
    read: Callable[[StoreReader, Generation], Listing],
    *,
    with_bytes: bool,
    as_json: bool,
) -> None:
    """Prints what `read` finds in one snapshot of the store, and the records' bytes if asked to."""
    with open_reader(store_address(settings)) as reader:
        generation = reader.generation()
        listing = read(reader, generation)
        rows = list(listing.rows)
    places = [row.place for row in rows]
    most_bytes = MAX_VALUE_BYTES if as_json else _SHOWN_BYTES
    found = read_again(settings, generation, places, most_bytes) if with_bytes else None
    if as_json:
        print_json(_document(listing, rows, generation, found or {}))
    else:
        _print_tables(listing, rows, generation, found)


def _document(
    listing: Listing, rows: Sequence[Row], generation: Generation, found: _Bytes
) -> dict[str, Any]:
    return {
        listing.name: [
            {
                **dict(zip(("partition", "offset"), row.place, strict=True)),
                **row.fields,
                **(_bytes_as_json(found[row.place]) if row.place in found else {}),
            }
            for row in rows
        ],
        "total": listing.kept.records,
        "dropped": listing.kept.dropped,
        "kept_from": listing.kept.kept_from,
        **listing.facts,
        "topic": generation.topic,
        "source": source_title(generation),
        "synthetic": generation.synthetic,
    }


def _print_tables(
    listing: Listing, rows: Sequence[Row], generation: Generation, found: _Bytes | None
) -> None:
    print_line(listing.heading)
    print_line(source_line(generation))
    print_line()
    kept = listing.kept
    if not kept.records:
        print_line("None so far.")
        return
    if listing.counts is not None:
        print_table(listing.counts)
        print_line()
    columns = ("Partition", "Offset", *listing.columns, *(["Bytes"] if found is not None else []))
    table = table_of(*columns, numbers=["Partition", "Offset", "Days after"])
    for row in rows:
        shown = [] if found is None else [_bytes_as_text(found[row.place])]
        add_row(table, *row.place, *row.cells, *shown)
    print_table(table)
    print_line()
    print_line(f"{len(rows):,} of {kept.records:,} listed.")
    if kept.dropped:
        newest = f"The newest {kept.records - kept.dropped:,} of {kept.records:,} are kept"
        print_line(f"{newest}, from {_starts(kept.kept_from)}.")


def _starts(kept_from: Mapping[int, int]) -> str:
    """The first partitions where rows were dropped, and where their kept rows begin."""
    named = list(kept_from.items())[:_NAMED_PARTITIONS]
    text = ", ".join(f"offset {offset:,} of partition {number}" for number, offset in named)
    more = len(kept_from) - len(named)
    return f"{text} and so on in {more} more (--json names them)" if more else text


def _bytes_as_json(found: Content | None) -> dict[str, Any]:
    """The value, escaped as `escaped_bytes` says, null where there is none; `bytes_left_out` says
    how many of its bytes come after those that are shown."""
    if found is None or found.value is None:
        return {"in_kafka": found is not None, "value": None, "bytes_left_out": 0}
    return {
        "in_kafka": True,
        "value": escaped_bytes(found.value),
        "bytes_left_out": found.size - len(found.value),
    }


def _bytes_as_text(found: Content | None) -> str:
    """Printable ASCII only, cut where it is long."""
    if found is None:
        return "(no longer in Kafka)"
    if found.value is None:
        return "(no value)"
    text = escaped_bytes(found.value)
    return text if found.size == len(found.value) else f"{text}... ({found.size:,} bytes)"
