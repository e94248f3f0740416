"""`sfcrime rejected`: the records that broke a rule, with reason, place and bytes."""

from __future__ import annotations

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
from sfcrime.cli.set_aside import Place, RecordBytes, read_values
from sfcrime.domain.outcomes import Reason
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import Generation, RejectedRecord


@click.command("rejected", epilog="Example:  sfcrime rejected --reason not-json --bytes")
@setting_flags("--data-dir", "--bootstrap-servers", "--kafka-config")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    metavar="REASON",
    help="Only records set aside for this reason, e.g. not-json.",
)
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
def command(  # noqa: PLR0913 - click hands over one argument a flag
    settings: Settings,
    reason: str | None,
    partition: int | None,
    limit: int,
    with_bytes: bool,
    as_json: bool,
) -> None:
    """Records set aside by a rule, in order of partition and offset.

    They are data, not errors: each is counted, and docs/rules.md explains every reason.
    """
    with open_reader(settings.data_dir / STORE_FILE) as reader:
        generation = reader.generation()
        by_reason = reader.rejected_by_reason()
        records = list(reader.rejected(limit or None, reason, partition))
    values = read_values(settings, generation, records) if with_bytes else None
    if as_json:
        print_json(_as_json(records, by_reason, values, generation))
    else:
        _print_tables(records, by_reason, values, generation)


def _as_json(
    records: list[RejectedRecord],
    by_reason: dict[str, int],
    values: dict[Place, RecordBytes] | None,
    generation: Generation,
) -> dict[str, Any]:
    return {
        "rejected": [
            {
                "partition": record.partition,
                "offset": record.offset,
                "reason": record.reason,
                "rule": Reason(record.reason).rule,
                **(values[record.partition, record.offset].as_json() if values else {}),
            }
            for record in records
        ],
        "total": sum(by_reason.values()),
        "by_reason": _in_rule_order(by_reason),
        "topic": generation.topic,
        "source": source_title(generation),
        "synthetic": generation.synthetic,
    }


def _in_rule_order(by_reason: dict[str, int]) -> dict[str, int]:
    return {reason: by_reason[reason] for reason in Reason if reason in by_reason}


def _print_tables(
    records: list[RejectedRecord],
    by_reason: dict[str, int],
    values: dict[Place, RecordBytes] | None,
    generation: Generation,
) -> None:
    total = sum(by_reason.values())
    print_line(f"Rejected records: {total:,}")
    print_line(source_line(generation))
    print_line()
    if not total:
        print_line("None so far.")
        return
    reasons = table_of("Reason", "Rule", "Records", numbers=["Records"])
    for reason, count in _in_rule_order(by_reason).items():
        add_row(reasons, reason, Reason(reason).rule, count)
    print_table(reasons)
    print_line()
    columns = ("Partition", "Offset", "Reason")
    listed = table_of(
        *columns, *(["Bytes"] if values is not None else []), numbers=["Partition", "Offset"]
    )
    for record in records:
        shown = [] if values is None else [values[record.partition, record.offset].shown()]
        add_row(listed, record.partition, record.offset, record.reason, *shown)
    print_table(listed)
    print_line()
    print_line(f"{len(records):,} of {total:,} listed.")
