"""The lag is asked for only while somebody looks, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from running import wait_until
from sfcrime.dashboard.serving.lag import LagWatch
from sfcrime.domain.known_lag import Lag

FIVE = Lag({0: 5}, None)


class Cluster:
    """Counts questions; the answer comes when it is let through."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = Event()
        self.may_answer.set()

    def __call__(self) -> Lag:
        self.asked += 1
        self.may_answer.wait()
        return FIVE


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(cluster: Cluster, clock: Clock) -> Iterator[LagWatch]:
    watch = LagWatch(cluster, every_s=0.01, clock=clock)
    yield watch
    cluster.may_answer.set()
    watch.end()


def test_before_anybody_looks_it_is_not_known_and_not_asked_for(
    watch: LagWatch, cluster: Cluster
) -> None:
    assert watch.known == Lag(None, "it was not asked for yet")
    assert cluster.asked == 0


def test_who_looks_does_not_wait_for_the_cluster(watch: LagWatch, cluster: Cluster) -> None:
    cluster.may_answer.clear()

    watch.look()

    wait_until(lambda: cluster.asked == 1, "it is asked")
    assert watch.known.records is None
    cluster.may_answer.set()
    wait_until(lambda: watch.known == FIVE, "the answer is known")
    assert watch.known.records == 5


def test_it_is_asked_for_again_as_long_as_the_look_lasts(
    watch: LagWatch, cluster: Cluster, clock: Clock
) -> None:
    watch.look()
    wait_until(lambda: cluster.asked >= 3, "it is asked again")

    clock.now_s += 15.1
    asked_then = cluster.asked

    assert not Event().wait(0.1)
    assert cluster.asked <= asked_then + 1, "one question may have been under way"
    asked_then = cluster.asked
    watch.look()
    wait_until(lambda: cluster.asked > asked_then, "a new look asks again")


def test_what_was_measured_20_seconds_ago_is_not_known_any_more(
    watch: LagWatch, cluster: Cluster, clock: Clock
) -> None:
    watch.look()
    wait_until(lambda: watch.known == FIVE, "the answer is known")
    cluster.may_answer.clear()
    asked_then = cluster.asked
    wait_until(lambda: cluster.asked > asked_then, "a question without an answer")

    clock.now_s += 20.1

    assert watch.known == Lag(None, "it was not asked for yet")


def test_after_its_end_it_asks_nothing(cluster: Cluster, clock: Clock) -> None:
    watch = LagWatch(cluster, every_s=0.01, clock=clock)
    watch.end()

    watch.look()

    assert watch._thread is None
    assert cluster.asked == 0


def test_a_question_that_fails_is_asked_again(clock: Clock) -> None:
    answers = iter([KeyError("a partition of nobody"), FIVE])

    def measure() -> Lag:
        answer = next(answers, FIVE)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = LagWatch(measure, every_s=0.01, clock=clock)
    try:
        watch.look()
        wait_until(lambda: watch.known == FIVE, "the second answer is known")
    finally:
        watch.end()
