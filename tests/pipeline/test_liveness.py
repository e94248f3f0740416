"""When numbers are live, and when stale: by the store, and by the parts that are down."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from sfcrime.pipeline.activity import PartState, SupervisionActivity
from sfcrime.pipeline.liveness import (
    Liveness,
    LivenessWatch,
    liveness_of,
    liveness_of_parts,
    supervised,
)
from sfcrime.store.records import WriterState
from store_samples import COMMITTED_MS, WRITER

LIVE = Liveness(None, "A job writes to the store.")

BROKER = PartState("broker", "down", COMMITTED_MS + 500, 1, "was killed by signal 9")
PRODUCER = PartState("producer", "up", COMMITTED_MS - 50_000, 0, "")
STREAM = PartState("stream", "up", COMMITTED_MS - 50_000, 3, "was killed by signal 9")
BROKER_DOWN = "The broker is down: it was killed by signal 9."


def judged(*parts: PartState, writer: WriterState = WRITER, after_ms: int = 2_000) -> Liveness:
    """A moment after the newest commit, with nothing left to read."""
    return liveness_of(writer, COMMITTED_MS, 0, parts, COMMITTED_MS + after_ms)


def test_a_job_that_was_seen_just_now_is_live() -> None:
    assert judged(after_ms=15_000) == LIVE
    assert LIVE.state == "live"


def test_a_job_that_ended_is_stale_since_its_end() -> None:
    ended = judged(writer=replace(WRITER, ended_ms=COMMITTED_MS + 1_000))

    assert ended == Liveness(
        COMMITTED_MS + 1_000, "No job writes to the store: the last one has ended."
    )
    assert ended.state == "stale"


def test_a_job_that_was_not_seen_for_15_seconds_is_stale_since_it_was_seen() -> None:
    assert judged(after_ms=15_001) == Liveness(
        COMMITTED_MS, "The job that wrote to the store has not been seen for 15 seconds."
    )


def test_records_that_wait_while_nothing_is_committed_for_a_minute_are_stale() -> None:
    now_ms = COMMITTED_MS + 60_001
    beating = replace(WRITER, seen_ms=now_ms - 1_000)

    assert liveness_of(beating, COMMITTED_MS, 12, (), now_ms) == Liveness(
        COMMITTED_MS, "Records wait in the topic, and no batch was committed for a minute."
    )
    assert liveness_of(beating, COMMITTED_MS, 12, (), now_ms - 1) == LIVE


def test_a_quiet_topic_and_an_unknown_lag_are_live() -> None:
    now_ms = COMMITTED_MS + 3_600_000
    beating = replace(WRITER, seen_ms=now_ms - 1_000)

    assert liveness_of(beating, COMMITTED_MS, 0, (), now_ms) == LIVE
    assert liveness_of(beating, COMMITTED_MS, None, (), now_ms) == LIVE


def test_a_job_that_has_just_started_has_its_minute_for_a_first_batch() -> None:
    started = replace(WRITER, started_ms=COMMITTED_MS + 500_000, seen_ms=COMMITTED_MS + 500_000)

    assert liveness_of(started, COMMITTED_MS, 12, (), COMMITTED_MS + 510_000) == LIVE
    assert liveness_of(started, None, 12, (), COMMITTED_MS + 510_000) == LIVE


def test_a_part_that_is_down_is_named_while_the_job_still_says_that_it_runs() -> None:
    assert judged(BROKER, PRODUCER, STREAM) == Liveness(COMMITTED_MS + 500, BROKER_DOWN)


def test_parts_that_work_or_are_done_leave_the_numbers_live_however_often_they_were_down() -> None:
    done = PartState("producer", "done", COMMITTED_MS, 2, "was killed by signal 9")

    assert judged(msgspec.structs.replace(BROKER, state="up"), done, STREAM) == LIVE


def test_of_several_parts_that_are_down_the_first_one_comes_first() -> None:
    stream = PartState("stream", "down", COMMITTED_MS + 900, 3, "ended with exit code 4")

    assert judged(stream, PRODUCER, BROKER) == Liveness(
        COMMITTED_MS + 500,
        "The broker is down: it was killed by signal 9; "
        "the stream is down: it ended with exit code 4.",
    )


def test_a_part_that_is_starting_makes_nothing_stale() -> None:
    broker = PartState("broker", "down", COMMITTED_MS, 0, "does not answer")
    stream = PartState("stream", "starting", COMMITTED_MS + 1, 0, "")

    assert liveness_of_parts([broker, stream]) == Liveness(
        COMMITTED_MS,
        "The broker is down: it does not answer.",
    )


def test_no_number_waits_for_the_page() -> None:
    page = PartState("dashboard", "down", COMMITTED_MS, 1, "was killed by signal 9")

    assert liveness_of_parts([page]) is None
    assert judged(page) == LIVE


def test_a_job_that_falls_silent_with_its_part_is_no_second_reason() -> None:
    down = PartState("stream", "down", COMMITTED_MS + 14_000, 1, "was killed by signal 9")
    said = "The stream is down: it was killed by signal 9."

    assert judged(down, after_ms=14_500) == Liveness(COMMITTED_MS + 14_000, said)
    assert judged(down, after_ms=30_000) == Liveness(COMMITTED_MS + 14_000, said)


def test_numbers_that_were_stale_before_a_part_went_down_are_stale_since_then() -> None:
    ended = replace(WRITER, ended_ms=COMMITTED_MS - 14_501)

    assert judged(BROKER, writer=ended) == Liveness(
        COMMITTED_MS - 14_501,
        "No job writes to the store: the last one has ended; "
        "the broker is down: it was killed by signal 9.",
    )
    ended_with_it = replace(WRITER, ended_ms=COMMITTED_MS - 14_500)
    assert judged(BROKER, writer=ended_with_it) == Liveness(COMMITTED_MS + 500, BROKER_DOWN)


def test_what_a_supervisor_said_over_15_seconds_ago_is_forgotten() -> None:
    said = SupervisionActivity(COMMITTED_MS - 60_000, COMMITTED_MS, (BROKER,))

    assert supervised(said, COMMITTED_MS + 15_000) == said
    assert supervised(said, COMMITTED_MS + 15_001) == SupervisionActivity(0, 0, ())
    # The clock was set back: a supervisor that is there says a new time within 5 s.
    assert supervised(said, COMMITTED_MS - 15_001) == SupervisionActivity(0, 0, ())
    assert supervised(SupervisionActivity(), COMMITTED_MS) == SupervisionActivity(0, 0, ())


HOUR_MS = 3_600_000


class Watched:
    """A job that is looked at every second or so, on clocks that only move when told to."""

    def __init__(self) -> None:
        self.now_ms, self.now_s = COMMITTED_MS + HOUR_MS, 1_000.0
        self.watch = LivenessWatch(lambda: self.now_s)
        self.writer = replace(WRITER, seen_ms=self.now_ms)
        self.committed_ms = COMMITTED_MS

    def passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.now_ms += round(seconds * 1000)

    def beats(self, says_ms: int | None = None) -> None:
        self.writer = replace(self.writer, seen_ms=self.now_ms if says_ms is None else says_ms)

    def look(self, lag: int | None = 0) -> Liveness:
        return self.watch.look(self.writer, self.committed_ms, lag, (), self.now_ms)


def test_records_that_come_after_a_quiet_hour_have_a_minute() -> None:
    job = Watched()
    assert job.look(0) == LIVE
    came_ms = job.now_ms + 1_000
    for _ in range(61):
        job.passes(1)
        job.beats()
        assert job.look(12) == LIVE
    job.passes(1)
    assert job.look(12) == Liveness(
        came_ms, "Records wait in the topic, and no batch was committed for a minute."
    )
    assert job.look(0) == LIVE
    assert job.look(12) == LIVE


def test_a_lag_that_is_not_known_for_a_moment_does_not_begin_the_minute_anew() -> None:
    job = Watched()
    job.look(12)
    job.passes(40)
    job.beats()
    assert job.look(None) == LIVE
    job.passes(21)
    job.beats()
    assert job.look(12).state == "stale"


def test_a_job_whose_clock_was_ahead_is_not_live_once_it_is_gone() -> None:
    job = Watched()
    job.look()
    job.passes(1)
    job.beats(job.now_ms + 24 * HOUR_MS)
    assert job.look() == LIVE
    gone_ms = job.now_ms
    job.passes(16)
    assert job.look() == Liveness(
        gone_ms, "The job that wrote to the store has not been seen for 15 seconds."
    )


def test_a_job_whose_clock_is_behind_is_live_as_long_as_it_says_something_new() -> None:
    job = Watched()
    job.beats(job.now_ms - HOUR_MS)
    assert job.look().state == "stale"
    for seconds in (5, 5, 60, 60):
        job.passes(seconds)
        job.beats(job.now_ms - HOUR_MS)
        assert job.look() == LIVE


def test_a_job_is_still_gone_when_our_own_clock_is_set() -> None:
    job = Watched()
    job.look()
    gone_ms = job.now_ms
    job.passes(10)
    job.now_ms -= 24 * HOUR_MS
    assert job.look() == LIVE
    job.passes(6)
    assert job.look().since_ms == gone_ms - 24 * HOUR_MS


def test_since_when_it_is_gone_stays_the_same_while_clocks_differ_by_milliseconds() -> None:
    job = Watched()
    job.look()
    job.passes(20)
    since = job.look()
    job.now_ms += 40
    assert job.look() == since


@pytest.mark.parametrize("behind_ms", [0, 120_000, -HOUR_MS])
def test_a_job_that_commits_is_live_and_one_that_stops_is_not_whatever_its_clock_says(
    behind_ms: int,
) -> None:
    job = Watched()
    job.writer = replace(job.writer, started_ms=job.now_ms - behind_ms)
    job.look(3)
    for _ in range(200):
        job.passes(1)
        job.beats(job.now_ms - behind_ms)
        job.committed_ms = job.now_ms - behind_ms
        assert job.look(3) == LIVE
    stuck_ms = job.now_ms
    for _ in range(60):
        job.passes(1)
        job.beats(job.now_ms - behind_ms)
        assert job.look(3) == LIVE
    job.passes(1)
    assert job.look(3).since_ms == stuck_ms


def test_records_that_waited_when_somebody_looked_long_ago_are_not_those_that_wait_now() -> None:
    job = Watched()
    job.look(3)
    job.passes(3600)
    job.beats()
    job.committed_ms = job.now_ms - 30 * 60_000
    assert job.look(1) == LIVE


def test_commits_while_the_lag_is_not_known_are_seen() -> None:
    job = Watched()
    job.look(3)
    for _ in range(40):
        job.passes(5)
        job.beats()
        job.committed_ms = job.now_ms
        job.look(None)
    assert job.look(3) == LIVE


def test_a_job_that_died_while_nobody_looked_is_gone_at_the_next_look() -> None:
    job = Watched()
    job.look()
    job.passes(5)
    job.beats()
    gone_ms = job.now_ms
    job.passes(3600)
    assert job.look() == Liveness(
        gone_ms, "The job that wrote to the store has not been seen for 15 seconds."
    )
