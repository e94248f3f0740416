"""`sfcrime identities`: what is kept of every counted call, so that its repeats are found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import (
    add_row,
    print_json,
    print_line,
    print_table,
    source_line,
    source_title,
    table_of,
)
from sfcrime.domain.calls import Stage
from sfcrime.domain.wall_clock import to_iso
from sfcrime.settings import Settings
from sfcrime.store.address import store_address
from sfcrime.store.reader import StoreReader, open_reader

Row = dict[str, Any]


@click.command("identities", epilog="Example:  sfcrime identities --blocks")
@setting_flags("--data-dir", "--store-url")
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Rows; 0: all."
)
@click.option("--blocks", is_flag=True, help="Show the blocks that hold them instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(settings: Settings, limit: int, blocks: bool, as_json: bool) -> None:
    """The identities of all counted calls: call id, call time and stage.

    A second record of an identity is a duplicate, however far apart. They are listed block by
    block, the newest blocks first; docs/store.md describes how a block is packed.
    """
    with open_reader(store_address(settings), copied=not limit) as reader:
        found = _blocks(reader) if blocks else _identities(reader)
        rows = list(islice(found, limit or None))
        total, generation = reader.totals().accounting.counted, reader.generation()
    name = "blocks" if blocks else "identities"
    if as_json:
        source = {"source": source_title(generation), "synthetic": generation.synthetic}
        print_json({name: rows, "counted": total, **source})
        return
    print_line(f"Identities: {total:,}, one for each counted call")
    print_line(source_line(generation))
    print_line()
    if not rows:
        print_line("None so far.")
        return
    filled = [name for name in rows[0] if any(row[name] for row in rows) or name == "level"]
    columns = [each.replace("_", " ").capitalize() for each in filled]
    table = table_of(*columns, numbers=["Block", "Level", "Identities", "Call id"])
    for row in rows:
        add_row(table, *(row[each] for each in filled))
    print_table(table)
    print_line()
    print_line(f"{len(rows):,} {name} listed.")


def _blocks(reader: StoreReader) -> Iterator[Row]:
    for header, rows, unreadable in reader.identity_blocks():
        times = [to_iso(each) for each in rows.calls_us[[0, -1]].tolist()] if len(rows) else None
        yield {
            "block": header.number,
            "level": header.level,
            "identities": header.identities,
            "first_call_time": times[0] if times else None,
            "last_call_time": times[1] if times else None,
            "unreadable": unreadable,
        }


def _identities(reader: StoreReader) -> Iterator[Row]:
    stages = {each.value: each.name.lower() for each in Stage}
    for _, rows, _ in reader.identity_blocks():
        columns = (rows.call_ids, rows.calls_us, rows.stages)
        for call_id, call_us, stage in zip(*(each.tolist() for each in columns), strict=True):
            yield {
                "call_id": str(call_id),
                "call_time": to_iso(call_us),
                "stage": stages.get(stage, str(stage)),
            }
