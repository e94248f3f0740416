"""What the page says of the job and of the run's parts."""

from __future__ import annotations

from dashboard.serving import BROKER_DOWN, COMMITTED_MS, SEEN, SUPERVISION, state_at
from sfcrime.dashboard.answers.records import Part, State
from sfcrime.domain.known_lag import Lag
from sfcrime.pipeline.activity import SupervisionActivity

SOME_LAG = Lag({0: 5, 1: 7}, None)


def test_a_job_that_nobody_supervises_is_told_with_its_lag() -> None:
    said = SupervisionActivity()

    state = state_at(SEEN, SOME_LAG, said, COMMITTED_MS + 14_000)

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
        run_started_at=None,
        parts=[],
    )


def test_parts_are_told_with_their_restarts_and_the_one_that_is_down_makes_it_stale() -> None:
    no_lag = Lag(None, "no broker")

    state = state_at(SEEN, no_lag, SUPERVISION, COMMITTED_MS + 1_000)

    assert state == State(
        state="stale",
        since="2018-10-02T17:07:42.289Z",
        reason=BROKER_DOWN,
        job_started_at="2018-10-02T17:06:41.789Z",
        job_seen_at="2018-10-02T17:07:41.789Z",
        starts=3,
        lag=None,
        lag_by_partition=None,
        lag_reason="no broker",
        run_started_at="2018-10-02T17:06:40.789Z",
        parts=[
            Part(
                name="broker",
                state="down",
                since="2018-10-02T17:07:42.289Z",
                restarts=1,
                reason="was killed by signal 9",
            ),
            Part(
                name="producer",
                state="done",
                since="2018-10-02T17:06:51.789Z",
                restarts=0,
                reason="",
            ),
            Part(
                name="stream",
                state="up",
                since="2018-10-02T17:06:51.789Z",
                restarts=2,
                reason="was killed by signal 11",
            ),
        ],
    )


def test_what_a_supervisor_that_is_gone_said_is_left_out() -> None:
    state = state_at(SEEN, SOME_LAG, SUPERVISION, COMMITTED_MS + 16_000)

    assert (state.run_started_at, state.parts) == (None, [])
    assert state.reason == "The job that wrote to the store has not been seen for 15 seconds."
