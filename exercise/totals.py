"""The groups that the job counts: printed, added up, and as a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import Row

from sfcrime.cli.output import add_row, print_table, table_of

GROUPS_SHOWN = 10


@dataclass(frozen=True)
class Totals:
    """All groups, added up."""

    counted: int
    set_aside: int
    without_meaning: int
    """Calls with a disposition that the city's table does not have."""


def sums(groups: Iterable[Row]) -> Totals:
    """What the groups add up to."""
    counted = set_aside = without_meaning = 0
    for group in groups:
        if group.set_aside is not None:
            set_aside += group["count"]
            continue
        counted += group["count"]
        if group.meaning is None:
            without_meaning += group["count"]
    return Totals(counted, set_aside, without_meaning)


def digest(groups: Iterable[Row]) -> str:
    """Sixteen hexadecimal digits that two counts share iff all their groups are equal."""
    rows = [(each.set_aside, each.call_type, each.disposition, each["count"]) for each in groups]
    return hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest()[:16]


def show_totals(groups: list[Row], title: str) -> None:
    """Prints the largest groups. Sorted here: in Spark it would be one more shuffle a batch."""
    table = table_of("Call type", "Disposition", "Meaning", "Calls", numbers=["Calls"])
    groups.sort(key=lambda group: (-group["count"], str(group.call_type)))
    for group in groups[:GROUPS_SHOWN]:
        code = group.set_aside or group.disposition
        meaning = "set aside" if group.set_aside else group.meaning or "(not in the table)"
        add_row(table, group.call_type, code, meaning, group["count"])
    print(f"\n{title}")
    print_table(table)
    total = sums(groups)
    print(
        f"{total.counted:,} calls in {len(groups):,} groups, "
        f"{total.without_meaning:,} of them with a code outside the table; "
        f"{total.set_aside:,} records set aside",
        flush=True,
    )
