"""A part that is kept up: when it is started again, when it counts as up, when it is given up."""

from __future__ import annotations

import pytest

from sfcrime.errors import (
    AccountingBroken,
    ChildFailed,
    GivenUp,
    KafkaUnavailable,
    SfcrimeError,
)
from sfcrime.pipeline.activity import PartState
from sfcrime.pipeline.kept_part import Clock, KeptPart
from sfcrime.pipeline.part import Ended

KILLED, FAILED = -9, 4


class FakeProcess:
    """A process that ends when it is told to."""

    name = "stream"

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.starts = 0
        self.kills = 0
        self.failure: SfcrimeError = KafkaUnavailable("No broker.")
        self.cannot_start: OSError | None = None

    def start(self) -> None:
        if self.cannot_start is not None:
            raise self.cannot_start
        self.starts += 1
        self.exit_code = None

    def kill(self) -> None:
        self.kills += 1
        self.exit_code = KILLED

    def ended(self, code: int) -> Ended:
        reason = "was killed by signal 9" if code < 0 else "ended: No broker."
        return Ended(reason, self.failure)


class Kept:
    """A part on clocks that only move when told to."""

    def __init__(self, give_up_after_s: float = 100.0) -> None:
        self.now_s = 0.0
        self.said: list[str] = []
        self.process = FakeProcess()
        clock = Clock(lambda: self.now_s, lambda: int(self.now_s * 1000), lambda: 1.0)
        self.part = KeptPart(self.process, give_up_after_s, self.said.append, clock)
        self.part.start()

    def ends(self, code: int = KILLED) -> None:
        self.process.exit_code = code
        self.part.look()

    def passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.part.look()

    def delay_s(self) -> float:
        """How long it takes until the next start, in steps of an eighth of a second."""
        began_s, starts = self.now_s, self.process.starts
        while self.process.starts == starts:
            assert self.now_s - began_s < 60, "it was not started again"
            self.passes(0.125)
        return self.now_s - began_s


@pytest.fixture
def kept() -> Kept:
    """One that has worked."""
    kept = Kept()
    kept.part.works()
    return kept


def test_each_restart_waits_twice_as_long_up_to_fifteen_seconds(kept: Kept) -> None:
    delays = []
    for _ in range(7):
        kept.ends()
        delays.append(kept.delay_s())

    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert kept.part.restarts == 7
    assert kept.said == ["the stream was killed by signal 9; starting it again"] * 7


def test_what_works_again_begins_with_the_shortest_wait(kept: Kept) -> None:
    kept.ends()
    kept.delay_s()
    kept.ends()
    kept.delay_s()
    kept.part.works()
    kept.passes(15)
    kept.ends()

    assert kept.delay_s() == 0.5


