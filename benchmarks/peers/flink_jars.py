"""Flink's jars: `ivy.xml` beside this file names them, `jars.sha256` has their hashes.

    python benchmarks/peers/flink_jars.py

fetches them into the cache of sfcrime's own jars. Flink itself is not published as one jar; these
are the parts that its distribution is put together from, as far as a query in SQL needs them.
"""

from __future__ import annotations

from pathlib import Path

import click

from sfcrime.jvm.jars import jars_folder, resolve_jars
from sfcrime.settings_loading import load_settings

_JAR_SET = "flink"
_LISTS = Path(__file__).parent


def flink_jars() -> tuple[Path, ...]:
    """The verified jars, fetched first where they are not there.

    Raises:
        JarsUnavailable: see `resolve_jars`.
    """
    return resolve_jars(_JAR_SET, load_settings().jvm, lists=_LISTS)


def flink_is_there() -> bool:
    """Whether `make peers` brought the jars."""
    return jars_folder(_JAR_SET, load_settings().jvm, _LISTS).is_dir()


@click.command()
def main() -> None:
    """Fetch Flink's jars."""
    jars = flink_jars()
    megabytes = sum(jar.stat().st_size for jar in jars) / 1e6
    click.echo(f"Flink: {len(jars)} jars, {megabytes:.0f} MB, in {jars[0].parent}")


if __name__ == "__main__":
    main()
