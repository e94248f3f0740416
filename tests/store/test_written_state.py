"""How a store looks from outside, as long as nothing was written to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from counted_store import CountedStore
from sfcrime.store.reader import Readers
from sfcrime.store.written_state import written_state

NINE = "2018-10-02T09:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sfcrime.db"


def test_a_store_looks_the_same_as_long_as_nothing_is_written(path: Path) -> None:
    with CountedStore(path) as store:
        store.count([(NINE, "Drugs", "HAN", 1)])
        before = written_state(path)
        with Readers(path).open() as reader:
            assert reader.totals().batches == 1
        assert written_state(path) == before


def test_a_store_that_is_not_there_looks_like_nothing(path: Path) -> None:
    assert written_state(path) == ((), 0)


def test_one_reader_after_the_other_sees_what_was_committed_before_it(path: Path) -> None:
    readers = Readers(path)
    with CountedStore(path) as store:
        for batches in (1, 2, 3):
            store.count([(NINE, "Drugs", "HAN", 1)])
            with readers.open() as reader:
                assert reader.totals().batches == batches


def test_readers_see_another_store_of_the_same_name(path: Path, tmp_path: Path) -> None:
    readers = Readers(path)
    with CountedStore(path) as store:
        store.count([(NINE, "Drugs", "HAN", 1)])
        with readers.open() as reader:
            assert reader.totals().accounting.counted == 1
    with CountedStore(tmp_path / "other.db") as other:
        other.count([(NINE, "Drugs", "HAN", 9)])
    (tmp_path / "other.db").rename(path)
    with readers.open() as reader:
        assert reader.totals().accounting.counted == 9
