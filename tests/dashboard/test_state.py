"""When the page says live, and when stale."""

from __future__ import annotations

from dataclasses import replace

from dashboard.serving import COMMITTED_MS, WRITER
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.serving.state import state_of
from sfcrime.domain.known_lag import Lag

NO_LAG = Lag({0: 0, 1: 0}, None)
SOME_LAG = Lag({0: 5, 1: 7}, None)


def test_a_job_that_was_seen_just_now_is_live() -> None:
    state = state_of(WRITER, COMMITTED_MS, SOME_LAG, COMMITTED_MS + 14_000)

    assert state == State(
        state="live",
        since=None,
        reason="A job writes to the store.",
        job_started_at="2018-10-02T17:06:41.789Z",
        job_seen_at="2018-10-02T17:07:41.789Z",
        starts=3,
        lag=12,
        lag_by_partition={0: 5, 1: 7},
        lag_reason=None,
    )


def test_a_job_that_ended_is_stale_since_its_end() -> None:
    ended = replace(WRITER, ended_ms=COMMITTED_MS + 1_000)

    state = state_of(ended, COMMITTED_MS, NO_LAG, COMMITTED_MS + 2_000)

    assert (state.state, state.since) == ("stale", "2018-10-02T17:07:42.789Z")
    assert state.reason == "No job writes to the store: the last one has ended."


def test_a_job_that_was_not_seen_for_15_seconds_is_stale_since_it_was_seen() -> None:
    state = state_of(WRITER, COMMITTED_MS, NO_LAG, COMMITTED_MS + 15_001)

    assert (state.state, state.since) == ("stale", "2018-10-02T17:07:41.789Z")
    assert state.reason == "The job that wrote to the store has not been seen for 15 seconds."


def test_records_that_wait_while_nothing_is_committed_for_a_minute_are_stale() -> None:
    now_ms = COMMITTED_MS + 60_001
    beating = replace(WRITER, seen_ms=now_ms - 1_000)

    waiting = state_of(beating, COMMITTED_MS, SOME_LAG, now_ms)

    assert (waiting.state, waiting.since) == ("stale", "2018-10-02T17:07:41.789Z")
    assert waiting.reason == "Records wait in the topic, and no batch was committed for a minute."
    assert state_of(beating, COMMITTED_MS, SOME_LAG, now_ms - 1).state == "live"


def test_a_quiet_topic_and_an_unknown_lag_are_live() -> None:
    now_ms = COMMITTED_MS + 3_600_000
    beating = replace(WRITER, seen_ms=now_ms - 1_000)

    assert state_of(beating, COMMITTED_MS, NO_LAG, now_ms).state == "live"
    unknown = state_of(beating, COMMITTED_MS, Lag(None, "no broker"), now_ms)
    assert (unknown.state, unknown.lag, unknown.lag_reason) == ("live", None, "no broker")


def test_a_job_that_has_just_started_has_its_minute_for_a_first_batch() -> None:
    started = replace(WRITER, started_ms=COMMITTED_MS + 500_000, seen_ms=COMMITTED_MS + 500_000)

    assert state_of(started, COMMITTED_MS, SOME_LAG, COMMITTED_MS + 510_000).state == "live"
    assert state_of(started, None, SOME_LAG, COMMITTED_MS + 510_000).state == "live"
