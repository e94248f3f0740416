"""`sfcrime pack`: what the executors of a Spark cluster need to judge, in one file."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import click

from sfcrime.cli.output import note
from sfcrime.errors import EXIT_OK


@click.command(epilog="Example:  sfcrime pack -o site.tar.gz")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("site.tar.gz"),
    show_default=True,
    help="The archive to write.",
)
def command(output: Path) -> int:
    """Pack sfcrime and the packages that judging imports, for executors that lack them.

    SFCRIME_STREAM_EXECUTOR_ARCHIVE names it to `sfcrime stream --master spark://...`, which hands
    it to the executors. Their nodes need a Python of the same minor version, and nothing installed.
    Packed again by the same installation, the archive is the same to the byte.
    """
    from sfcrime.spark.packing import pack_site
    from sfcrime.streaming.judge_digest import JUDGE_DIGEST

    packed = pack_site(output.absolute())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    note(
        f"{packed.path}: {packed.size / 1e6:.1f} MB, {packed.files:,} files, sha256 {packed.sha256}"
    )
    note(
        f"For Python {version} on {platform.system()} {platform.machine()}; its judge is "
        f"{JUDGE_DIGEST}.",
        "dim",
    )
    return EXIT_OK
