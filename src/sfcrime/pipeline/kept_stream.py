"""The stream as a part that is kept up: it works once it gets on, and is killed where it hangs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sfcrime.errors import EXIT_OK
from sfcrime.pipeline.activity import StreamActivity, read_activity
from sfcrime.pipeline.kept_part import KeptPart
from sfcrime.pipeline.part import Part
from sfcrime.pipeline.topic_watch import TopicWatch
from sfcrime.settings import Settings
from sfcrime.spark.cluster import EXECUTOR_WAIT_S, is_local
from sfcrime.store.address import store_address

if TYPE_CHECKING:
    # It reads the database, whose import would delay the start.
    from sfcrime.pipeline.job_watch import JobWatch

NAME = "stream"
RUNNING = "running"
"""Its step once the query is about to run."""


class KeptStream:
    """The stream, and whether it gets on.

    Args:
        settings: of the run.
        arguments: of `sfcrime`.
        on_step: told what becomes of it.
        runs_alone: it may end in order, and what it prints goes where our own output goes.
    """

    def __init__(
        self,
        settings: Settings,
        arguments: Sequence[str],
        on_step: Callable[[str], None],
        *,
        runs_alone: bool = False,
    ) -> None:
        self.process = Part(
            NAME, arguments, settings, says=StreamActivity, speaks_for_itself=runs_alone
        )
        self.part = KeptPart(
            self.process,
            settings.supervision.give_up_after_s,
            on_step,
            has_done_its_work=lambda code: code == EXIT_OK and runs_alone,
        )
        self._watch: JobWatch | None = None

    def look(self, topic: TopicWatch | None) -> None:
        """Sees how it is, and starts it again; errors as of `KeptPart.look`.

        Args:
            topic: asks the broker; None where no broker is known yet.
        """
        is_running = self._is_running()  # asked first: its ledger is there before it says so
        watch = self.end_where_it_hangs(topic)
        if self.process.exit_code is None and watch.gets_on and is_running:
            self.part.works()
        before = self.part.restarts
        self.part.look(may_start=topic is not None and topic.answers)
        if self.part.restarts != before:
            watch.begins()

    def end_where_it_hangs(self, topic: TopicWatch | None) -> JobWatch:
        """Kills it where it does not get on though it could; what was seen of it. It is started
        again by `look` only."""
        watch = self._watch = self._watch or self._new_watch()
        watch.look(topic.ends if topic else {}, kafka_answers=topic is not None and topic.answers)
        if self.process.exit_code is None and (reason := watch.hangs()):
            watch.was_killed()
            self.part.kill(reason)
        return watch

    def _new_watch(self) -> JobWatch:
        from sfcrime.pipeline.job_watch import JobWatch

        settings = self.process.settings
        start_s = 0.0 if is_local(settings.stream.master) else EXECUTOR_WAIT_S
        return JobWatch(store_address(settings), settings.supervision.silence_s, start_s=start_s)

    def _is_running(self) -> bool:
        return read_activity(self.process.settings.data_dir, StreamActivity).step == RUNNING
