"""`sfcrime restore`: a data folder from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from sfcrime.cli.backup import as_document, size_text, standing, telling_progress
from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json, print_lines
from sfcrime.pipeline.backup import restore
from sfcrime.settings import Settings


@click.command("restore", epilog="Example:  sfcrime restore backups/2026-11-30 --data-dir restored")
@setting_flags("--data-dir")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(settings: Settings, folder: Path, as_json: bool) -> None:
    """Make a data folder of the backup in DIR; the next `sfcrime run` goes on from its ledger.

    Every file is compared with the backup's manifest before anything is written: a backup that
    changed by one bit is refused. The data folder must be empty or not there, and is there whole
    or not at all; what was interrupted can be run again.
    """
    with telling_progress() as on_progress:
        manifest = restore(folder, settings.data_dir, on_progress)
    if as_json:
        print_json(as_document(manifest))
        return
    where = settings.data_dir
    print_lines(
        [
            f"Restored {size_text(manifest.size)} of {manifest.made_at} to {where}.",
            *standing(manifest),
            "The next start on it (sfcrime run, or sfcrime stream) goes on where the ledger ends.",
        ]
    )
