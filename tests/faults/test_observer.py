"""The observer sees a total that contradicts its cells, and one that goes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from observer import DAYS, Observer, Sight, sight_of_page, sight_of_store

from counted_store import CountedStore
from running import wait_until
from sfcrime.domain.outcomes import Accounting
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader

NINE = ("2018-10-02T09:00", "Passing Call", "HAN", 3)
TEN = ("2018-10-02T10:00", "Alarm", "22", 2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountedStore]:
    with CountedStore(tmp_path / STORE_FILE) as counted:
        counted.count([NINE], ["not-json"])
        yield counted


def sight(store: CountedStore) -> Sight:
    with open_reader(store.path) as reader:
        return sight_of_store(reader)


def tamper(store: CountedStore, statement: str) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount == 1


def test_a_sound_store_contradicts_nothing(store: CountedStore) -> None:
    before = sight(store)
    store.count([TEN])
    after = sight(store)

    assert before.contradictions() == after.contradictions() == []
    assert after.went_back_from(before) == []
    assert after.accounting.counted == 5


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE cell SET calls = calls + 1", "counted and its cells: 3 and 4"),
        ("UPDATE window_total SET calls = 2", "counted and its windows: 3 and 2"),
        ("UPDATE partition_ledger SET counted = 9", "counted and its partitions: 3 and 9"),
        ("UPDATE partition_ledger SET late = 1", "late and its partitions: 0 and 1"),
        ("UPDATE set_aside SET records = 5", "rejected and its reasons: 1 and 5"),
        ("UPDATE partition_ledger SET end_offset = 9", "offsets and records: 9 and 4"),
        ("UPDATE totals SET batches = 7", "batches and their numbers: 7 and 1"),
    ],
)
def test_a_total_that_contradicts_its_parts_is_seen(
    store: CountedStore, statement: str, what: str
) -> None:
    tamper(store, statement)

    assert sight(store).contradictions() == [f"store, batch 0: {what}"]


def test_a_number_that_goes_back_is_seen(store: CountedStore) -> None:
    before = sight(store)
    store.count([TEN])

    assert before.went_back_from(sight(store)) == [
        "store: batches went back from 2 to 1",
        "store: last batch went back from 1 to 0",
        "store: read went back from 6 to 4",
        "store: counted went back from 5 to 3",
        "store: end of partition 0 went back from 6 to 4",
    ]


@pytest.mark.parametrize("may_go_back", [True, False])
def test_only_a_store_that_is_put_in_place_on_purpose_may_be_older(
    store: CountedStore, may_go_back: bool
) -> None:
    older = sight(store)
    store.count([TEN])
    observer = Observer(store.path.parent, lambda: store.path)
    observer.take_note(sight(store))
    with observer.looking_away(may_go_back=may_go_back):
        pass
    observer.take_note(older)

    assert (observer.take_contradictions() == []) is may_go_back


def test_it_polls_while_batches_are_committed(store: CountedStore) -> None:
    with Observer(store.path.parent, lambda: store.path) as observer:

        def counted() -> bool:
            store.count([TEN])
            return observer.polls["store"] >= 2

        wait_until(counted, "two looks beside batches")
        tamper(store, "UPDATE totals SET batches = 0")
        seen = _first_seen(observer)

    assert any("batches" in each for each in seen)


def _first_seen(observer: Observer) -> list[str]:
    seen: list[str] = []
    wait_until(lambda: bool(seen.extend(observer.take_contradictions()) or seen), "it is seen")
    return seen


def test_one_that_fails_says_so(store: CountedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.count([TEN])

    def fails(_: object) -> Sight:
        raise KeyError("accounts")

    monkeypatch.setattr("observer.sight_of_store", fails)
    with Observer(store.path.parent, lambda: store.path) as observer:
        seen = _first_seen(observer)
    assert seen[0] == "it cannot be observed: KeyError('accounts')"


def page_says(counted: int, in_partition: int, in_days: int) -> Sight:
    meta: dict[str, Any] = {"generation": 1, "batch": 4}
    accounts = {"read": 10, "counted": counted, "duplicate": 10 - counted, "late": 0, "rejected": 0}
    partition = {"partition": 0, "start": 0, "end": 10, "counted": in_partition}
    overview = {
        "meta": meta,
        "batches": 5,
        "accounts": {**accounts, "gaps": 0},
        "partitions": [partition],
    }
    days = [{"calls": in_days}, {"calls": None}]
    return sight_of_page(overview, {"meta": meta, "days": days})


def test_a_page_that_contradicts_itself_is_seen() -> None:
    assert page_says(9, 9, 9).contradictions() == []
    assert page_says(9, 8, 7).contradictions() == [
        "page, batch 4: counted and its partitions: 9 and 8",
        "page, batch 4: counted and its days: 9 and 7",
    ]


def test_how_often_the_page_was_compared_is_known(store: CountedStore) -> None:
    observer = Observer(store.path.parent, lambda: store.path)
    for _ in range(2):
        observer.take_note(page_says(9, 9, 9))
    assert (observer.compared[DAYS], observer.take_contradictions()) == (2, [])


def test_an_account_that_does_not_add_up_is_seen() -> None:
    account = Accounting(read=2, counted=1)
    broken = Sight("page", 1, 1, 0, account, {0: 2}, {})

    assert broken.contradictions() == [f"page, batch 0: {account} does not add up"]
