"""`sfcrime setup`: fetches and verifies what a Python package cannot bring."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json
from sfcrime.cli.progress import ProgressBar
from sfcrime.cli.ready_jars import USED_FOR, ready_jars
from sfcrime.errors import SfcrimeError
from sfcrime.jvm.jars import JAR_SETS, JarSet
from sfcrime.jvm.java import find_java, java_version
from sfcrime.pipeline.training import train_startup_cache
from sfcrime.settings import JvmSettings, Settings


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
    """Fetch the pinned jars once, check each against its committed hash, and train the cache that
    halves the time of a start: a replay of invented calls, about a
    minute.

    What is there and verified is not touched: a second run is instant.
    """
    java = find_java(settings.jvm)
    version = java_version(java)
    if not as_json:
        click.echo(f"Java {version}: {java}")
    ready = [_make_ready(jar_set, settings.jvm) for jar_set in JAR_SETS]
    if not as_json:
        for one in ready:
            click.echo(
                f"{USED_FOR[one.jar_set]}: {one.jars} jars, {one.megabytes:.0f} MB, "
                f"verified in {one.seconds:.1f} s: {one.folder}"
            )
    caches = _train(settings)
    if as_json:
        jar_sets = [asdict(one) for one in ready]
        print_json(
            {"java": version, "java_path": str(java), "jar_sets": jar_sets, "caches": caches}
        )
        return
    if caches:
        click.echo(f"start-up cache: {', '.join(caches)}")


def _train(settings: Settings) -> list[str]:
    """The start-up caches that are there; a training that fails is told, and is no failure."""
    with ProgressBar() as bar:
        try:
            caches = train_startup_cache(settings, lambda step: bar.show(f"start-up cache: {step}"))
        except SfcrimeError as error:
            bar.tell(f"no start-up cache, starts take longer: {error}")
            return []
    return [str(cache.path) for cache in caches if cache.path.is_file()]


def _make_ready(jar_set: JarSet, jvm: JvmSettings) -> JarSetReady:
    began = time.monotonic()
    jars = ready_jars(jar_set, jvm)
    size = sum(jar.stat().st_size for jar in jars)
    return JarSetReady(
        jar_set, len(jars), size / 1e6, str(jars[0].parent), time.monotonic() - began
    )
