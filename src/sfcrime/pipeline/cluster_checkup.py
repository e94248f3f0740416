"""Looks at a Spark cluster as a start would: its master, and what each executor has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sfcrime.errors import SfcrimeError
from sfcrime.pipeline.checkup import Finding, Level
from sfcrime.settings import Settings
from sfcrime.spark.cluster import executor_python, is_local
from sfcrime.spark.properties import require_settable

if TYPE_CHECKING:
    from sfcrime.spark.executors import Found, Needs


def check_up_cluster(settings: Settings) -> Iterator[Finding]:
    """A finding for the master, and one for each executor that it gives; some 20 s.

    A session is started on the cluster and ended again. No topic is read, and no store.
    """
    about, master = "Spark master", settings.stream.master
    if is_local(master):
        said = f"{master}: executors are threads of the driver's JVM"
        yield Finding(about, Level.OK, said)
        return
    try:
        require_settable(settings)
        needs, found = _asked(settings)
    except SfcrimeError as error:
        yield Finding(about, Level.WRONG, error.happened, error.next_step)
        return
    yield Finding(about, Level.OK, f"{master} gives executors that reach this machine")
    for each in {one.place: one for one in found}.values():
        yield _of_executor(each, needs, executor_python(settings.stream))


def _asked(settings: Settings) -> tuple[Needs, list[Found]]:
    """What executors must have, and what they have."""
    # PySpark is imported only here: no other look needs it.
    from sfcrime.kafka.client import spark_options
    from sfcrime.spark.executors import ask_executors
    from sfcrime.spark.session import start_spark
    from sfcrime.streaming.executors import needs_of_executors

    kafka = settings.kafka
    needs = needs_of_executors(spark_options(kafka) if kafka.bootstrap_servers else {})
    with TemporaryDirectory(prefix="sfcrime-doctor-") as folder:
        spark = start_spark(settings, Path(folder, "spark"))
        try:
            context = spark.session.sparkContext._jsc
            return needs, ask_executors(context, settings.stream, needs, lambda: True)
        finally:
            spark.stop()


def _of_executor(found: Found, needs: Needs, python: str) -> Finding:
    from sfcrime.spark.executors import refusal_of

    refusal = refusal_of(found, needs, python)
    if refusal is not None:
        return Finding("executor", Level.WRONG, refusal.happened, refusal.next_step)
    said = f"{found.place}: Python {found.python}, judging code {found.judge}"
    return Finding("executor", Level.OK, said)
