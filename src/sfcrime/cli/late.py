"""`sfcrime late`: the valid records that were published too long after their call."""

from __future__ import annotations

from typing import Any

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import (
    add_row,
    instant_iso,
    print_json,
    print_line,
    print_table,
    source_line,
    source_title,
    table_of,
)
from sfcrime.cli.set_aside import Place, RecordBytes, read_values
from sfcrime.domain.wall_clock import to_iso, wall_clock_of
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import Generation, LateRecord


@click.command("late", epilog="Example:  sfcrime late --limit 10 --bytes")
@setting_flags("--data-dir", "--bootstrap-servers", "--kafka-config")
@click.option("--partition", type=click.IntRange(min=0), help="Only records of this partition.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Records to list; 0: all.",
)
@click.option(
    "--bytes",
    "with_bytes",
    is_flag=True,
    help="Read the records again from Kafka; what does not print is escaped, as in \\x1b.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    settings: Settings, partition: int | None, limit: int, with_bytes: bool, as_json: bool
) -> None:
    """Valid records published more than the allowed lateness after their call.

    They are counted as late and stay out of the statistics; docs/rules.md, rule L1.
    """
    with open_reader(settings.data_dir / STORE_FILE) as reader:
        generation, total = reader.generation(), reader.totals().accounting.late
        records = list(reader.late(limit or None, partition))
    values = read_values(settings, generation, records) if with_bytes else None
    if as_json:
        print_json(_as_json(records, total, values, generation))
    else:
        _print_table(records, total, values, generation)


def _as_json(
    records: list[LateRecord],
    total: int,
    values: dict[Place, RecordBytes] | None,
    generation: Generation,
) -> dict[str, Any]:
    return {
        "late": [
            {
                "partition": record.partition,
                "offset": record.offset,
                "call_time": to_iso(record.call_us),
                "published_at": instant_iso(record.published_ms),
                "lateness_s": lateness_s(record),
                **(values[record.partition, record.offset].as_json() if values else {}),
            }
            for record in records
        ],
        "total": total,
        "allowed_lateness_s": generation.lateness_s,
        "topic": generation.topic,
        "source": source_title(generation),
        "synthetic": generation.synthetic,
    }


def lateness_s(record: LateRecord) -> int:
    """Whole seconds on the wall from the call to its publication."""
    return (wall_clock_of(record.published_ms) - record.call_us) // 1_000_000


def _print_table(
    records: list[LateRecord],
    total: int,
    values: dict[Place, RecordBytes] | None,
    generation: Generation,
) -> None:
    print_line(f"Late records: {total:,} ({allowed(generation)})")
    print_line(source_line(generation))
    print_line()
    if not total:
        print_line("None so far.")
        return
    columns = ("Partition", "Offset", "Call time", "Published (UTC)", "Days after")
    table = table_of(
        *columns,
        *(["Bytes"] if values is not None else []),
        numbers=["Partition", "Offset", "Days after"],
    )
    for record in records:
        published = (instant_iso(record.published_ms) or "").replace("T", " ")[:19]
        shown = [] if values is None else [values[record.partition, record.offset].shown()]
        add_row(
            table,
            record.partition,
            record.offset,
            to_iso(record.call_us).replace("T", " "),
            published,
            f"{lateness_s(record) / 86_400:,.1f}",
            *shown,
        )
    print_table(table)
    print_line()
    print_line(f"{len(records):,} of {total:,} listed.")


def allowed(generation: Generation) -> str:
    """The lateness rule in words."""
    if generation.lateness_s is None:
        return "the lateness rule is off for this topic"
    return f"allowed lateness: {generation.lateness_s / 3600:g} hours"
