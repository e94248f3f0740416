"""Records set aside, page by page, and the bytes of one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from api_samples import Shown, api_app, ask, count, outcome_of, seen_in
from running import settings_in
from sfcrime.dashboard.api import set_aside
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import ReadTooLong, TopicMadeAgain
from sfcrime.kafka.places import Content
from sfcrime.pipeline import counted_topic
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.records import LateRecord, PartitionRange, RejectedRecord
from store_samples import GENERATION, NINE_US

DAY_US = 86_400_000_000
REJECTED = [
    RejectedRecord(0, 3, "not-json"),
    RejectedRecord(0, 10, "no-value"),
    RejectedRecord(1, 0, "not-json"),
    RejectedRecord(1, 2, "bad-call-time"),
]
LATE = [
    LateRecord(0, 5, NINE_US - 8 * DAY_US, 1_538_496_000_000),  # 16:00:00 UTC, 9:00 on the wall
    LateRecord(1, 1, NINE_US - 9 * DAY_US, -1),
]


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    outcome = replace(
        outcome_of([]),
        rejected=REJECTED,
        late=LATE,
        ranges=[
            PartitionRange(0, 0, 11, counted=0, late=1, rejected=2),
            PartitionRange(1, 0, 3, counted=0, late=1, rejected=2),
        ],
        accounting=Accounting(read=6, late=2, rejected=4, gaps=8),
    )
    count(tmp_path, [outcome], replace(GENERATION, start_offsets={0: 0, 1: 0}))
    shown = Shown(seen_in(tmp_path))
    return api_app(shown, settings_in(tmp_path, KafkaSettings()))


def places(app: FastAPI, path: str) -> list[tuple[int, int]]:
    return [(each["partition"], each["offset"]) for each in ask(app, path).json()["records"]]


def test_rejected_records_have_their_reason_and_what_it_means(app: FastAPI) -> None:
    found = ask(app, "rejected").json()

    assert found["records"][:2] == [
        {
            "partition": 0,
            "offset": 3,
            "reason": "not-json",
            "rule": "R6: The value is not exactly one JSON value.",
        },
        {
            "partition": 0,
            "offset": 10,
            "reason": "no-value",
            "rule": "R1: The record has no value.",
        },
    ]
    assert found["next"] is None
    assert found["meta"]["generation"] == 1
    assert (found["dropped"], found["kept_from"]) == (0, {})


def test_a_page_says_what_was_dropped_and_where_the_kept_records_begin(
    app: FastAPI, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / STORE_FILE)) as store, store:
        store.execute("DELETE FROM rejected WHERE partition = 0 AND record_offset = 3")
        store.execute(
            "UPDATE set_aside SET dropped = 1, kept_from = 4 WHERE partition = 0 AND "
            "reason = 'not-json'"
        )
    found = ask(app, "rejected").json()
    assert (len(found["records"]), found["dropped"], found["kept_from"]) == (3, 1, {"0": 4})
    found = ask(app, "late").json()
    assert (len(found["records"]), found["dropped"], found["kept_from"]) == (2, 0, {})


def test_a_page_says_where_the_next_one_begins(app: FastAPI) -> None:
    first = ask(app, "rejected?limit=3").json()
    second = ask(app, f"rejected?limit=3&after={first['next']}").json()

    assert first["next"] == "1:0"
    assert [each["offset"] for each in first["records"]] == [3, 10, 0]
    assert [each["offset"] for each in second["records"]] == [2]
    assert second["next"] is None


def test_a_full_last_page_has_none_after_it(app: FastAPI) -> None:
    assert ask(app, "rejected?limit=4").json()["next"] is None


def test_records_are_found_by_reason(app: FastAPI) -> None:
    assert places(app, "rejected?reason=not-json") == [(0, 3), (1, 0)]
    assert places(app, "rejected?reason=not-json&after=0:3") == [(1, 0)]
    assert places(app, "rejected?reason=too-large") == []


def test_late_records_have_their_lateness(app: FastAPI) -> None:
    assert ask(app, "late").json()["records"] == [
        {
            "partition": 0,
            "offset": 5,
            "call_time": "2018-09-24T09:00:00",
            "published_at": "2018-10-02T16:00:00.000Z",
            "late_by_s": 8 * 86_400,
        },
        {
            "partition": 1,
            "offset": 1,
            "call_time": "2018-09-23T09:00:00",
            "published_at": None,  # Kafka knows no time of it
            "late_by_s": -1_537_693_200 - 8 * 3600 - 1,
        },
    ]
    assert places(app, "late?limit=1&after=0:5") == [(1, 1)]


def test_a_read_that_takes_too_long_is_named_as_one(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object, limit_s: float) -> None:
        assert limit_s == 2.0
        raise ReadTooLong("A read of the store took more than 2 s.")

    monkeypatch.setattr(set_aside, "open_reader", too_long)

    answer = ask(app, "rejected?reason=no-value")

    assert (answer.status_code, answer.json()["error"]) == (503, "query_too_long")


def record(app: FastAPI, monkeypatch: pytest.MonkeyPatch, found: Content | None) -> object:
    """The answer about a record of which the topic holds this."""
    asked = []

    def read_now(_: object, __: object, place: tuple[int, int], most_bytes: int) -> Content | None:
        asked.append((place, most_bytes))
        return found

    monkeypatch.setattr(counted_topic, "read_now", read_now)
    answer = ask(app, "records/0/10").json()
    assert asked == [((0, 10), 4096)]
    assert (answer.pop("partition"), answer.pop("offset")) == (0, 10)
    return answer


def test_bytes_are_shown_escaped(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    value = b'<b>\x1b[2J\xff\\"'

    assert record(app, monkeypatch, Content(value, len(value))) == {
        "found": True,
        "size": 10,
        "escaped": '<b>\\x1b[2J\\xff\\\\"',
        "cut": False,
    }


def test_of_a_long_value_the_beginning_is_shown(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert record(app, monkeypatch, Content(b"x" * 4096, 100_000)) == {
        "found": True,
        "size": 100_000,
        "escaped": "x" * 4096,
        "cut": True,
    }


def test_a_record_without_a_value_has_no_size(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert record(app, monkeypatch, Content(None, 0)) == {
        "found": True,
        "size": None,
        "escaped": "",
        "cut": False,
    }


def test_a_record_that_the_topic_holds_no_longer_is_not_found(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert record(app, monkeypatch, None) == {
        "found": False,
        "size": None,
        "escaped": "",
        "cut": False,
    }


def test_a_topic_that_was_made_again_holds_other_records(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise TopicMadeAgain("calls", "old", "new")

    monkeypatch.setattr(counted_topic, "read_now", refuse)

    answer = ask(app, "records/0/10")

    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert "its offsets mean other records" in answer.json()["message"]


def test_no_broker_is_started_to_show_a_record(app: FastAPI, tmp_path: Path) -> None:
    answer = ask(app, "records/0/10")

    assert (answer.status_code, answer.json()["error"]) == (503, "kafka_unavailable")
    assert not (tmp_path / "kafka").exists()
