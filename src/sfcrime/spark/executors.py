"""The executors of a cluster: waited for, and looked at before they count.

Those that are there when the query starts are looked at here, by a job that runs their Python as a
program of its own: one that lacks everything can still say so. Those that come later prove
themselves by what they send.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from py4j.protocol import Py4JJavaError

from sfcrime.errors import ExecutorRefused, SparkUnavailable
from sfcrime.jvm.jars import committed_hashes
from sfcrime.settings import StreamSettings
from sfcrime.spark.cluster import EXECUTOR_WAIT_S, executor_python

_POLL_S = 0.2
_PROBE = Path(__file__).with_name("executor_probe.py")
_WHERE = re.compile(r"\((\S+) executor (\S+)\): (.*)")
"""What Spark says of the last attempt of a task: host, executor, exception."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an executor must have."""

    modules: Sequence[str]
    """What it must be able to import; the last one says its judge's digest."""
    judge: str
    """The digest that it must have."""
    files: Sequence[str] = ()
    """What it must be able to read."""


class Found(msgspec.Struct, frozen=True):
    """What an executor answered (`executor_probe`)."""

    host: str
    folder: str
    python: str
    judge: str
    problem: str
    jars: dict[str, str]
    unreadable: list[str]

    @property
    def place(self) -> str:
        return f"on {self.host} in {self.folder}"


def executors_are_ready(
    context: Any, stream: StreamSettings, needs: Needs, goes_on: Callable[[], bool]
) -> bool:
    """Waits for an executor, and refuses those that could not count; arguments and errors as of
    `ask_executors`.

    Returns:
        False where the wait was ended.

    Raises:
        ExecutorRefused: names the executor and what it lacks.
    """
    found = ask_executors(context, stream, needs, goes_on)
    for each in found:
        refusal = refusal_of(each, needs, executor_python(stream))
        if refusal is not None:
            raise refusal
    return bool(found)


def ask_executors(
    context: Any, stream: StreamSettings, needs: Needs, goes_on: Callable[[], bool]
) -> list[Found]:
    """What the executors have, once there is one; one that has several cores may answer for each.

    Args:
        context: Spark's own, as Java has it (`JavaSparkContext`).
        stream: the master and the Python of its executors.
        needs: what they must have.
        goes_on: asked five times a second; False ends the wait.

    Returns:
        Nothing where the wait was ended.

    Raises:
        SparkUnavailable: there is none within a minute, or none that answers.
        ExecutorRefused: its Python cannot be run.
    """
    tracker = context.sc().statusTracker()
    try:
        # The driver is one of them.
        is_there = _within(goes_on, lambda: len(tracker.getExecutorInfos()) > 1)
    except Py4JJavaError as failure:  # the master gave the application up
        raise _none_came(stream) from failure
    if not is_there:
        return _ended(goes_on, stream)
    asked = json.dumps(
        {
            "modules": list(needs.modules),
            "jars": list(committed_hashes("spark")),
            "files": list(needs.files),
        }
    )
    # As many tasks as there are places: Spark fills all of them at once, so each executor has one.
    places = context.defaultParallelism()
    command = [executor_python(stream), "-c", _PROBE.read_text(encoding="utf-8")]
    answers = context.parallelize([asked] * places, places).pipe(command).collectAsync()
    try:
        if not _within(goes_on, answers.isDone):
            answers.cancel(True)
            return _ended(goes_on, stream)
        return [msgspec.json.decode(line, type=Found) for line in answers.get()]
    except Py4JJavaError as failure:
        raise _not_run(failure, stream) from failure


def refusal_of(found: Found, needs: Needs, python: str) -> ExecutorRefused | None:
    """Why an executor cannot count; None where it can.

    Args:
        found: what it answered.
        needs: what it must have.
        python: what it was told to run.
    """
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    jars = committed_hashes("spark").items()
    altered = [name for name, digest in jars if found.jars.get(name) != digest]
    lacks, next_step = "", None
    if found.python != ours:
        lacks = f"its {python} is Python {found.python}, the driver's is {ours}"
        next_step = f"SFCRIME_STREAM_EXECUTOR_PYTHON names a Python {ours} that every node has"
    elif found.problem:
        lacks = f"its {python} cannot judge: {found.problem}"
    elif found.judge != needs.judge:
        lacks = f"its judging code is {found.judge}, the driver's is {needs.judge}"
    elif altered:
        lacks = f"the connector's {altered[0]} is not there as it was sent"
        next_step = (
            "check that nodes reach the driver's ports, and that no Spark property puts other jars "
            "of Kafka on their class path"
        )
    elif found.unreadable:
        lacks = f"it cannot read {', '.join(found.unreadable)}"
        next_step = (
            "put what the Kafka client file names under the same path on every node, readable for "
            "the user that executors run as"
        )
    return ExecutorRefused(found.place, lacks, next_step) if lacks else None


def _within(goes_on: Callable[[], bool], is_there: Callable[[], bool]) -> bool:
    """Whether it is there within the time, and nobody ended the wait."""
    deadline = time.monotonic() + EXECUTOR_WAIT_S
    while goes_on():
        if is_there():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return False


def _ended(goes_on: Callable[[], bool], stream: StreamSettings) -> list[Found]:
    """Nothing where the wait was ended; else it was too long."""
    if goes_on():
        raise _none_came(stream)
    return []


def _none_came(stream: StreamSettings) -> SparkUnavailable:
    return SparkUnavailable(
        f"No executor of {stream.master} was ready within {EXECUTOR_WAIT_S:.0f} s.",
        rule="The cluster needs a free core and the memory of spark.executor.memory; its nodes "
        f"need a whole JDK of 17 or newer, and have to reach {stream.driver_host}.",
        next_step="look at the master's page for applications that wait, and at the workers' logs "
        "for executors that end at once",
    )


def _not_run(failure: Py4JJavaError, stream: StreamSettings) -> ExecutorRefused:
    """What a node said when it was to run the executor's Python: somewhere in the chain of causes
    is the last attempt of a task, with its place."""
    said, cause, found = "", failure.java_exception, None
    while cause is not None and found is None:
        said = str(cause.toString())
        found, cause = _WHERE.search(said), cause.getCause()
    place = f"{found[2]} on {found[1]}" if found else f"of {stream.master}"
    why = found[3] if found else said.partition("\n")[0]
    return ExecutorRefused(
        place,
        f"its Python {executor_python(stream)} was not run: {why}",
        "SFCRIME_STREAM_EXECUTOR_PYTHON names a Python that every node has",
    )
