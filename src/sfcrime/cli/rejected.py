"""`sfcrime rejected`: the records that broke a rule, with reason, place and bytes."""

from __future__ import annotations

import click

from sfcrime.cli.output import add_row, table_of
from sfcrime.cli.set_aside import Listing, Row, list_set_aside, place_flags, set_aside_flags
from sfcrime.domain.outcomes import Reason
from sfcrime.settings import Settings
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import Generation, RejectedRecord


@click.command("rejected", epilog="Example:  sfcrime rejected --reason not-json --bytes")
@place_flags
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    metavar="REASON",
    help="Only records set aside for this reason, e.g. not-json.",
)
@set_aside_flags
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

    def read(store: StoreReader, _: Generation) -> Listing:
        kept = store.rejected_kept()
        found = kept.by_reason
        by_reason = {each: found[each] for each in Reason if each in found}  # in rule order
        counts = table_of("Reason", "Rule", "Records", numbers=["Records"])
        for each, count in by_reason.items():
            add_row(counts, each, each.rule, count)
        return Listing(
            name="rejected",
            heading=f"Rejected records: {kept.records:,}",
            kept=kept,
            facts={"by_reason": by_reason},
            counts=counts,
            columns=("Reason",),
            rows=map(_row, store.rejected(limit or None, reason, partition)),
        )

    list_set_aside(settings, read, with_bytes=with_bytes, as_json=as_json)


def _row(record: RejectedRecord) -> Row:
    reason = record.reason
    return Row(
        (record.partition, record.offset),
        {"reason": reason, "rule": Reason(reason).rule},
        (reason,),
    )
