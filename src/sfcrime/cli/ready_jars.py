"""The jars of a set, with a word on what is fetched and why."""

from __future__ import annotations

from pathlib import Path

from sfcrime.cli.progress_bar import ProgressBar
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
    with ProgressBar() as bar:

        def show(progress: JarProgress) -> None:
            words = f"{progress.jar_set}: {progress.step}"
            bar.show(words, progress.done, progress.total)
            if progress.step == "resolving":
                bar.tell(
                    f"Fetching {USED_FOR[jar_set]}: {progress.total} jars, this once; "
                    f"they are kept in {jars_folder(jar_set, jvm)}"
                )
            elif (
                progress.step == "downloading"
                and progress.done % _LINE_EVERY_JARS == 0
                and not bar.is_drawn
            ):
                bar.tell(f"{words} {progress.done} of {progress.total}")

        return resolve_jars(jar_set, jvm, show)
