"""How far a topic goes, asked beside everything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from asked_admin import AskedAdmin
from running import wait_until
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.pipeline import topic_watch
from sfcrime.pipeline.topic_watch import TopicWatch
from sfcrime.settings import KafkaSettings


class FakeTopic:
    """Answers, or raises, what it was told to."""

    answer: dict[int, int] | KafkaUnavailable = KafkaUnavailable("No broker answered.")

    def __init__(self, _: KafkaSettings, patience_s: float) -> None:
        assert patience_s < 3, "a broker that is back is seen before it counts as silent"

    cluster_id = "ours"

    def ends(self) -> dict[int, int]:
        if isinstance(self.answer, KafkaUnavailable):
            raise self.answer
        return self.answer


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeTopic]:
    monkeypatch.setattr(topic_watch, "Topic", FakeTopic)
    monkeypatch.setattr(topic_watch, "ASKED_EVERY_S", 0.01)
    monkeypatch.setattr(FakeTopic, "answer", KafkaUnavailable("No broker answered."))
    return FakeTopic


def test_the_answers_of_another_cluster_on_the_same_port_are_none(fake: type[FakeTopic]) -> None:
    fake.answer = {0: 7}
    fake.cluster_id = "another"
    watch = TopicWatch(KafkaSettings(bootstrap_servers="localhost:9092"), "ours")
    wait_until(lambda: watch.problem != "", "the first refusal")
    assert watch.problem == "another broker listens on localhost:9092, of the cluster another"
    assert not watch.answers
    assert watch.ends == {}

    fake.cluster_id = "ours"
    wait_until(lambda: watch.answers, "the first answer")
    assert watch.ends == {0: 7}
    watch.end()


def test_silence_begins_with_the_last_answer_and_ends_with_the_next(
    fake: type[FakeTopic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_watch, "SILENT_AFTER_S", 0.2)
    watch = TopicWatch(KafkaSettings())
    wait_until(lambda: watch.problem == "No broker answered.", "the first refusal")
    assert not watch.answers
    assert watch.ends == {}

    fake.answer = {0: 7}
    wait_until(lambda: watch.answers, "the first answer")
    assert watch.ends == {0: 7}
    fake.answer = KafkaUnavailable("No broker answered.")
    wait_until(lambda: not watch.answers, "the silence")
    assert watch.silent_s >= 0.2
    assert watch.ends == {0: 7}, "what was known last stays"
    fake.answer = {0: 9}
    wait_until(lambda: watch.answers, "the next answer")
    watch.end()


def test_the_ends_are_as_of_the_question_not_of_the_answer(
    fake: type[FakeTopic], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that was published while the broker answered is in no answer."""
    fake.answer = {0: 7}
    answered_s = [0.0]

    def slow(_: FakeTopic) -> dict[int, int]:
        time.sleep(0.1)  # what a slow broker does
        answered_s[0] = time.monotonic()
        return {0: 7}

    monkeypatch.setattr(FakeTopic, "ends", slow)
    watch = TopicWatch(KafkaSettings())
    wait_until(lambda: watch.ends == {0: 7}, "the first answer")
    assert watch.as_of_s <= answered_s[0] - 0.1
    watch.end()


def test_a_question_that_never_ends_is_left_alone_and_others_are_asked(
    fake: type[FakeTopic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_watch, "HUNG_AFTER_S", 0.2)
    released, asked = threading.Event(), list[int]()

    def hangs_at_first(_: FakeTopic) -> dict[int, int]:
        asked.append(len(asked))
        if len(asked) == 1:
            released.wait(20)
            return {0: 1}
        return {0: 7}

    monkeypatch.setattr(FakeTopic, "ends", hangs_at_first)
    watch = TopicWatch(KafkaSettings())
    hung = watch._thread
    wait_until(lambda: (watch.keep_asking(), watch.answers)[1], "an answer beside the hung one")
    watch.end()
    watch._thread.join(10)
    released.set()
    hung.join(10)
    assert not hung.is_alive() and not watch._thread.is_alive()
    assert watch.ends == {0: 7}, "an answer to an older question changes nothing"


def test_a_client_that_gets_no_answer_is_replaced(
    fake: type[FakeTopic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_watch, "CLIENT_RENEWED_S", 0.1)
    made: list[FakeTopic] = []

    def only_the_second_answers(topic: FakeTopic) -> dict[int, int]:
        if topic not in made:
            made.append(topic)
        if len(made) == 1:
            raise KafkaUnavailable("Leader epoch is older than broker epoch.")
        return {0: 7}

    monkeypatch.setattr(FakeTopic, "ends", only_the_second_answers)
    watch = TopicWatch(KafkaSettings())
    wait_until(lambda: watch.answers, "an answer to another client")
    watch.end()


@pytest.mark.kafka
def test_a_question_lists_the_topics_once(
    topic: Callable[[], KafkaSettings], admins: list[AskedAdmin]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    watch = TopicWatch(kafka)
    wait_until(lambda: watch.ends == {0: 0}, "the ends")
    watch.end()
    watch._thread.join(10)
    asked = admins[-1].asked
    assert asked["list_topics"] == asked["list_offsets"] > 0
    assert set(asked) == {"list_topics", "list_offsets"}
