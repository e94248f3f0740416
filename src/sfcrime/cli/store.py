"""`sfcrime store`: what is done with a store as a whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json, print_lines
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import stop_on_signals
from sfcrime.pipeline.store_move import copy_between
from sfcrime.settings import Settings
from sfcrime.store.row_copy import CopiedStore

_EXAMPLE = "Example:  sfcrime store copy data postgresql://me@localhost/calls"


@click.group("store", epilog=_EXAMPLE, short_help="Copy the store to or from PostgreSQL.")
def command() -> None:
    """Do something with a store as a whole."""


@command.command("copy", epilog=_EXAMPLE, short_help="To or from a database, every row compared.")
@setting_flags()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def copy(settings: Settings, source: str, target: str, as_json: bool) -> None:
    """Copy the store FROM one place TO another, each a data folder or the URL of a PostgreSQL
    database.

    Everything is copied, as it is at one moment: numbers, labels, identities, ledger, and what a
    rebuild has begun. TO holds no store yet. Every row is read back and compared before the copy
    is there, whole or not at all. A job that is started on it goes on exactly where the ledger
    ends.

    A job may go on writing to FROM: what it counts meanwhile is not in the copy. None may write to
    TO. The password of a database is in the file that SFCRIME_STORE_PASSWORD_FILE names.
    """
    with stop_on_signals() as stop, ProgressBar() as bar:
        told = ""

        def show(step: str, done: int, due: int) -> None:
            nonlocal told
            if stop.is_set():
                raise KeyboardInterrupt
            bar.show(step, done, due, f"{done:,} of {due:,} rows" if due else "")
            if step != told and not bar.is_drawn:
                bar.tell(step, "dim")
            told = step

        copied = copy_between(settings, source, target, show)
    if as_json:
        print_json(_document(copied, source, target))
    else:
        print_lines(_lines(copied, target))


def _lines(copied: CopiedStore, target: str) -> list[str]:
    account = ", ".join(f"{name} {n:,}" for name, n in asdict(copied.totals.accounting).items())
    ends = ", ".join(f"{each.partition}:{each.end:,}" for each in copied.partitions)
    return [
        f"Copied to {target}: {sum(copied.rows.values()):,} rows, each compared.",
        f"Numbers: {account}; {copied.totals.batches:,} batches.",
        f"A job goes on in topic {copied.generation.topic} at offsets {ends or 'none'}.",
    ]


def _document(copied: CopiedStore, source: str, target: str) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "rows": copied.rows,
        "topic": copied.generation.topic,
        "topic_id": copied.generation.topic_id,
        "batches": copied.totals.batches,
        "accounting": asdict(copied.totals.accounting),
        "ledger_ends": {str(each.partition): each.end for each in copied.partitions},
    }
