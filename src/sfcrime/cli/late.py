"""`sfcrime late`: the valid records that were published too long after their call."""

from __future__ import annotations

import click

from sfcrime.cli.output import instant_text, lateness_rule
from sfcrime.cli.set_aside import Listing, Row, list_set_aside, place_flags, set_aside_flags
from sfcrime.domain.wall_clock import instant_iso, to_iso, wall_clock_of
from sfcrime.settings import Settings
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import Generation, LateRecord


@click.command("late", epilog="Example:  sfcrime late --limit 10 --bytes")
@place_flags
@set_aside_flags
def command(
    settings: Settings, partition: int | None, limit: int, with_bytes: bool, as_json: bool
) -> None:
    """Valid records published more than the allowed lateness after their call.

    They are counted as late and stay out of the statistics; docs/rules.md, rule L1.
    """

    def read(store: StoreReader, generation: Generation) -> Listing:
        kept = store.late_kept()
        return Listing(
            name="late",
            heading=f"Late records: {kept.records:,} ({lateness_rule(generation)})",
            kept=kept,
            facts={"allowed_lateness_s": generation.lateness_s},
            counts=None,
            columns=("Call time", "Published (UTC)", "Days after"),
            rows=map(_row, store.late(limit or None, partition)),
        )

    list_set_aside(settings, read, with_bytes=with_bytes, as_json=as_json)


def _row(record: LateRecord) -> Row:
    call_time, published_at = to_iso(record.call_us), instant_iso(record.published_ms)
    lateness_s = (wall_clock_of(record.published_ms) - record.call_us) // 1_000_000
    return Row(
        (record.partition, record.offset),
        {
            "call_time": call_time,
            "published_at": published_at,
            "published_ms": record.published_ms,
            "lateness_s": lateness_s,
        },
        (
            call_time.replace("T", " "),
            instant_text(record.published_ms).partition(".")[0],
            f"{lateness_s / 86_400:,.1f}",
        ),
    )
