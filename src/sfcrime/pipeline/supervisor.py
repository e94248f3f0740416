"""Starts, supervises and stops the parts of `run`: broker, producer, stream.

Producer and stream are processes of their own, so that each can be killed, restarted and looked
at alone. A part that a signal killed is started again (it continues where the topic and the ledger
say); one that ended with an error of its own ends the run, because it would only fail again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from sfcrime.errors import AlreadyRunning, ChildFailed, SfcrimeError
from sfcrime.jvm.jars import resolve_jars
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.topic import Topic
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.locks import LockHeld, file_lock
from sfcrime.pipeline.activity import ProducerActivity, clear_activity, read_activity
from sfcrime.settings import ENVIRONMENT_PREFIX, Settings, as_environment

STOP_GRACE_S = 6.0
"""For producer and stream together; with the broker after them, a stop takes less than 10 s."""

MAX_RESTARTS = 5
RESTART_WINDOW_S = 60.0


@dataclass(slots=True)
class _Part:
    """A supervised process and how to start it again."""

    name: str
    arguments: Sequence[str]
    child: Child | None = None
    restarts: list[float] = field(default_factory=list)


class Pipeline:
    """The parts of one run; a context manager that stops them all.

    Linux ends a child with the thread that started it: call everything from the main thread.
    """

    def __init__(
        self, settings: Settings, on_step: Callable[[str], None], *, until_caught_up: bool
    ) -> None:
        self._settings = settings
        self._on_step = on_step
        self.until_caught_up = until_caught_up
        self._broker: RunningBroker | None = None
        self._lock = file_lock(settings.data_dir / "run.lock", wait=False)
        produce = ["produce", *(["--until-present"] if until_caught_up else [])]
        self._producer = _Part("producer", produce)
        self._stream = _Part("stream", ["stream", "--await-topic"])
        self._opened = settings
        self._topic: Topic | None = None
        self.last_ends: dict[int, int] = {}
        """By partition, the topic's last stable offset when it was last asked."""

    def __enter__(self) -> Pipeline:
        try:
            self._lock.__enter__()
        except LockHeld as error:
            raise AlreadyRunning(
                f"Another `sfcrime run` works on {self._settings.data_dir}.",
                rule="One data directory has one run.",
                next_step="stop it, or use another --data-dir",
            ) from error
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> None:
        """The stream first: Spark needs longest, and waits by itself for broker and topic."""
        settings = self._settings
        if settings.kafka.bootstrap_servers:
            require_answer(settings.kafka)
        clear_activity(settings.data_dir)
        for jar_set in ("spark", "kafka"):
            resolve_jars(jar_set, settings.jvm)
        self._on_step("starting Spark")
        self._start_part(self._stream)
        if not settings.kafka.bootstrap_servers:
            self._broker = start_broker(settings, self._on_step)
            self._opened = settings.at_servers(self._broker.bootstrap_servers)
        self._on_step("starting the producer")
        self._start_part(self._producer)

    def _start_part(self, part: _Part) -> None:
        part.child = start_child(
            [sys.executable, "-m", "sfcrime", *part.arguments],
            self.log_path(part.name),
            environment=environment_of_part(self._opened),
        )

    def log_path(self, name: str) -> Path:
        """Where a part's output goes: `producer` or `stream`."""
        return self._settings.data_dir / "run" / f"{name}.log"

    def check(self) -> None:
        """Starts again what a signal killed.

        Raises:
            ChildFailed: a part ended with an error, or was killed too often.
        """
        if self._broker is not None and not self._broker.is_running():
            raise ChildFailed(
                "The broker ended.\n" + last_lines(self._broker.log_path),
                next_step=f"read {self._broker.log_path}; running again goes on where it stopped",
            )
        for part in (self._producer, self._stream):
            code = part.child.exit_code if part.child else None
            if code is None or (code == 0 and part is self._producer):
                continue
            if code >= 0:
                raise _failed(part, code, self.log_path(part.name))
            self._restart(part, code)

    def _restart(self, part: _Part, code: int) -> None:
        now = time.monotonic()
        part.restarts = [at for at in part.restarts if now - at < RESTART_WINDOW_S] + [now]
        if len(part.restarts) > MAX_RESTARTS:
            raise _failed(part, code, self.log_path(part.name))
        self._on_step(f"the {part.name} was killed (signal {-code}); starting it again")
        self._start_part(part)

    def pids(self) -> Mapping[str, int]:
        """Process ids of the parts that run."""
        found = {
            part.name: part.child.pid
            for part in (self._producer, self._stream)
            if part.child and part.child.is_running()
        }
        if self._broker is not None:
            found["broker"] = self._broker.pid
        return found

    def producer_is_done(self) -> bool:
        """Whether everything is published that this run was asked to publish."""
        child = self._producer.child
        activity = read_activity(self._settings.data_dir, ProducerActivity)
        return child is not None and child.exit_code == 0 and activity.finished

    def topic_ends(self) -> dict[int, int]:
        """Last stable offsets by partition; empty before the topic exists."""
        self._topic = self._topic or Topic(self._opened.kafka)
        if self._topic.exists():
            self.last_ends = self._topic.end_offsets()
        return self.last_ends

    def stop(self) -> None:
        """Ends producer and stream side by side, then the broker. Repeatable."""
        children = [part.child for part in (self._stream, self._producer) if part.child]
        if children:
            with ThreadPoolExecutor(len(children)) as pool:
                list(pool.map(lambda child: child.stop(STOP_GRACE_S), children))
        if self._broker is not None:
            self._broker.stop()
        self._lock.__exit__(None, None, None)


def environment_of_part(settings: Settings) -> dict[str, str]:
    """A part gets every setting as this process resolved it, and from nowhere else."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT_PREFIX)}
    return {**others, **as_environment(settings)}


def _failed(part: _Part, code: int, log_path: Path) -> SfcrimeError:
    said = last_lines(log_path)
    failure = ChildFailed(
        f"The {part.name} ended (exit code {code}).\n{said}",
        next_step=f"mend what it names, or read {log_path}",
    )
    if code > 0:  # the run leaves with the part's own code
        failure.exit_code = code
    return failure
