"""`sfcrime backup`: a copy of store and topic while they are in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json, print_lines
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import stop_on_signals
from sfcrime.pipeline.backup import OnProgress, back_up
from sfcrime.pipeline.backup_manifest import BackupManifest
from sfcrime.settings import Settings


@click.command("backup", epilog="Example:  sfcrime backup backups/2026-11-30")
@setting_flags("--data-dir", "--store-url", "--bootstrap-servers")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--store-only", is_flag=True, help="Leave the topic out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(settings: Settings, folder: Path, store_only: bool, as_json: bool) -> None:
    """Copy the data folder into DIR, while `sfcrime run` counts or while nothing runs.

    The store is copied as it is at one moment, and proved whole; then the embedded broker's topic,
    which so reaches at least as far. With an outside cluster, and with --store-only, it is the
    store alone. DIR must be empty or not there, and is there whole or not at all. Its manifest,
    backup.json, has the SHA-256 of every file. `sfcrime restore` makes a data folder of it.
    """
    with telling_progress() as on_progress:
        manifest = back_up(settings, folder, on_progress, store_only=store_only)
    if as_json:
        print_json(as_document(manifest))
    else:
        print_lines([f"Backed up to {folder}: {size_text(manifest.size)}.", *standing(manifest)])


@contextmanager
def telling_progress() -> Iterator[OnProgress]:
    """Shows how far it is, on a terminal as a line that changes; Ctrl-C and SIGTERM end it."""
    told = ""
    with stop_on_signals() as stop, ProgressBar() as bar:

        def show(step: str, done: int, due: int) -> None:
            nonlocal told
            if stop.is_set():
                raise KeyboardInterrupt
            amount = f"{size_text(done)} of {size_text(due)}"
            bar.show(step, done, due, amount if due else "")
            if step != told and not bar.is_drawn:
                bar.tell(step, "dim")
            told = step

        yield show


def as_document(manifest: BackupManifest) -> dict[str, Any]:
    """The manifest without its list of files."""
    document: dict[str, Any] = msgspec.to_builtins(manifest, str_keys=True)
    del document["seal"]
    return document | {"files": len(manifest.files), "bytes": manifest.size}


def standing(manifest: BackupManifest) -> list[str]:
    """How the numbers stand."""
    account = ", ".join(f"{name} {n:,}" for name, n in asdict(manifest.accounting).items())
    lines = [
        f"Numbers: {account}; {manifest.batches:,} batches, the newest of "
        f"{manifest.committed_at or 'no time'}.",
        f"Ledger of topic {manifest.topic} (id {manifest.topic_id}): up to offsets "
        f"{_places(manifest.ledger_ends)}.",
    ]
    if manifest.holds_topic:
        lines.append(f"Records of the topic: up to offsets {_places(manifest.topic_ends)}.")
    else:
        lines.append("Records of the topic: none, they stay in its cluster.")
    return lines


def _places(ends: dict[int, int]) -> str:
    return ", ".join(f"{partition}:{end:,}" for partition, end in ends.items()) or "none"


def size_text(size: int) -> str:
    """ "1.2 GB"."""
    for unit, length in (("GB", 10**9), ("MB", 10**6)):
        if size >= length:
            return f"{size / length:,.1f} {unit}"
    return f"{size / 1000:,.0f} kB"
