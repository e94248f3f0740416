"""The broker that the other parts need: ours is kept up, that of an outside cluster waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.broker import RunningBroker
from sfcrime.machine.watched_time import watched_s
from sfcrime.pipeline.kept_part import KeptPart
from sfcrime.pipeline.part import Ended, how_ended
from sfcrime.pipeline.topic_watch import SILENT_AFTER_S, TopicWatch
from sfcrime.settings import Settings

_NAME = "broker"
_SILENT = "does not answer"


class BrokerProcess:
    """The embedded broker as a part; it was started before."""

    name = _NAME

    def __init__(self, broker: RunningBroker) -> None:
        self._broker = broker
        self.started_s = watched_s()

    @property
    def exit_code(self) -> int | None:
        return self._broker.exit_code

    def start(self) -> None:
        self.started_s = watched_s()
        self._broker.start_again()

    def kill(self) -> None:
        self._broker.kill()

    def ended(self, code: int) -> Ended:
        return Ended(how_ended(code), self._broker.failure())

    def answers(self) -> None:
        """Others may find it."""
        self._broker.note_answers()


@dataclass(frozen=True, slots=True)
class OutsideBroker:
    """A broker that others run: it can only be waited for."""

    name: str = _NAME
    exit_code: int | None = None
    started_s: float = 0.0

    def start(self) -> None:
        """It is not ours to start."""

    def kill(self) -> None:
        """Nor to end."""

    def ended(self, code: int) -> Ended:
        raise NotImplementedError(f"an outside broker never ends, and did with {code}")

    def answers(self) -> None:
        """It is named by the settings, and needs no finding."""


class KeptBroker:
    """The broker, and whether it answers.

    Args:
        settings: of the run, with the broker's address.
        broker: the embedded one; None where it is an outside cluster's.
        on_step: told what becomes of it.
    """

    def __init__(
        self, settings: Settings, broker: RunningBroker | None, on_step: Callable[[str], None]
    ) -> None:
        self._process = BrokerProcess(broker) if broker else OutsideBroker()
        bounds = settings.supervision
        self.part = KeptPart(self._process, bounds.give_up_after_s, on_step)
        self.topic = TopicWatch(settings.kafka, broker.cluster_id if broker else None)
        self._servers = settings.kafka.bootstrap_servers
        self._killed_after_s = float("inf") if broker is None else 2.0 * bounds.silence_s
        self.part.begins()

    def look(self) -> None:
        """Sees how it is, and starts an embedded one again; errors as of `KeptPart.look`."""
        process, topic = self._process, self.topic
        topic.keep_asking()
        if process.exit_code is None:
            silent_s = min(topic.silent_s, watched_s() - process.started_s)
            if topic.answers and topic.as_of_s > process.started_s:
                process.answers()
                self.part.works()
            elif silent_s > self.part.longer_each_time(self._killed_after_s):
                # A broker that checks its logs after a crash may take longer the next time.
                self.part.kill(f"did not answer for {silent_s:.0f} s")
            elif silent_s > SILENT_AFTER_S:
                self.part.is_away(_SILENT, self._no_answer())
        self.part.look()

    def end(self) -> None:
        """Asks no more. Repeatable."""
        self.topic.end()

    def _no_answer(self) -> KafkaUnavailable:
        return KafkaUnavailable(f"{self._servers} does not answer: {self.topic.problem}")
