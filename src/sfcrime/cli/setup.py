"""`sfcrime setup`: fetches and verifies what a Python package cannot bring."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.ready_jars import USED_FOR, ready_jars
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import ChildFailed
from sfcrime.jvm.jars import JAR_SETS, JarSet
from sfcrime.jvm.java import find_java, java_version
from sfcrime.machine.child import last_lines
from sfcrime.pipeline.training_process import end_training, start_training, startup_caches
from sfcrime.settings import JvmSettings, Settings

_LOOK_S = 0.2


@click.command(
    epilog="Example:  sfcrime setup --train",
    short_help="Resolve and verify the pinned jars.",
)
@setting_flags()
@click.option("--train", is_flag=True, help="Make the start-up cache as well: about a minute.")
@click.option("--json", "as_json", is_flag=True, help="Print what is ready as JSON.")
def command(settings: Settings, train: bool, as_json: bool) -> None:
    """Fetch the pinned jars once, and check each against its committed hash.

    What is there and verified is not touched: a second time is instant.

    The start-up cache halves the time of a start. `sfcrime run` makes it beside its work, once;
    --train makes it now, by a replay of invented calls.
    """
    java = find_java(settings.jvm)
    version = java_version(java)
    if not as_json:
        click.echo(f"Java {version}: {java}")
    ready = [_make_ready(jar_set, settings.jvm) for jar_set in JAR_SETS]
    if not as_json:
        for one in ready:
            click.echo(
                "{}: {jars} jars, {megabytes:.0f} MB, verified in {seconds:.1f} s: {folder}".format(
                    USED_FOR[one["jar_set"]], **one
                )
            )
    if train:
        _train(settings)
    caches = startup_caches(settings.jvm)
    there = [str(cache.path) for cache in caches if cache.is_there]
    if as_json:
        print_json({"java": version, "java_path": str(java), "jar_sets": ready, "caches": there})
        return
    if any(cache.mode == "off" for cache in caches):
        said = "off, or not possible with this Java"
    elif len(there) < len(caches):
        said = "not there yet; `sfcrime run` makes it beside its work, `sfcrime setup --train` now"
    else:
        said = ", ".join(there)
    click.echo(f"start-up cache: {said}")


def _train(settings: Settings) -> None:
    """Waits for a training, which ends with this process.

    Raises:
        ChildFailed: it did; with its words.
    """
    with (
        stop_on_signals() as stop,
        TemporaryDirectory(prefix="sfcrime-training-") as folder,
        ProgressBar() as bar,
    ):
        training = start_training(settings, Path(folder) / "training.log", makes_way=False)
        try:
            while training.wait(_LOOK_S) is None and not stop.is_set():
                bar.show(f"start-up cache: {last_lines(training.log_path, 1) or 'looking'}")
            said = last_lines(training.log_path)
        finally:
            end_training(training, settings.jvm)
    if stop.is_set():
        raise click.Abort
    if training.exit_code:
        raise ChildFailed(f"The start-up cache was not made; starts work without it.\n{said}")


def _make_ready(jar_set: JarSet, jvm: JvmSettings) -> dict[str, Any]:
    """Which jar set is in the cache now, verified."""
    began = time.monotonic()
    jars = ready_jars(jar_set, jvm)
    return {
        "jar_set": jar_set,
        "jars": len(jars),
        "megabytes": sum(jar.stat().st_size for jar in jars) / 1e6,
        "folder": str(jars[0].parent),
        "seconds": time.monotonic() - began,
    }
