"""What the stream sends: one snapshot a batch, the state when it changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from dashboard.serving import (
    BROKER_DOWN,
    COMMITTED_MS,
    SEEN,
    SUPERVISION,
    GivenSource,
    after_batch,
    state_at,
)
from sfcrime.dashboard.answers.records import Accounts, Meta, Snapshot, State
from sfcrime.dashboard.api.sight import Sight
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.serving.newest_events import NewestEvents, Sent
from sfcrime.domain.known_lag import Lag
from sfcrime.pipeline.activity import SupervisionActivity
from sfcrime.settings import Settings


class Page:
    """What a server knows at a moment that the test sets."""

    def __init__(self) -> None:
        self.source = GivenSource()
        self.lag = Lag({0: 0}, None)
        self.now_ms = COMMITTED_MS + 1_000
        self.said = SupervisionActivity()
        sight = Sight(Settings(), lambda: self.source.seen, self.state_of)
        self.events = NewestEvents(sight, snapshot_of)

    def state_of(self, seen: Seen) -> State:
        return state_at(seen, self.lag, self.said, self.now_ms)


def snapshot_of(seen: Seen, state: State) -> Snapshot:
    """Little, so that a test sees all of it."""
    meta = Meta(
        generation=seen.generation_id,
        batch=seen.totals.last_batch_id,
        as_of=None,
        committed_at=None,
        source="a topic",
        synthetic=False,
        window_minutes=60,
    )
    accounts = Accounts(read=0, counted=0, duplicate=0, late=0, rejected=0, gaps=0)
    return Snapshot(
        meta=meta,
        state=state,
        accounts=accounts,
        batches=seen.totals.batches,
        rejected_by_reason=dict(seen.rejected_by_reason),
        last_batch=None,
        hours=[],
        changes=[],
        changes_left_out=0,
    )


def told(sent: Sent | None) -> list[tuple[str, str, Any]]:
    """(event, id, data) of everything in it."""
    found = []
    for text in (sent.content.decode() if sent else "").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
        if fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def names(sent: Sent | None) -> list[str]:
    return [event for event, _, _ in told(sent)]


@pytest.fixture
def page() -> Page:
    return Page()


def test_where_nothing_is_counted_there_is_nothing_to_send(page: Page) -> None:
    page.source.seen = None

    assert not page.events.renew(0.0)
    assert page.events.after(0) is None
    assert page.events.after_name(None) is None


def test_a_snapshot_is_named_for_its_generation_and_batch(page: Page) -> None:
    assert page.events.renew(0.0)

    ((event, name, data),) = told(page.events.after(0))
    assert event == "snapshot"
    assert name.startswith("1.1.")
    assert data["batches"] == 2
    assert data["state"]["state"] == "live"


def test_who_has_the_newest_gets_nothing_more(page: Page) -> None:
    page.events.renew(0.0)
    sent = page.events.after(0)
    assert sent is not None

    assert not page.events.renew(0.5)
    assert page.events.after(sent.place) is None


def test_each_batch_has_one_snapshot_and_the_last_one_is_the_one_that_is_sent(page: Page) -> None:
    page.events.renew(0.0)
    for batch_id in (2, 3, 4):
        page.source.seen = after_batch(page.source.seen or SEEN, batch_id)
        assert page.events.renew(0.1)

    ((_, name, data),) = told(page.events.after(0))
    assert name.startswith("1.4.")
    assert data["meta"]["batch"] == 4
    assert page.events.snapshots == 4


def test_another_generation_has_a_snapshot_of_its_own(page: Page) -> None:
    page.events.renew(0.0)
    page.source.seen = replace(SEEN, revision=2, generation_id=2)

    assert page.events.renew(0.1)

    assert told(page.events.after(0))[0][1].startswith("2.1.")


def test_what_comes_after_its_batch_is_sent_a_second_later(page: Page) -> None:
    page.events.renew(0.0)
    first = told(page.events.after(0))[0][1]
    page.source.seen = replace(SEEN, revision=2, rejected_by_reason={"not-json": 3})

    assert not page.events.renew(0.9)
    assert page.events.renew(1.0)

    ((event, name, data),) = told(page.events.after(0))
    assert (event, data["rejected_by_reason"]) == ("snapshot", {"not-json": 3})
    assert name.startswith("1.1.") and name != first


def test_a_job_that_only_says_that_it_runs_is_no_news(page: Page) -> None:
    page.events.renew(0.0)
    beat = replace(SEEN.writer, seen_ms=SEEN.writer.seen_ms + 5_000)
    page.source.seen = replace(SEEN, revision=2, writer=beat)
    page.now_ms += 5_000

    assert not page.events.renew(5.0)


def test_a_state_that_changes_is_sent_alone(page: Page) -> None:
    page.events.renew(0.0)
    sent = page.events.after(0)
    assert sent is not None
    page.now_ms += 20_000

    assert page.events.renew(1.0)

    ((event, name, data),) = told(page.events.after(sent.place))
    assert (event, name, data["state"]) == ("state", "", "stale")
    assert names(page.events.after(0)) == ["snapshot", "state"]


def test_a_part_that_goes_down_is_told_without_a_batch_and_so_is_its_return(page: Page) -> None:
    page.events.renew(0.0)
    first = page.events.after(0)
    assert first is not None
    page.said = SUPERVISION

    assert page.events.renew(1.0)
    down = page.events.after(first.place)
    assert down is not None
    ((event, _, data),) = told(down)
    assert (event, data["state"], data["reason"]) == ("state", "stale", BROKER_DOWN)
    assert [(part["name"], part["restarts"]) for part in data["parts"]] == [
        ("broker", 1), ("producer", 0), ("stream", 2),
    ]  # fmt: skip
    # A supervisor that only says that it is there is no news.
    page.said = msgspec.structs.replace(SUPERVISION, seen_ms=SUPERVISION.seen_ms + 50)
    assert not page.events.renew(2.0)

    works = tuple(msgspec.structs.replace(part, state="up") for part in SUPERVISION.parts)
    page.said = msgspec.structs.replace(SUPERVISION, parts=works)
    assert page.events.renew(3.0)
    ((event, _, data),) = told(page.events.after(down.place))
    assert (event, data["state"], data["since"]) == ("state", "live", None)


def test_a_snapshot_holds_the_state_so_an_older_one_is_forgotten(page: Page) -> None:
    page.events.renew(0.0)
    page.now_ms += 20_000
    page.events.renew(1.0)
    page.source.seen = after_batch(SEEN, 2)

    page.events.renew(1.1)

    assert names(page.events.after(0)) == ["snapshot"]
    assert told(page.events.after(0))[0][2]["state"]["state"] == "stale"


def test_who_comes_back_with_the_newest_gets_the_state_alone(page: Page) -> None:
    page.events.renew(0.0)
    name = told(page.events.after(0))[0][1]

    assert names(page.events.after_name(name)) == ["state"]
    assert names(page.events.after_name("1.1.0")) == ["snapshot", "state"]


def test_after_a_restart_of_the_server_the_same_snapshot_has_the_same_name(page: Page) -> None:
    page.events.renew(0.0)
    again = Page()
    again.now_ms += 60_000
    again.events.renew(0.0)

    assert told(again.events.after(0))[0][1] == told(page.events.after(0))[0][1]


def test_a_store_that_is_gone_is_told_once_and_so_is_its_return() -> None:
    page = Page()
    page.events.renew(0.0)
    first = page.events.after(0)
    assert first is not None
    page.source.publish(None)

    assert page.events.renew(1.0)
    gone = page.events.after(first.place)
    assert gone is not None
    ((name, _, state),) = told(gone)
    assert (name, state["state"], state["lag"]) == ("state", "stale", None)
    assert state["reason"] == "The store is gone, or there is nothing in it any more."
    assert not page.events.renew(2.0)

    page.source.publish(replace(SEEN, revision=3))
    assert page.events.renew(3.0)
    ((name, _, state),) = told(page.events.after(gone.place))
    assert (name, state["state"]) == ("state", "live")
