"""Supervises a stream that runs alone: one that ends, or hangs, is started again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from sfcrime.errors import GivenUp, SfcrimeError
from sfcrime.kafka.broker_record import known_kafka
from sfcrime.pipeline.kept_stream import KeptStream
from sfcrime.pipeline.supervision import Supervision
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
        self._stream = KeptStream(settings, arguments, on_step, speaks_for_itself=True)
        self._supervision = Supervision(settings.data_dir)
        self._kafka: KafkaSettings | None = None
        self._topic: TopicWatch | None = None

    def run(self, stop: Event) -> int:
        """Keeps the stream up until it ends in order, or is told to stop, which it does after the
        batch in hand.

        Returns:
            The exit code of a stream that ended, and has said why itself.

        Raises:
            GivenUp: it could not be kept up.
        """
        process = self._stream.process
        self._stream.part.start()
        try:
            while process.exit_code != 0:
                if stop.wait(_LOOK_S):
                    return self._ended_in_order()
                self._stream.look(self._topic_watch())
                self._supervision.note([self._stream.part])
            return 0
        except GivenUp:
            raise
        except SfcrimeError as failure:
            return failure.exit_code
        finally:
            process.kill()
            if self._topic is not None:
                self._topic.end()

    def _ended_in_order(self) -> int:
        """A second signal ends the wait, and the stream with it."""
        child = self._stream.process.child
        assert child is not None, "it was started"
        child.ask_to_end()
        return max(child.wait(None) or 0, 0)

    def _topic_watch(self) -> TopicWatch | None:
        """Asks the broker that is known by now; an embedded one may come up elsewhere."""
        kafka = known_kafka(self._settings)
        if kafka is not None and kafka != self._kafka:
            if self._topic is not None:
                self._topic.end()
            self._kafka, self._topic = kafka, TopicWatch(kafka)
        return self._topic
