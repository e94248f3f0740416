"""Supervises a stream that runs alone: one that ends, or hangs, is started again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from sfcrime.errors import EXIT_FAILURE, EXIT_OK, ChildFailed, GivenUp
from sfcrime.kafka.broker_record import known_kafka
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.pipeline.kept_stream import KeptStream
from sfcrime.pipeline.part import how_ended
from sfcrime.pipeline.supervision import SUPERVISOR, SUPERVISOR_LOCK_FILE, Supervision
from sfcrime.pipeline.topic_watch import TopicWatch
from sfcrime.settings import KafkaSettings, Settings

_LOOK_S = 0.2


class StreamSupervisor:
    """A stream in a process of its own, which prints where we do.

    Linux ends a child with the thread that started it: call everything from the main thread.

    Args:
        settings: of the stream.
        arguments: of `sfcrime`, for the stream itself.
        on_step: told what becomes of it.
    """

    def __init__(
        self, settings: Settings, arguments: Sequence[str], on_step: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._on_step = on_step
        self._stream = KeptStream(settings, arguments, on_step, runs_alone=True)
        self._supervision = Supervision(settings.data_dir)
        self._kafka: KafkaSettings | None = None
        self._topic: TopicWatch | None = None

    def run(self, stop: Event) -> int:
        """Keeps the stream up until it ends in order, or is told to stop, which it does after the
        batch in hand.

        Returns:
            The exit code of a stream that ended, and has said why itself.

        Raises:
            UsageError: the data folder is not ours; see `take_folder`.
            AlreadyRunning: another supervisor looks after it.
            GivenUp: it could not be kept up.
            SfcrimeError: what it needs can no longer be looked at.
        """
        # What a stream of another one says of itself would be lost by the start of ours.
        with take_alone(self._settings.data_dir, DATA_FOLDER, SUPERVISOR, SUPERVISOR_LOCK_FILE):
            return self._keep_up(stop)

    def _keep_up(self, stop: Event) -> int:
        process, part = self._stream.process, self._stream.part
        part.start()
        try:
            while part.state != "done":
                if stop.wait(_LOOK_S):
                    return self._ended_in_order()
                self._stream.look(self._topic_watch())
                self._supervision.note([part])
            return EXIT_OK
        except GivenUp:
            raise
        except ChildFailed as failure:
            return failure.exit_code
        finally:
            process.kill()
            if self._topic is not None:
                self._topic.end()
            self._supervision.end()

    def _ended_in_order(self) -> int:
        """A second signal ends the wait, and the stream with it; so does a stream that hangs."""
        child = self._stream.process.child
        if child is None or not child.is_running():  # it was to be started again
            return EXIT_OK
        child.ask_to_end()
        while (code := child.wait(_LOOK_S)) is None:
            self._stream.end_where_it_hangs(self._topic_watch())
        if code >= 0:
            return code
        self._on_step(f"the stream {self._stream.part.killed_for or how_ended(code)}")
        return EXIT_FAILURE

    def _topic_watch(self) -> TopicWatch | None:
        """Asks the broker that is known by now; an embedded one may come up elsewhere."""
        kafka = known_kafka(self._settings)
        if kafka is not None and kafka != self._kafka:
            if self._topic is not None:
                self._topic.end()
            self._kafka, self._topic = kafka, TopicWatch(kafka)
        if self._topic is not None:
            self._topic.keep_asking()
        return self._topic
