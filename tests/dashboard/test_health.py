"""When the server says that it is ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.conftest import Asked
from dashboard.serving import BROKER_DOWN, COMMITTED_MS, SEEN, SUPERVISION, WRITER, GivenSource
from sfcrime.dashboard.serving import app as app_module
from sfcrime.dashboard.serving.health import Readiness, readiness_of
from sfcrime.dashboard.serving.state import state_of
from sfcrime.domain.known_lag import Lag
from sfcrime.pipeline.activity import SupervisionActivity, write_activity
from sfcrime.pipeline.liveness import Liveness

ALONE = SupervisionActivity()
LIVE = state_of(WRITER, Lag({0: 5}, None), ALONE, Liveness(None, "A job writes."))


def test_it_is_ready_where_the_store_is_read_and_a_job_counts() -> None:
    assert readiness_of(None, LIVE) == Readiness(ready=True, reasons=[])


def test_each_reason_why_it_is_not_is_told() -> None:
    silent = Liveness(COMMITTED_MS, "The job that wrote to the store has not been seen.")
    stale = state_of(WRITER, Lag(None, "no broker"), ALONE, silent)

    assert readiness_of("The store is damaged.", stale) == Readiness(
        ready=False,
        reasons=[
            "The store is damaged.",
            "The job that wrote to the store has not been seen.",
            "The lag is not known: no broker.",
        ],
    )


def test_a_lag_above_the_bound_is_not_ready() -> None:
    assert readiness_of(None, LIVE, most_lag=5).ready
    assert readiness_of(None, LIVE, most_lag=4).reasons == ["The lag is 5 records, more than 4."]


def test_a_store_without_anything_is_not_ready() -> None:
    assert readiness_of(None, None).reasons == ["There is no store yet, or nothing in it."]
    assert readiness_of("It cannot be read.", None).reasons == ["It cannot be read."]


def test_it_waits_for_the_lag_and_says_what_it_came_to(
    asked: Asked, source: GivenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = asked()
    monkeypatch.setattr(app_module, "now_ms", lambda: COMMITTED_MS + 1_000)

    ready = client.get("/readyz")
    bounded = client.get("/readyz?most_lag=11")

    assert (ready.status_code, ready.json()) == (200, {"ready": True, "reasons": []})
    assert bounded.status_code == 503
    assert bounded.json()["reasons"] == ["The lag is 12 records, more than 11."]


def test_a_job_that_ended_is_not_ready_and_the_process_lives(
    asked: Asked, source: GivenSource
) -> None:
    client = asked()
    source.seen = replace(SEEN, writer=replace(WRITER, ended_ms=COMMITTED_MS))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": ["No job writes to the store: the last one has ended."],
    }
    assert client.get("/healthz").status_code == 200


def test_the_part_that_is_down_is_named(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_activity(tmp_path, SUPERVISION)
    monkeypatch.setattr(app_module, "now_ms", lambda: COMMITTED_MS + 1_000)

    answer = asked().get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": [BROKER_DOWN]}


def test_a_bound_that_cannot_be_is_refused(asked: Asked) -> None:
    assert asked().get("/readyz?most_lag=-1").json()["error"] == "bad_parameter"
