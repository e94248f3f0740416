"""Starts, supervises and stops the parts of `run`: broker, producer, stream.

Producer and stream are processes of their own, so that each can be killed, restarted and looked
at alone. A part that a signal killed is started again (it continues where the topic and the ledger
say); one that ended with an error of its own ends the run, because it would only fail again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sfcrime.errors import ChildFailed, KafkaUnavailable, SfcrimeError
from sfcrime.jvm.jars import resolve_jars
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.topic import Topic
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.pipeline.activity import (
    ERROR_FILE,
    ProducerActivity,
    clear_activity,
    read_activity,
)
from sfcrime.pipeline.refusals import require_place, require_runnable
from sfcrime.settings import Settings
from sfcrime.settings_loading import ENVIRONMENT_PREFIX, as_environment

if TYPE_CHECKING:
    # It reads the database, whose import would delay the parts.
    from sfcrime.pipeline.overview import Overview, OverviewWatch

STOP_GRACE_S = 6.0
"""For producer and stream together; with the broker after them, a stop takes less than 10 s."""

MAX_RESTARTS = 5
RESTART_WINDOW_S = 60.0

_LOOK_S = 0.5


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
        self._until_caught_up = until_caught_up
        self._broker: RunningBroker | None = None
        self._lock = ExitStack()
        produce = ["produce", *(["--until-present"] if until_caught_up else [])]
        self._producer = _Part("producer", produce)
        self._stream = _Part("stream", ["stream", "--await-topic", "--quiet"])
        self._opened = settings
        self._topic: Topic | None = None
        self.last_ends: dict[int, int] = {}
        """By partition, the topic's last stable offset when it was last asked."""

    def __enter__(self) -> Pipeline:
        require_runnable(self._settings)
        alone = take_alone(self._settings.data_dir, DATA_FOLDER, "`sfcrime run`", "run.lock")
        self._lock.enter_context(alone)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        """The stream first: Spark needs longest, and waits by itself for broker and topic."""
        settings = self._settings
        require_place(settings)
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
        log_path = self._log_path(part.name)
        _error_file(log_path).unlink(missing_ok=True)
        part.child = start_child(
            [sys.executable, "-m", "sfcrime", *part.arguments],
            log_path,
            environment={
                **environment_of_part(self._opened),
                ERROR_FILE: str(_error_file(log_path)),
            },
        )

    def _log_path(self, name: str) -> Path:
        """Where a part's output goes: `producer` or `stream`."""
        return self._settings.data_dir / "run" / f"{name}.log"

    def supervise(
        self, watch: OverviewWatch, stop: Event, show: Callable[[Overview, Mapping[int, int]], None]
    ) -> bool:
        """Looks after the parts until told to stop, and shows twice a second what they do.

        Returns:
            whether everything was caught up, which ends a run that was to end then.

        Raises:
            ChildFailed: a part ended with an error, or was killed too often.
        """
        while not stop.wait(_LOOK_S):
            self._check()
            done = self._producer_is_done()
            ends = self._topic_ends()
            overview = watch.look()
            show(overview, ends)
            if self._until_caught_up and done and overview.is_caught_up(ends):
                return True
        return False

    def _check(self) -> None:
        """Starts again what a signal killed.

        Raises:
            ChildFailed: a part ended with an error, or was killed too often.
        """
        if self._broker is not None:
            self._broker.require_running()
        for part in (self._producer, self._stream):
            code = part.child.exit_code if part.child else None
            if code is None or (code == 0 and part is self._producer):
                continue
            if code >= 0:
                raise part_failure(part.name, code, self._log_path(part.name))
            self._restart(part, code)

    def _restart(self, part: _Part, code: int) -> None:
        now = time.monotonic()
        part.restarts = [at for at in part.restarts if now - at < RESTART_WINDOW_S] + [now]
        if len(part.restarts) > MAX_RESTARTS:
            raise part_failure(part.name, code, self._log_path(part.name))
        self._on_step(f"the {part.name} was killed (signal {-code}); starting it again")
        self._start_part(part)

    def _producer_is_done(self) -> bool:
        """Whether everything is published that this run was asked to publish."""
        child = self._producer.child
        activity = read_activity(self._settings.data_dir, ProducerActivity)
        return child is not None and child.exit_code == 0 and activity.finished

    def _topic_ends(self) -> dict[int, int]:
        """Last stable offsets by partition; empty before the topic exists."""
        try:
            self._topic = self._topic or Topic(self._opened.kafka)
            self.last_ends = self._topic.ends() or self.last_ends
        except KafkaUnavailable:
            self._check()  # a broker of ours that ended says why
            raise
        return self.last_ends

    def stop(self) -> None:
        """Ends producer and stream side by side, then the broker. Repeatable."""
        children = [part.child for part in (self._stream, self._producer) if part.child]
        if children:
            with ThreadPoolExecutor(len(children)) as pool:
                list(pool.map(lambda child: child.stop(STOP_GRACE_S), children))
        if self._broker is not None:
            self._broker.stop()
        self._lock.close()


def environment_of_part(settings: Settings) -> dict[str, str]:
    """A part gets every setting as this process resolved it, and from nowhere else."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT_PREFIX)}
    return {**others, **as_environment(settings)}


def part_failure(name: str, code: int, log_path: Path) -> SfcrimeError:
    """How a part failed: its own error, told once, or the end of its log where it told none.

    Args:
        name: of the part.
        code: its exit code, below 0 where a signal ended it; the run leaves with the same.
        log_path: takes all that the part said; the facts of its error are beside it.
    """
    try:
        own = json.loads(_error_file(log_path).read_bytes())
    except (OSError, ValueError):  # it was killed
        own = {"happened": last_lines(log_path), "rule": "", "next_step": ""}
    told = own["next_step"]
    failure = ChildFailed(
        f"The {name} ended (exit code {code}): {own['happened']}",
        rule=own["rule"],
        next_step=f"{told}; its log is {log_path}" if told else f"read {log_path}",
    )
    if code > 0:
        failure.exit_code = code
    return failure


def _error_file(log_path: Path) -> Path:
    return log_path.with_suffix(".error.json")