def test_what_works_for_moments_only_waits_longer_each_time_and_is_given_up(kept: Kept) -> None:
    kept.passes(1_000)
    delays = []
    with pytest.raises(GivenUp, match="could not be kept up for 2 minutes"):
        while len(delays) < 50:
            kept.ends(FAILED)
            delays.append(kept.delay_s())
            kept.part.works()
            kept.passes(1)

    assert delays[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert 100 < kept.now_s - 1_000 < 117


def test_a_long_wait_for_its_work_is_no_time_that_it_was_tried_for() -> None:
    kept = Kept(give_up_after_s=100)
    kept.passes(7_200)
    kept.ends(KILLED)
    assert kept.delay_s() == 0.5


def test_it_is_down_from_its_end_until_it_works_again_not_until_its_start(kept: Kept) -> None:
    kept.passes(10)
    kept.ends()
    kept.passes(1)
    assert kept.process.starts == 2
    assert kept.part.as_state() == PartState("stream", "down", 10_000, 1, "was killed by signal 9")

    kept.passes(4)
    kept.part.works()
    assert kept.part.as_state() == PartState("stream", "up", 15_000, 1, "was killed by signal 9")
    assert kept.said[-1] == "the stream is back"


def test_a_part_that_has_worked_is_started_again_after_an_error_that_may_pass(kept: Kept) -> None:
    kept.ends(FAILED)
    assert kept.delay_s() == 0.5
    assert kept.part.reason == "ended: No broker."


def test_an_error_that_cannot_pass_ends_the_run(kept: Kept) -> None:
    kept.process.failure = AccountingBroken("The outcomes do not add up.")
    with pytest.raises(AccountingBroken):
        kept.ends(1)


def test_an_error_at_the_first_start_ends_the_run_for_somebody_to_read_it() -> None:
    with pytest.raises(KafkaUnavailable):
        Kept().ends(FAILED)


def test_what_was_killed_at_its_first_start_is_started_again() -> None:
    kept = Kept()
    kept.ends(KILLED)
    assert kept.delay_s() == 0.5


def test_an_error_that_may_pass_is_none_of_the_first_start_once_it_was_started_again() -> None:
    kept = Kept()
    kept.ends(KILLED)
    kept.delay_s()
    kept.ends(FAILED)
    assert kept.delay_s() == 1.0


def test_what_is_away_for_days_is_tried_every_fifteen_seconds() -> None:
    kept = Kept(give_up_after_s=float("inf"))
    kept.part.works()
    for _ in range(1_100):
        kept.ends()
        kept.passes(15)
    assert kept.process.starts == 1_101
    assert kept.part.longer_each_time(1.0) == 1_024


def test_it_is_given_up_when_it_was_down_for_too_long(kept: Kept) -> None:
    kept.process.failure = ChildFailed("It ended.", next_step="read its log")
    kept.passes(1_000)
    with pytest.raises(GivenUp) as raised:
        while True:
            kept.ends()
            kept.delay_s()

    assert 100 < kept.now_s - 1_000 < 116
    assert raised.value.happened == (
        "The stream could not be kept up for 2 minutes; at last it was killed by signal 9"
    )
    assert raised.value.next_step == "read its log"


def test_the_exit_code_of_one_that_was_given_up_is_that_of_its_last_error(kept: Kept) -> None:
    with pytest.raises(GivenUp) as raised:
        while True:
            kept.ends(FAILED)
            kept.delay_s()
    assert raised.value.exit_code == 4


def test_it_is_not_started_while_what_it_needs_is_away(kept: Kept) -> None:
    kept.ends()
    kept.now_s += 5
    kept.part.look(may_start=False)
    assert kept.process.starts == 1
    kept.part.look()
    assert kept.process.starts == 2


def test_it_is_given_up_too_where_what_it_needs_stays_away(kept: Kept) -> None:
    kept.ends(FAILED)
    kept.now_s += 99
    kept.part.look(may_start=False)
    kept.now_s += 2
    with pytest.raises(GivenUp, match="at last it ended: No broker"):
        kept.part.look(may_start=False)


def test_what_was_killed_on_purpose_says_why(kept: Kept) -> None:
    kept.part.kill("committed nothing for 60 s, and records wait")
    kept.part.look()
    assert kept.process.kills == 1
    assert kept.said == [
        "the stream committed nothing for 60 s, and records wait; starting it again"
    ]


def test_a_start_that_the_machine_refuses_is_tried_again(kept: Kept) -> None:
    kept.process.cannot_start = OSError(28, "No space left on device")
    kept.ends()
    kept.passes(0.6)
    assert kept.part.reason == "cannot be started: [Errno 28] No space left on device"
    kept.process.cannot_start = None
    assert kept.delay_s() == 1.0
    assert kept.process.starts == 2


def test_what_is_away_is_down_with_its_first_reason_and_said_once(kept: Kept) -> None:
    kept.passes(7)
    failure = KafkaUnavailable("Nothing answers.")
    for _ in range(3):
        kept.now_s += 1
        kept.part.is_away("does not answer", failure)
    assert kept.part.as_state() == PartState("stream", "down", 8_000, 0, "does not answer")
    assert kept.said == ["the stream does not answer; waiting for it"]

    kept.now_s += 100
    with pytest.raises(GivenUp, match="at last it does not answer"):
        kept.part.is_away("does not answer", failure)


def test_it_is_starting_until_it_works_for_the_first_time_and_is_no_restart_then() -> None:
    kept = Kept()
    assert kept.part.as_state() == PartState("stream", "starting", 0, 0, "")
    kept.now_s += 6
    kept.part.works()
    assert kept.part.as_state() == PartState("stream", "up", 6_000, 0, "")
    assert kept.said == []


def test_a_part_that_has_done_its_work_is_no_longer_down_and_not_started_again(
    kept: Kept,
) -> None:
    kept.part.has_done_its_work = lambda code: code == 0
    kept.ends()
    kept.delay_s()
    kept.ends(0)
    kept.passes(1_000)
    assert kept.part.as_state().state == "done"
    assert kept.process.starts == 2
