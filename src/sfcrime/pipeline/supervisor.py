"""Starts, supervises and stops the parts of `run`: broker, producer, stream, page.

They are processes of their own, so that each can be killed, started again and looked at alone. What
ends, hangs or is away is started again or waited for (`kept_part`), and goes on where topic and
ledger say. An error that cannot pass by itself ends the run, because going on might risk a number
or would only fail again. The page never ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

from sfcrime.jvm.jars import resolve_jars
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.machine.watched_time import watched_s
from sfcrime.pipeline.activity import clear_activity
from sfcrime.pipeline.kept_broker import KeptBroker
from sfcrime.pipeline.kept_dashboard import KeptDashboard
from sfcrime.pipeline.kept_producer import KeptProducer
from sfcrime.pipeline.kept_stream import KeptStream
from sfcrime.pipeline.part import Part
from sfcrime.pipeline.refusals import require_place, require_runnable
from sfcrime.pipeline.supervision import SUPERVISOR, SUPERVISOR_LOCK_FILE, Supervision
from sfcrime.settings import Settings

if TYPE_CHECKING:
    # It reads the database, whose import would delay the parts.
    from sfcrime.pipeline.overview import Overview, OverviewWatch

STOP_GRACE_S = 6.0
"""For the parts together; with the broker after them, a stop takes less than 10 s."""
_SILENT_GRACE_S = 2.0
"""For a broker that does not answer: one that hangs would use up all it is given."""

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
        produce = ["produce", *(["--until-present"] if until_caught_up else [])]
        stream = ["stream", "--await-topic", "--quiet", "--no-restart"]
        self._settings = settings
        self._on_step = on_step
        self._until_caught_up = until_caught_up
        self._held = ExitStack()
        self._embedded: RunningBroker | None = None
        self._broker: KeptBroker | None = None
        self._stream = KeptStream(settings, stream, on_step)
        self._producer = KeptProducer(settings, produce, on_step)
        self._dashboard = KeptDashboard(settings, on_step) if with_dashboard else None
        self._supervision = Supervision(settings.data_dir)
        self._done_s: float | None = None
        """When the producer was seen to be done."""

    def __enter__(self) -> Pipeline:
        require_runnable(self._settings)
        data_dir = self._settings.data_dir
        alone = take_alone(data_dir, DATA_FOLDER, SUPERVISOR, SUPERVISOR_LOCK_FILE)
        self._held.enter_context(alone)
        try:
            self._broker = self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def topic_ends(self) -> Mapping[int, int]:
        """By partition, the topic's last stable offset as it was last answered."""
        return self._broker.topic.ends if self._broker else {}

    def _start(self) -> KeptBroker:
        """The stream first: Spark needs longest, and waits by itself for broker and topic."""
        settings = self._settings
        require_place(settings, with_dashboard=self._dashboard is not None)
        clear_activity(settings.data_dir)
        for jar_set in ("spark", "kafka"):
            resolve_jars(jar_set, settings.jvm)
        self._on_step("starting Spark")
        self._stream.part.start()
        if not settings.kafka.bootstrap_servers:
            self._embedded = start_broker(settings, self._on_step)
            settings = settings.at_servers(self._embedded.bootstrap_servers)
        for part in self._parts():
            part.settings = settings
        self._on_step("starting the producer")
        self._producer.part.start()
        return KeptBroker(settings, self._embedded, self._on_step)

    def supervise(
        self, watch: OverviewWatch, stop: Event, show: Callable[[Overview, Mapping[int, int]], None]
    ) -> bool:
        """Looks after the parts until told to stop, and shows twice a second what they do.

        Returns:
            whether everything was caught up, which ends a run that was to end then.

        Raises:
            GivenUp: a part could not be kept up.
            ChildFailed: a part ended with an error that does not pass.
        """
        while not stop.wait(_LOOK_S):
            broker = self._look_after_parts()
            overview, ends = watch.look(), broker.topic.ends
            show(overview, ends)
            if self._dashboard is not None:  # a statistic that it waits for is shown by now
                self._dashboard.look(overview)
            if self._until_caught_up and self._ends_are_last and overview.is_caught_up(ends):
                return True
        return False

    def _look_after_parts(self) -> KeptBroker:
        assert self._broker is not None, "a run is entered before it is supervised"
        self._broker.look()
        self._producer.look(may_start=self._broker.topic.answers)
        self._stream.look(self._broker.topic)
        kept = [self._broker.part, self._producer.part, self._stream.part]
        if self._dashboard is not None and self._dashboard.process.child is not None:
            kept.append(self._dashboard.part)
        self._supervision.note(kept)
        return self._broker

    @property
    def _ends_are_last(self) -> bool:
        """Whether the topic was asked for its ends after everything was published."""
        if not self._producer.is_done or self._broker is None:
            return False
        self._done_s = self._done_s or watched_s()
        return self._broker.topic.as_of_s >= self._done_s

    def _parts(self) -> list[Part]:
        kept = (self._stream, self._producer, self._dashboard)
        return [each.process for each in kept if each is not None]

    def stop(self) -> None:
        """Ends producer, stream and page side by side, then the broker. Repeatable."""
        children = [part.child for part in self._parts() if part.child]
        if children:
            with ThreadPoolExecutor(len(children)) as pool:
                list(pool.map(lambda child: child.stop(STOP_GRACE_S), children))
        if self._broker is not None:
            self._broker.end()
        if self._embedded is not None:
            if self._broker is not None and self._broker.part.state == "down":
                self._embedded.stop(_SILENT_GRACE_S)
            else:
                self._embedded.stop()
        self._supervision.end()
        self._held.close()
