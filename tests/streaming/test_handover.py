"""One piece of work is done while the next is got ready, never more; a failure is never passed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest

from sfcrime.errors import StoreUnavailable
from sfcrime.streaming.handover import Handover, HandoverClosed

_WAIT_S = 20.0
_SURELY_THERE_S = 0.2
"""What does not wait is over by then; a busier machine can only hide a failure, never make one."""


class Held:
    """Work that waits until it is let go, and fails where it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self.may_go = Event()
        self.has_begun = Event()
        self.fails_at: int | None = None

    def __call__(self, number: int) -> None:
        self.begun.append(number)
        self.has_begun.set()
        assert self.may_go.wait(_WAIT_S)
        if number == self.fails_at:
            raise StoreUnavailable("the disk is full")
        self.done.append(number)


@pytest.fixture
def held() -> Iterator[Held]:
    work = Held()
    yield work
    work.may_go.set()


def test_the_first_piece_is_taken_without_waiting_for_it(held: Held) -> None:
    with Handover(held, "test") as handover:
        handover.hand_over(1)
        assert held.has_begun.wait(_WAIT_S)
        handover.check()
        assert held.done == []
        held.may_go.set()
    assert held.done == [1]


def test_the_next_piece_waits_for_the_one_before(held: Held) -> None:
    with Handover(held, "test") as handover, ThreadPoolExecutor(1) as reading:
        handover.hand_over(1)
        assert held.has_begun.wait(_WAIT_S)
        second = reading.submit(handover.hand_over, 2)
        assert not wait([second], _SURELY_THERE_S).done
        assert held.begun == [1]
        held.may_go.set()
        second.result(_WAIT_S)
        handover.wait()
    assert held.done == [1, 2]


def test_pieces_are_done_in_their_order(held: Held) -> None:
    held.may_go.set()
    with Handover(held, "test") as handover:
        for number in range(50):
            handover.hand_over(number)
    assert held.done == list(range(50))


def test_a_failure_is_raised_where_the_next_piece_is_handed_over(held: Held) -> None:
    held.fails_at = 1
    held.may_go.set()
    with Handover(held, "test") as handover:
        handover.hand_over(1)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="disk is full"):
                handover.hand_over(2)
    assert (held.begun, held.done) == ([1], [])


def test_a_failure_that_comes_while_the_next_piece_waits_reaches_it(held: Held) -> None:
    held.fails_at = 1
    with Handover(held, "test") as handover, ThreadPoolExecutor(1) as reading:
        handover.hand_over(1)
        assert held.has_begun.wait(_WAIT_S)
        second = reading.submit(handover.hand_over, 2)
        held.may_go.set()
        with pytest.raises(StoreUnavailable):
            second.result(_WAIT_S)
    assert held.begun == [1]


def test_a_failure_is_seen_by_who_only_looks(held: Held) -> None:
    """On an idle topic no further piece comes that would meet it."""
    held.fails_at = 1
    with Handover(held, "test") as handover:
        handover.hand_over(1)
        handover.check()
        held.may_go.set()
        with pytest.raises(StoreUnavailable):
            handover.wait()
        with pytest.raises(StoreUnavailable):
            handover.check()


def test_the_end_waits_for_what_was_handed_over(held: Held) -> None:
    with ThreadPoolExecutor(1) as other:
        with Handover(held, "test") as handover:
            handover.hand_over(1)
            assert held.has_begun.wait(_WAIT_S)
            other.submit(held.may_go.set)
        assert held.done == [1]


def test_once_the_end_has_begun_nothing_is_taken(held: Held) -> None:
    """A query that was given up may still be reading a batch."""
    held.may_go.set()
    with Handover(held, "test") as handover:
        handover.hand_over(1)
        handover.close()
        with pytest.raises(HandoverClosed):
            handover.hand_over(2)
    assert held.done == [1]


def test_nothing_handed_over_is_nothing_to_wait_for(held: Held) -> None:
    with Handover(held, "test") as handover:
        handover.check()
        handover.wait()
    assert held.begun == []
