"""Asks Kafka again and again how far the topic goes, in a thread, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Thread

from sfcrime.errors import KafkaUnavailable, SfcrimeError
from sfcrime.kafka.topic import Topic
from sfcrime.machine.watched_time import watched_s
from sfcrime.settings import KafkaSettings

ASKED_EVERY_S = 0.4
_PATIENCE_S = 2.0
"""A question that a broker took with it to its end is asked again soon."""
SILENT_AFTER_S = 3.0
"""A broker on two busy cores answers within milliseconds, or after a pause within a second."""
CLIENT_RENEWED_S = 10.0
"""A client that got no answer for so long is replaced: the next one knows nothing of a broker that
was stopped, killed, or took itself for dead."""
HUNG_AFTER_S = 30.0
"""A question takes some seconds at most. One that never ends is left alone; others are asked."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered last; replaced as a whole, so other threads need no lock."""

    ends: Mapping[int, int]
    as_of_s: float
    is_one: bool = True
    """False: nothing has answered yet."""


class TopicWatch:
    """The ends of a topic as they were last answered, and since when nothing answers.

    Args:
        kafka: names broker and topic.
        cluster_id: of the only cluster whose answers count; None: of whichever.
    """

    def __init__(self, kafka: KafkaSettings, cluster_id: str | None = None) -> None:
        self._kafka, self._cluster_id = kafka, cluster_id
        self._answer = _Answer({}, watched_s(), is_one=False)
        self._problem = ""
        self._ended = Event()
        self._threads = 0
        self._ask_in_a_thread()

    def _ask_in_a_thread(self) -> None:
        self._threads += 1
        self._asked_s = watched_s()
        # A daemon: a client of Kafka that hangs must not hold up the end of the process.
        self._thread = Thread(
            target=self._watch, args=[self._threads], name="topic-watch", daemon=True
        )
        self._thread.start()

    def keep_asking(self) -> None:
        """Asks in another thread where a question has not ended for 30 s: else a client that hangs
        would pass for a broker that does. To be called again and again."""
        if watched_s() - self._asked_s > HUNG_AFTER_S and not self._ended.is_set():
            self._ask_in_a_thread()

    @property
    def ends(self) -> Mapping[int, int]:
        """By partition, its last stable offset as it was last answered; empty before the topic
        exists."""
        return self._answer.ends

    @property
    def as_of_s(self) -> float:
        """The ends are no older than this, by `watched_s`; before the first answer, when the
        questions began."""
        return self._answer.as_of_s

    @property
    def silent_s(self) -> float:
        """For how long nothing has answered."""
        return watched_s() - self.as_of_s

    @property
    def answers(self) -> bool:
        """Whether Kafka has answered within the last 3 seconds."""
        return self._answer.is_one and self.silent_s < SILENT_AFTER_S

    @property
    def problem(self) -> str:
        """What the client said last where it got no answer, in one line."""
        return self._problem

    def end(self) -> None:
        """No more questions; one that is being asked is left alone. Repeatable."""
        self._ended.set()

    def _watch(self, thread: int) -> None:
        topic, failing_since_s = None, None
        while not self._ended.is_set() and thread == self._threads:
            self._asked_s = asked_s = watched_s()
            try:
                topic = topic or Topic(self._kafka, _PATIENCE_S)
                ends = topic.ends()
                self._require_cluster(topic)
            except SfcrimeError as error:
                self._problem = error.happened.splitlines()[0]
                failing_since_s = failing_since_s or asked_s
                if asked_s - failing_since_s >= CLIENT_RENEWED_S:
                    topic = failing_since_s = None
            else:
                failing_since_s = None
                if thread == self._threads:  # else others were asked since
                    self._answer = _Answer(ends or self._answer.ends, asked_s)
            self._ended.wait(ASKED_EVERY_S)

    def _require_cluster(self, topic: Topic) -> None:
        """Refuses the answers of another broker, which took the port of one that had ended."""
        if self._cluster_id not in (None, topic.cluster_id):
            raise KafkaUnavailable(
                f"another broker listens on {self._kafka.bootstrap_servers}, of the cluster "
                f"{topic.cluster_id}"
            )
