"""Starts, supervises and stops the parts of `run`: broker, producer, stream, page.

They are processes of their own, so that each can be killed, restarted and looked at alone. A
producer or stream that a signal killed is started again (it continues where the topic and the
ledger say); one that ended with an error of its own ends the run, because it would only fail again.
The page never ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

from sfcrime.errors import KafkaUnavailable
from sfcrime.jvm.jars import resolve_jars
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.topic import Topic
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.pipeline.activity import ProducerActivity, clear_activity, read_activity
from sfcrime.pipeline.dashboard_part import DashboardPart
from sfcrime.pipeline.part import Part, part_failure
from sfcrime.pipeline.refusals import require_place, require_runnable
from sfcrime.settings import Settings

if TYPE_CHECKING:
    # It reads the database, whose import would delay the parts.
    from sfcrime.pipeline.overview import Overview, OverviewWatch

STOP_GRACE_S = 6.0
"""For the parts together; with the broker after them, a stop takes less than 10 s."""

_LOOK_S = 0.5


class Pipeline:
    """The parts of one run; a context manager that stops them all.

    Linux ends a child with the thread that started it: call everything from the main thread.
    """

    def __init__(
        self,
        settings: Settings,
        on_step: Callable[[str], None],
        *,
        until_caught_up: bool,
        with_dashboard: bool,
    ) -> None:
        self._settings = settings
        self._on_step = on_step
        self._until_caught_up = until_caught_up
        self._broker: RunningBroker | None = None
        self._lock = ExitStack()
        produce = ["produce", *(["--until-present"] if until_caught_up else [])]
        self._producer = Part("producer", produce, settings.data_dir)
        self._stream = Part("stream", ["stream", "--await-topic", "--quiet"], settings.data_dir)
        self._dashboard = DashboardPart(settings, on_step) if with_dashboard else None
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
        require_place(settings, with_dashboard=self._dashboard is not None)
        clear_activity(settings.data_dir)
        for jar_set in ("spark", "kafka"):
            resolve_jars(jar_set, settings.jvm)
        self._on_step("starting Spark")
        self._stream.start(self._opened)
        if not settings.kafka.bootstrap_servers:
            self._broker = start_broker(settings, self._on_step)
            self._opened = settings.at_servers(self._broker.bootstrap_servers)
        self._on_step("starting the producer")
        self._producer.start(self._opened)

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
            if self._dashboard is not None:  # a statistic that it waits for is shown by now
                self._dashboard.look(self._opened, overview)
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
            code = part.exit_code
            if code is None or (code == 0 and part is self._producer):
                continue
            if code >= 0:
                raise part_failure(part.name, code, part.log_path)
            self._restart(part, code)

    def _restart(self, part: Part, code: int) -> None:
        if not part.may_start_again():
            raise part_failure(part.name, code, part.log_path)
        self._on_step(f"the {part.name} was killed (signal {-code}); starting it again")
        part.start(self._opened)

    def _producer_is_done(self) -> bool:
        """Whether everything is published that this run was asked to publish."""
        activity = read_activity(self._settings.data_dir, ProducerActivity)
        return self._producer.exit_code == 0 and activity.finished

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
        """Ends producer, stream and page side by side, then the broker. Repeatable."""
        parts = (self._stream, self._producer, self._dashboard)
        children = [part.child for part in parts if part is not None and part.child]
        if children:
            with ThreadPoolExecutor(len(children)) as pool:
                list(pool.map(lambda child: child.stop(STOP_GRACE_S), children))
        if self._broker is not None:
            self._broker.stop()
        self._lock.close()
