"""`sfcrime spark-submit`: Spark's own spark-submit, on the Java that is here."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from sfcrime.settings_loading import load_settings


@click.command(
    # Everything is Spark's, `--help` after the first word included.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example:  sfcrime spark-submit --master local[*] data_stream.py",
    short_help="Spark's own spark-submit on the Java that is here.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, required=True)
def command(arguments: tuple[str, ...]) -> int:
    """Run Spark's own spark-submit with its usual ARGUMENTS, and leave with its exit code.

    The first Ctrl-C asks the program to stop, the second ends it. Packages of another Spark or
    Scala than PySpark's are refused before anything is downloaded.
    """
    from sfcrime.spark.submit import spark_submit

    with tempfile.TemporaryDirectory(prefix="spark-submit-") as folder:
        return spark_submit(arguments, load_settings(), Path(folder))
