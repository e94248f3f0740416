"""Shows how far a jar set is while it is fetched and checked."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sfcrime.jvm.jars import JarProgress, JarSet, jars_folder, resolve_jars
from sfcrime.settings import JvmSettings

USED_FOR: dict[JarSet, str] = {
    "kafka": "the embedded broker",
    "spark": "Spark's Kafka connector",
    "zookeeper": "Kafka 3.9 and ZooKeeper 3.8",
}

_LINE_EVERY_JARS = 10
"""Where no bar can be drawn."""


def ready_jars(jar_set: JarSet, jvm: JvmSettings) -> tuple[Path, ...]:
    """The verified jars of a set; a set that must be fetched first says so on stderr.

    Raises:
        JarsUnavailable, JavaUnavailable: see `resolve_jars`.
    """
    console = Console(stderr=True)
    with _bar(console) as bar:
        task = bar.add_task("")

        def show(progress: JarProgress) -> None:
            words = f"{progress.jar_set}: {progress.step}"
            bar.update(task, description=words, completed=progress.done, total=progress.total)
            if progress.step == "resolving":
                console.print(_announcement(jar_set, progress.total, jvm), soft_wrap=True)
            elif bar.disable and progress.step == "downloading" and _is_told(progress.done):
                console.print(f"{words} {progress.done} of {progress.total}")

        return resolve_jars(jar_set, jvm, show)


def _is_told(jars: int) -> bool:
    return jars % _LINE_EVERY_JARS == 0


def _announcement(jar_set: JarSet, jars: int, jvm: JvmSettings) -> str:
    return (
        f"Fetching {USED_FOR[jar_set]}: {jars} jars, this once; "
        f"they are kept in {jars_folder(jar_set, jvm)}"
    )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
