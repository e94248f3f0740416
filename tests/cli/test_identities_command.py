"""`sfcrime identities`: what is kept of every counted call."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from running import Sfcrime
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND


@pytest.fixture
def counted(sfcrime: Sfcrime) -> Sfcrime:
    with open_writer(sfcrime.data_dir / STORE_FILE, history_rows=10) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)
    return sfcrime


def test_every_counted_call_is_listed_with_its_time_and_stage(counted: Sfcrime) -> None:
    document = counted("identities", "--limit", "0", "--json").json
    assert document["counted"] == 10
    assert document["synthetic"] is True
    assert document["identities"] == [
        {"call_id": str(number), "call_time": "2018-10-02T09:00:00", "stage": "closed"}
        for number in range(1, 11)
    ]


def test_the_list_is_bounded_and_says_of_how_many_it_is(counted: Sfcrime) -> None:
    ran = counted("identities", "--limit", "3")
    assert ran.code == 0
    assert "Identities: 10, one for each counted call" in ran.out
    assert "SYNTHETIC DATA" in ran.out
    assert "3 identities listed." in ran.out


def test_blocks_show_where_they_lie(counted: Sfcrime) -> None:
    blocks = counted("identities", "--blocks", "--json").json["blocks"]
    assert [(each["level"], each["identities"]) for each in blocks] == [(0, 7), (0, 3)]
    assert blocks[0]["first_call_time"] == "2018-10-02T09:00:00"


def test_a_block_that_cannot_be_read_says_so(counted: Sfcrime, tmp_path: Path) -> None:
    with closing(sqlite3.connect(counted.data_dir / STORE_FILE)) as store, store:
        store.execute("UPDATE identity_block SET packed = x'00' WHERE id = 1")
    blocks = counted("identities", "--blocks", "--json").json["blocks"]
    assert blocks[0]["unreadable"]
    assert not blocks[1]["unreadable"]
