"""`sfcrime setup`: fetches and verifies what a Python package cannot bring."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sfcrime.cli.options import setting_flags
from sfcrime.jvm.jars import JAR_SETS, JarProgress, JarSet, resolve_jars
from sfcrime.jvm.java import find_java, java_version
from sfcrime.settings import JvmSettings, Settings

_USED_FOR: dict[JarSet, str] = {"kafka": "the embedded broker", "spark": "Spark's Kafka connector"}


@dataclass(frozen=True, slots=True)
class JarSetReady:
    """A jar set that is in the cache, verified."""

    jar_set: JarSet
    jars: int
    megabytes: float
    folder: str
    seconds: float


@click.command(
    epilog="Example:  sfcrime setup",
    short_help="Resolve and verify the pinned jars.",
)
@setting_flags()
@click.option("--json", "as_json", is_flag=True, help="Print what is ready as JSON.")
def command(settings: Settings, as_json: bool) -> None:
    """Fetch the pinned jars once, and check each against its committed hash.

    What is there and verified is not touched: a second run is instant.
    """
    java = find_java(settings.jvm)
    version = java_version(java)
    if not as_json:
        click.echo(f"Java {version}: {java}")
    ready = [_make_ready(jar_set, settings.jvm) for jar_set in JAR_SETS]
    if as_json:
        jar_sets = [asdict(one) for one in ready]
        click.echo(json.dumps({"java": version, "java_path": str(java), "jar_sets": jar_sets}))
        return
    for one in ready:
        click.echo(
            f"{_USED_FOR[one.jar_set]}: {one.jars} jars, {one.megabytes:.0f} MB, "
            f"verified in {one.seconds:.1f} s: {one.folder}"
        )


def _make_ready(jar_set: JarSet, jvm: JvmSettings) -> JarSetReady:
    began = time.monotonic()
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def show(progress: JarProgress) -> None:
            words = f"{progress.jar_set}: {progress.step}"
            bar.update(task, description=words, completed=progress.done, total=progress.total)

        jars = resolve_jars(jar_set, jvm, show)
    size = sum(jar.stat().st_size for jar in jars)
    return JarSetReady(
        jar_set, len(jars), size / 1e6, str(jars[0].parent), time.monotonic() - began
    )
