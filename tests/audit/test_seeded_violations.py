"""The checker is checked: a right store passes, and each way of damaging it is caught and named."""

# ruff: noqa: S608  the statements are put together from constants of this file
from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from audit_samples import (
    ACCOUNTING,
    OUR_GENERATION,
    RECORDS,
    SOURCE_NAME,
    ListTopic,
    audit_of,
    numbered,
    write_store,
)
from sfcrime.audit.result import (
    AuditResult,
    Difference,
    DifferenceKind,
    RecordPlace,
    SequenceSpan,
)
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.reader import open_reader

CELL = DifferenceKind.CELL
WINDOW = DifferenceKind.WINDOW
ACCOUNT = DifferenceKind.ACCOUNTING
PARTITION = DifferenceKind.PARTITION
REJECTED = DifferenceKind.REJECTED
LATE = DifferenceKind.LATE
BATCH = DifferenceKind.BATCH
SEQUENCE = DifferenceKind.SEQUENCE
IDENTITY = DifferenceKind.IDENTITY

NINE_HAN = "2018-10-02T09:00:00 | Passing Call | HAN"
TEN_CIT = "2018-10-02T10:00:00 | Traf Violation Cite | CIT"
TEN_GOA = "2018-10-02T10:00:00 | Passing Call | GOA"
ELEVEN_HAN = "2018-10-02T11:00:00 | Noise Nuisance | HAN"
ELEVEN_ABA = "2018-10-02T11:00:00 | Noise Nuisance | ABA"
ELEVEN_REP = "2018-10-02T11:00:00 | Noise Nuisance | REP"

# The records behind the cells, repeats included.
AT_NINE_HAN = ((0, 0), (0, 1), (0, 2), (1, 10), (1, 11))
AT_TEN_CIT = ((0, 4),)
AT_TEN_GOA = ((0, 6), (1, 12))
AT_ELEVEN_HAN = ((0, 8),)
AT_ELEVEN_ABA = ((0, 10),)

IS_TEN_GOA = (
    "call_type_id = (SELECT id FROM call_type WHERE label = 'Passing Call') "
    "AND disposition_id = (SELECT id FROM disposition WHERE code = 'GOA')"
)
IS_TEN_CIT = "disposition_id = (SELECT id FROM disposition WHERE code = 'CIT')"
IS_NINE_HAN = (
    "call_type_id = (SELECT id FROM call_type WHERE label = 'Passing Call') "
    "AND disposition_id = (SELECT id FROM disposition WHERE code = 'HAN')"
)
IS_ELEVEN_ABA = "disposition_id = (SELECT id FROM disposition WHERE code = 'ABA')"


NINE_S = 1_538_470_800
"""2018-10-02T09:00:00 on the wall."""


class Damage(NamedTuple):
    name: str
    statements: Sequence[str]
    differences: Sequence[Difference]


def _cell(
    what: str, recounted: str, stored: str, places: tuple[tuple[int, int], ...]
) -> Difference:
    return Difference(CELL, what, recounted, stored, places)  # type: ignore[arg-type]


def _at(kind: DifferenceKind, place: tuple[int, int], recounted: str, stored: str) -> Difference:
    what = f"partition {place[0]} offset {place[1]}"
    return Difference(kind, what, recounted, stored, (place,))  # type: ignore[arg-type]


def _sum(
    kind: DifferenceKind,
    what: str,
    recounted: tuple[str, ...] | None,
    stored: tuple[str, ...] | None,
) -> list[Difference]:
    """Of a sum that one side alone has."""
    sides = zip(recounted or ["nothing"] * 3, stored or ["nothing"] * 3, strict=True)
    names = ("records", "dropped", "kept from")
    return [
        Difference(kind, f"{what}, {name}", *each) for name, each in zip(names, sides, strict=True)
    ]


DAMAGES = [
    Damage(
        "a cell lost",
        [f"DELETE FROM cell WHERE {IS_TEN_CIT}"],
        [_cell(TEN_CIT, "1", "nothing", AT_TEN_CIT)],
    ),
    Damage(
        "a cell doubled",
        [f"UPDATE cell SET calls = calls * 2 WHERE {IS_TEN_GOA}"],
        [_cell(TEN_GOA, "2", "4", AT_TEN_GOA)],
    ),
    Damage(
        "a cell moved by an hour",
        [f"UPDATE cell SET window_s = window_s + 3600 WHERE {IS_TEN_GOA}"],
        [
            _cell(TEN_GOA, "2", "nothing", AT_TEN_GOA),
            _cell("2018-10-02T11:00:00 | Passing Call | GOA", "nothing", "2", ()),
        ],
    ),
    Damage(
        "a cell moved off the start of its window",
        [f"UPDATE cell SET window_s = window_s + 1 WHERE {IS_TEN_GOA}"],
        [
            _cell(TEN_GOA, "2", "nothing", AT_TEN_GOA),
            _cell("2018-10-02T10:00:01 | Passing Call | GOA", "nothing", "2", ()),
        ],
    ),
    Damage(
        "two cells swapped",
        [
            f"UPDATE cell SET calls = 1 WHERE {IS_TEN_GOA}",
            f"UPDATE cell SET calls = 2 WHERE {IS_TEN_CIT}",
        ],
        [
            _cell(TEN_GOA, "2", "1", AT_TEN_GOA),
            _cell(TEN_CIT, "1", "2", AT_TEN_CIT),
        ],
    ),
    Damage(
        "one call moved between two cells",
        [
            f"UPDATE cell SET calls = calls - 1 WHERE {IS_NINE_HAN}",
            f"UPDATE cell SET calls = calls + 1 WHERE {IS_TEN_CIT}",
        ],
        [
            _cell(NINE_HAN, "3", "2", AT_NINE_HAN),
            _cell(TEN_CIT, "1", "2", AT_TEN_CIT),
        ],
    ),
    Damage(
        "calls zeroed",
        [f"UPDATE cell SET calls = 0 WHERE {IS_TEN_CIT}"],
        [_cell(TEN_CIT, "1", "0", AT_TEN_CIT)],
    ),
    Damage(
        "calls negative",
        [f"UPDATE cell SET calls = -2 WHERE {IS_TEN_GOA}"],
        [_cell(TEN_GOA, "2", "-2", AT_TEN_GOA)],
    ),
    Damage(
        "a cell invented",
        [
            "INSERT INTO cell SELECT generation_id, window_s - 86400, call_type_id, "
            f"disposition_id, 1 FROM cell WHERE {IS_TEN_CIT}"
        ],
        [_cell("2018-10-01T10:00:00 | Traf Violation Cite | CIT", "nothing", "1", ())],
    ),
    Damage(
        "an empty cell invented",
        [
            "INSERT INTO cell SELECT generation_id, window_s - 86400, call_type_id, "
            f"disposition_id, 0 FROM cell WHERE {IS_TEN_CIT}"
        ],
        [_cell("2018-10-01T10:00:00 | Traf Violation Cite | CIT", "nothing", "0", ())],
    ),
    Damage(
        "a call type changed",
        ["UPDATE call_type SET label = 'Traf Violation Tow' WHERE label = 'Traf Violation Cite'"],
        [
            _cell(TEN_CIT, "1", "nothing", AT_TEN_CIT),
            _cell("2018-10-02T10:00:00 | Traf Violation Tow | CIT", "nothing", "1", ()),
        ],
    ),
    Damage(
        "a call type changed only in case",
        ["UPDATE call_type SET label = 'Traf violation Cite' WHERE label = 'Traf Violation Cite'"],
        [
            _cell(TEN_CIT, "1", "nothing", AT_TEN_CIT),
            _cell("2018-10-02T10:00:00 | Traf violation Cite | CIT", "nothing", "1", ()),
        ],
    ),
    Damage(
        "a disposition changed",
        ["UPDATE disposition SET code = 'GOB' WHERE code = 'GOA'"],
        [
            _cell(TEN_GOA, "2", "nothing", AT_TEN_GOA),
            _cell("2018-10-02T10:00:00 | Passing Call | GOB", "nothing", "2", ()),
        ],
    ),
    Damage(
        "a label lost",
        ["DELETE FROM disposition WHERE code = 'CIT'"],
        [_cell(TEN_CIT, "1", "nothing", AT_TEN_CIT)],
    ),
    Damage(
        "the contested call counted in both cells",
        [
            "INSERT INTO disposition (id, code) VALUES (99, 'REP')",
            "INSERT INTO cell SELECT generation_id, window_s, call_type_id, 99, 1 FROM cell "
            f"WHERE {IS_ELEVEN_ABA}",
        ],
        [_cell(ELEVEN_REP, "nothing", "1", ((1, 14),))],
    ),
    Damage(
        "the contested call counted nowhere",
        [f"DELETE FROM cell WHERE {IS_ELEVEN_ABA}"],
        [_cell(ELEVEN_ABA, "1", "nothing", AT_ELEVEN_ABA)],
    ),
    Damage(
        "the contested call counted in a third cell",
        ["UPDATE disposition SET code = 'ADV' WHERE code = 'ABA'"],
        [
            _cell("2018-10-02T11:00:00 | Noise Nuisance | ADV", "nothing", "1", ()),
            _cell(ELEVEN_ABA, "1", "nothing", AT_ELEVEN_ABA),
        ],
    ),
    Damage(
        "the total of a window lost",
        [f"DELETE FROM window_total WHERE window_s = {NINE_S}"],
        [Difference(WINDOW, "2018-10-02T09:00:00", "3", "nothing")],
    ),
    Damage(
        "the total of a window changed",
        [f"UPDATE window_total SET calls = calls + 1 WHERE window_s = {NINE_S + 7200}"],
        [Difference(WINDOW, "2018-10-02T11:00:00", "2", "3")],
    ),
    Damage(
        "one call moved between the totals of two windows",
        [
            f"UPDATE window_total SET calls = calls - 1 WHERE window_s = {NINE_S}",
            f"UPDATE window_total SET calls = calls + 1 WHERE window_s = {NINE_S + 3600}",
        ],
        [
            Difference(WINDOW, "2018-10-02T09:00:00", "3", "2"),
            Difference(WINDOW, "2018-10-02T10:00:00", "3", "4"),
        ],
    ),
    Damage(
        "the total of a window moved off its start",
        [f"UPDATE window_total SET window_s = window_s + 1 WHERE window_s = {NINE_S}"],
        [
            Difference(WINDOW, "2018-10-02T09:00:01", "nothing", "3"),
            Difference(WINDOW, "2018-10-02T09:00:00", "3", "nothing"),
        ],
    ),
    Damage(
        "the total of a window changed by a batch to come",
        [f"UPDATE window_total SET batch_id = 3 WHERE window_s = {NINE_S}"],
        [
            Difference(WINDOW, "2018-10-02T09:00:00, batch that changed it last", "0 to 2", "3"),
        ],
    ),
    Damage(
        "a wrong reason",
        ["UPDATE rejected SET reason = 'not-utf8' WHERE partition = 0 AND record_offset = 3"],
        [_at(REJECTED, (0, 3), "not-json", "not-utf8")],
    ),
    Damage(
        "a rejected record lost",
        ["DELETE FROM rejected WHERE partition = 1"],
        [_at(REJECTED, (1, 13), "from-the-future", "nothing")],
    ),
    Damage(
        "a rejected record invented",
        [
            "INSERT INTO rejected SELECT generation_id, 0, 4, reason, 0 FROM rejected "
            "WHERE partition = 1"
        ],
        [_at(REJECTED, (0, 4), "nothing", "from-the-future")],
    ),
    Damage(
        "the sum of a reason changed",
        ["UPDATE set_aside SET records = 2 WHERE partition = 0 AND reason = 'not-json'"],
        [Difference(REJECTED, "partition 0, not-json, records", "1", "2")],
    ),
    Damage(
        "the sum of a reason given to another",
        ["UPDATE set_aside SET reason = 'not-utf8' WHERE partition = 0 AND reason = 'not-json'"],
        [
            *_sum(REJECTED, "partition 0, not-json", ("1", "0", "0"), None),
            *_sum(REJECTED, "partition 0, not-utf8", None, ("1", "0", "0")),
        ],
    ),
    Damage(
        "a rejected record declared dropped",
        ["UPDATE set_aside SET dropped = 1, kept_from = 4 WHERE reason = 'not-json'"],
        [_at(REJECTED, (0, 3), "nothing", "not-json")],
    ),
    Damage(
        "the sum of late records lost",
        ["DELETE FROM set_aside WHERE reason = 'late'"],
        _sum(LATE, "partition 0, late", ("1", "0", "0"), None),
    ),
    Damage(
        "a late record lost",
        ["DELETE FROM late"],
        [_at(LATE, (0, 5), "called 2018-09-24T09:00:00, published 1538508600000 ms", "nothing")],
    ),
    Damage(
        "a late record with another offset",
        ["UPDATE late SET record_offset = 6"],
        [
            _at(LATE, (0, 5), "called 2018-09-24T09:00:00, published 1538508600000 ms", "nothing"),
            _at(LATE, (0, 6), "nothing", "called 2018-09-24T09:00:00, published 1538508600000 ms"),
        ],
    ),
    Damage(
        "a late record with another call time",
        ["UPDATE late SET call_us = call_us + 1000000"],
        [
            _at(
                LATE,
                (0, 5),
                "called 2018-09-24T09:00:00, published 1538508600000 ms",
                "called 2018-09-24T09:00:01, published 1538508600000 ms",
            )
        ],
    ),
    Damage(
        "a duplicate declared counted",
        ["UPDATE totals SET counted = counted + 1, duplicate = duplicate - 1"],
        [
            Difference(ACCOUNT, "counted", "8", "9"),
            Difference(ACCOUNT, "duplicate", "3", "2"),
            Difference(BATCH, "counted, all batches together", "9", "8"),
            Difference(BATCH, "duplicate, all batches together", "2", "3"),
        ],
    ),
    Damage(
        "totals that do not add up",
        ["UPDATE totals SET read = read + 1"],
        [
            Difference(ACCOUNT, "read", "15", "16"),
            Difference(BATCH, "read, all batches together", "16", "15"),
        ],
    ),
    Damage(
        "gaps forgotten",
        ["UPDATE totals SET gaps = 0"],
        [
            Difference(ACCOUNT, "gaps", "1", "0"),
            Difference(BATCH, "gaps, all batches together", "0", "1"),
        ],
    ),
    Damage(
        "a partition's counted changed",
        ["UPDATE partition_ledger SET counted = counted - 3 WHERE partition = 0"],
        [
            # Partition 0 holds 6 identities; calls 1 and 7 lie in partition 1 as well.
            Difference(PARTITION, "partition 0, counted", "4 to 6", "3"),
            Difference(PARTITION, "counted, all partitions", "8", "5"),
        ],
    ),
    Damage(
        "a counted record moved to the other partition",
        [
            "UPDATE partition_ledger SET counted = counted + 3 WHERE partition = 1",
            "UPDATE partition_ledger SET counted = counted - 3 WHERE partition = 0",
        ],
        [
            Difference(PARTITION, "partition 0, counted", "4 to 6", "3"),
            Difference(PARTITION, "partition 1, counted", "2 to 4", "5"),
        ],
    ),
    Damage(
        "a partition's late and rejected changed",
        ["UPDATE partition_ledger SET late = 0, rejected = 3 WHERE partition = 0"],
        [
            Difference(PARTITION, "partition 0, late", "1", "0"),
            Difference(PARTITION, "partition 0, rejected", "2", "3"),
        ],
    ),
    Damage(
        "a row of the ledger altered",
        ["UPDATE batch SET counted = 5, duplicate = 1 WHERE batch_id = 0"],
        [
            Difference(BATCH, "counted, all batches together", "8", "9"),
            Difference(BATCH, "duplicate, all batches together", "3", "2"),
            Difference(BATCH, "batch 0, counted of its partitions", "5", "4"),
        ],
    ),
    Damage(
        "a row of the ledger that does not add up",
        ["UPDATE batch SET read = 9 WHERE batch_id = 0"],
        [
            Difference(BATCH, "batch 0, read", "8", "9"),
            Difference(BATCH, "read, all batches together", "15", "16"),
            Difference(BATCH, "batch 0, offsets of its partitions", "9", "8"),
        ],
    ),
    Damage(
        "a row of the ledger lost",
        ["DELETE FROM batch WHERE batch_id = 1"],
        [
            Difference(BATCH, "the row after batch 0", "1", "2"),
            Difference(BATCH, "read, all batches together", "15", "8"),
            Difference(BATCH, "counted, all batches together", "8", "4"),
            Difference(BATCH, "duplicate, all batches together", "3", "2"),
            Difference(BATCH, "rejected, all batches together", "3", "1"),
            Difference(BATCH, "gaps, all batches together", "1", "0"),
            Difference(BATCH, "the row of batch 1", "one", "nothing"),
        ],
    ),
    Damage(
        "the newest row of the ledger lost",
        ["DELETE FROM batch WHERE batch_id = 2"],
        [Difference(BATCH, "number of the newest row", "2", "1")],
    ),
    Damage(
        "the number of the last batch changed",
        ["UPDATE totals SET last_batch_id = 1"],
        [Difference(BATCH, "number of the last batch in the totals", "2", "1")],
    ),
    Damage(
        "a batch that begins behind where the one before ended",
        ["UPDATE batch_range SET start_offset = 7 WHERE batch_id = 1 AND partition = 0"],
        [
            Difference(BATCH, "batch 1, partition 0, start", "6", "7"),
            Difference(BATCH, "batch 1, offsets of its partitions", "8", "7"),
        ],
    ),
    Damage(
        "a seam between two batches moved across a late record",
        [
            "UPDATE batch_range SET end_offset = 5 WHERE batch_id = 0 AND partition = 0",
            "UPDATE batch_range SET start_offset = 5 WHERE batch_id = 1 AND partition = 0",
        ],
        [
            Difference(BATCH, "batch 0, partition 0, late", "0", "1"),
            Difference(BATCH, "batch 1, partition 0, late", "1", "0"),
            Difference(BATCH, "batch 0, offsets of its partitions", "8", "7"),
            Difference(BATCH, "batch 1, offsets of its partitions", "8", "9"),
        ],
    ),
    Damage(
        "a batch's range lost",
        ["DELETE FROM batch_range WHERE batch_id = 1 AND partition = 1"],
        [
            Difference(BATCH, "partition 1, end of the last batch", "15", "12"),
            Difference(BATCH, "batch 1, offsets of its partitions", "8", "5"),
            Difference(BATCH, "batch 1, counted of its partitions", "4", "3"),
            Difference(BATCH, "batch 1, rejected of its partitions", "2", "1"),
        ],
    ),
    Damage(
        "counted calls that a batch's range does not have",
        ["UPDATE batch_range SET counted = counted + 7 WHERE batch_id = 1 AND partition = 0"],
        [Difference(BATCH, "batch 1, counted of its partitions", "4", "11")],
    ),
    Damage(
        "all that a partition's batches read lost",
        ["DELETE FROM batch_range WHERE partition = 1"],
        [
            Difference(BATCH, "batch 0, offsets of its partitions", "8", "6"),
            Difference(BATCH, "batch 0, counted of its partitions", "4", "3"),
            Difference(BATCH, "batch 1, offsets of its partitions", "8", "5"),
            Difference(BATCH, "batch 1, counted of its partitions", "4", "3"),
            Difference(BATCH, "batch 1, rejected of its partitions", "2", "1"),
        ],
    ),
    Damage(
        "calls moved from a row of the ledger to the next",
        [
            "UPDATE batch SET counted = counted - 1, duplicate = duplicate + 1 WHERE batch_id = 0",
            "UPDATE batch SET counted = counted + 1, duplicate = duplicate - 1 WHERE batch_id = 1",
        ],
        [
            Difference(BATCH, "batch 0, counted of its partitions", "3", "4"),
            Difference(BATCH, "batch 1, counted of its partitions", "5", "4"),
        ],
    ),
    Damage(
        "a cell at a time that is none",
        [f"UPDATE cell SET window_s = 999999999999 WHERE {IS_TEN_GOA}"],
        [
            _cell(TEN_GOA, "2", "nothing", AT_TEN_GOA),
            Difference(CELL, "999999999999000000 us | Passing Call | GOA", "nothing", "2"),
        ],
    ),
]


def _audit(
    path: Path, records: Sequence[TopicRecord] = tuple(RECORDS), shares: int = 1
) -> AuditResult:
    with open_reader(path) as store:
        return audit_of(store, ListTopic(records), shares=shares)


def _damage(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, f"changed nothing: {statement}"


@pytest.fixture
def store_of_ours(tmp_path: Path) -> Path:
    """The same, counted from a topic of our own producer."""
    path = tmp_path / "ours.db"
    write_store(path, OUR_GENERATION)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    write_store(path)
    return path


def test_a_right_store_is_equal(shares: int, store: Path) -> None:
    result = _audit(store, shares=shares)

    assert result.differences == ()
    assert result.equal
    assert (result.exit_code, result.cells, result.differing) == (0, 5, 0)
    assert result.accounting == result.stored_accounting == ACCOUNTING


@pytest.fixture(params=["at once", "in pieces"])
def shares(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """In how many shares the topic is counted. In pieces: five, which part every copy from the one
    before it, and 9 piles; 3 records are kept in memory before they are written, and 2 rows are
    read at a time."""
    if request.param == "at once":
        return 1
    monkeypatch.setattr("sfcrime.audit.shares.PILE_ROWS", 2)
    monkeypatch.setattr("sfcrime.audit.share_count._FLUSHED_RECORDS", 3)
    for module in ("spill", "repeats", "stored_cells"):
        monkeypatch.setattr(f"sfcrime.audit.{module}.CHUNK_ROWS", 2)
    return 5


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damaged_store_is_caught_and_the_records_behind_it_are_named(
    damage: Damage, shares: int, store: Path
) -> None:
    _damage(store, *damage.statements)

    result = _audit(store, shares=shares)

    assert result.differences == tuple(damage.differences)
    assert not result.equal
    assert result.exit_code == 3
    assert result.differing == sum(each.kind is CELL for each in damage.differences)


@pytest.fixture
def bounded(tmp_path: Path) -> Path:
    """A store that keeps the row of one rejected record, at offset 13 of partition 1."""
    path = tmp_path / "bounded.db"
    write_store(path, rows=1)
    return path


def test_a_store_whose_oldest_rows_were_dropped_is_equal(bounded: Path) -> None:
    with open_reader(bounded) as store:
        assert list(store.rejected()) == [(1, 13, "from-the-future")]
    assert _audit(bounded).equal


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "UPDATE set_aside SET records = records + 1, dropped = dropped + 1 "
            "WHERE reason = 'bad-call-id'",
            [
                Difference(REJECTED, "partition 0, bad-call-id, records", "1", "2"),
                Difference(REJECTED, "partition 0, bad-call-id, dropped", "1", "2"),
            ],
        ),
        (
            "UPDATE set_aside SET kept_from = 9 WHERE reason = 'bad-call-id'",
            [Difference(REJECTED, "partition 0, bad-call-id, kept from", "8", "9")],
        ),
        (
            "INSERT INTO rejected VALUES (1, 0, 7, 'bad-call-id', 1)",
            [_at(REJECTED, (0, 7), "nothing", "bad-call-id")],
        ),
        (
            "UPDATE rejected SET reason = 'not-json'",
            [_at(REJECTED, (1, 13), "from-the-future", "not-json")],
        ),
    ],
)
def test_what_is_wrong_beside_dropped_rows_is_caught(
    statement: str, difference: list[Difference], bounded: Path
) -> None:
    _damage(bounded, statement)
    assert list(_audit(bounded).differences) == difference


def test_a_range_skipped_at_the_start_is_caught(store: Path) -> None:
    _damage(store, "UPDATE partition_ledger SET start_offset = 4 WHERE partition = 0")

    result = _audit(store)

    assert result.exit_code == 3
    assert Difference(PARTITION, "partition 0, start", "0", "4") in result.differences
    # Call 1 is still in partition 1, call 2 (offset 1) is gone.
    assert _cell(NINE_HAN, "2", "3", ((1, 10), (1, 11))) in result.differences
    assert Difference(ACCOUNT, "read", "11", "15") in result.differences
    assert _at(REJECTED, (0, 3), "nothing", "not-json") in result.differences


def test_a_range_skipped_at_the_end_is_caught(store: Path) -> None:
    _damage(store, "UPDATE partition_ledger SET end_offset = 13 WHERE partition = 1")

    result = _audit(store)

    assert result.exit_code == 3
    assert Difference(ACCOUNT, "read", "13", "15") in result.differences
    assert _at(REJECTED, (1, 13), "nothing", "from-the-future") in result.differences


def _without(partition: int, offset: int) -> list[TopicRecord]:
    return [
        record for record in RECORDS if (record.partition, record.offset) != (partition, offset)
    ]


def test_a_record_that_vanished_from_the_topic_is_a_gap_and_a_difference(store: Path) -> None:
    result = _audit(store, _without(0, 4))

    assert result.differences == (
        Difference(CELL, TEN_CIT, "nothing", "1"),
        Difference(WINDOW, "2018-10-02T10:00:00", "2", "3"),
        Difference(ACCOUNT, "read", "14", "15"),
        Difference(ACCOUNT, "counted", "7", "8"),
        Difference(ACCOUNT, "gaps", "2", "1"),
        Difference(PARTITION, "partition 0, counted", "3 to 5", "6"),
        Difference(PARTITION, "counted, all partitions", "7", "8"),
        Difference(IDENTITY, "call 3 at 2018-10-02T10:00:00", "nothing", "once"),
    )


def test_a_right_topic_of_ours_is_equal_and_says_how_far_it_is_proved(
    shares: int, store_of_ours: Path
) -> None:
    result = _audit(store_of_ours, numbered(), shares)

    assert result.differences == ()
    assert result.sequences == SequenceSpan(records=14, start=1, end=10)


@pytest.mark.parametrize(
    "changed, difference",
    [
        pytest.param(
            {(1, 12): None},
            Difference(SEQUENCE, "sequence 6", "no record", "one record"),
            id="one missing",
        ),
        pytest.param(
            {(1, 12): 5},
            Difference(
                SEQUENCE,
                "sequence 5",
                "partition 0 offset 4 and partition 1 offset 12",
                "one record",
                (RecordPlace(0, 4), RecordPlace(1, 12)),
            ),
            id="one doubled across partitions",
        ),
        pytest.param(
            {(1, 12): 7, (1, 13): 6},
            Difference(
                SEQUENCE,
                "sequence at partition 1 offset 13",
                "6",
                "above 7",
                (RecordPlace(1, 13),),
            ),
            id="two swapped",
        ),
    ],
)
def test_a_damaged_sequence_is_caught_in_a_topic_of_ours_alone(
    changed: dict[tuple[int, int], int | None],
    difference: Difference,
    shares: int,
    store_of_ours: Path,
    store: Path,
) -> None:
    damaged = [
        record._replace(sequence=changed.get((record.partition, record.offset), record.sequence))
        for record in numbered()
    ]

    result = _audit(store_of_ours, damaged, shares)

    assert result.differences[0] == difference
    assert {each.kind for each in result.differences} == {SEQUENCE}
    assert result.exit_code == 3
    others = _audit(store, damaged, shares)
    assert (others.equal, others.sequences) == (True, None)


LOST_BLOCK = tuple(
    Difference(IDENTITY, f"call {number} at 2018-10-02T{at}:00", "once", "nothing")
    for number, at in ((5, "10:30"), (9, "10:45"), (6, "11:00"), (7, "11:05"))
)


@pytest.mark.parametrize(
    "statement, differences",
    [
        pytest.param("DELETE FROM identity_block WHERE id = 2", LOST_BLOCK, id="lost"),
        pytest.param(
            "INSERT INTO identity_block SELECT 3, generation_id, level, first_time_key, "
            "first_call_id, last_time_key, last_call_id, identities, packed "
            "FROM identity_block WHERE id = 2",
            [
                Difference(
                    IDENTITY,
                    "Block 3 holds 4 identities that level 0 holds too.",
                    "a sound block",
                    "another",
                ),
                *(replace(each, stored="more than once") for each in LOST_BLOCK),
            ],
            id="doubled",
        ),
    ],
)
def test_a_block_of_identities_that_was_lost_or_doubled_is_caught(
    statement: str, differences: Sequence[Difference], shares: int, store: Path
) -> None:
    _damage(store, statement)
    result = _audit(store, shares=shares)
    assert set(result.differences) == set(differences)
    assert result.exit_code == 3


def test_a_block_that_stands_at_another_time_is_caught(store: Path) -> None:
    """It holds the same identities, and no batch would look for them there."""
    _damage(store, "UPDATE identity_block SET first_time_key = first_time_key + 8 WHERE id = 2")
    result = _audit(store)
    assert any(", not at (" in each.what for each in result.differences)


def test_sequences_are_asked_for_on_a_topic_of_ours_alone(store_of_ours: Path, store: Path) -> None:
    ours, others = ListTopic(numbered()), ListTopic(numbered())
    for path, topic in ((store_of_ours, ours), (store, others)):
        with open_reader(path) as reader:
            audit_of(reader, topic)

    assert ours.asked_for == [SOURCE_NAME]
    assert others.asked_for == [""]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([], id="the first copy"),
        pytest.param(["UPDATE disposition SET code = 'REP' WHERE code = 'ABA'"], id="the other"),
    ],
)
def test_either_copy_of_a_conflict_may_be_the_counted_one(
    statements: Sequence[str], shares: int, store: Path
) -> None:
    _damage(store, *statements)

    result = _audit(store, shares=shares)

    assert result.equal
    assert result.cells == 5
    assert result.conflict_count == 1
    conflict = result.conflicts[0]
    assert conflict.places == ((0, 10), (1, 14))
    assert [cell.disposition for _, cell in conflict.conflict.choices] == ["ABA", "REP"]


def _write_many_cells(connection: sqlite3.Connection, number: int) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO cell SELECT generation_id, window_s - 3600 * i, call_type_id, "
        f"disposition_id, 1 FROM cell, n WHERE {IS_TEN_CIT}",
        (number,),
    )


def test_a_flood_of_differences_is_counted_whole_and_listed_in_part(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        _write_many_cells(connection, 1000)
    _damage(store, "UPDATE totals SET gaps = 0")

    result = _audit(store)

    assert result.differing == 1000
    assert result.difference_counts == {CELL: 1000, ACCOUNT: 1, BATCH: 1}
    assert [each.kind for each in result.differences] == [CELL] * 50 + [ACCOUNT, BATCH]


def test_only_kept_batches_are_checked_where_older_rows_were_forgotten(store: Path) -> None:
    for table in ("batch", "batch_range"):
        _damage(store, f"DELETE FROM {table} WHERE batch_id < 2")

    assert _audit(store).equal


def test_numbers_that_a_running_job_adds_meanwhile_are_not_looked_at(store: Path) -> None:
    def damage_once(stage: str, done: int, due: int) -> None:
        if done == 2:
            _damage(store, "UPDATE cell SET calls = calls + 1")

    watch: Callable[[str, int, int], None] = damage_once
    with open_reader(store) as reader:
        assert audit_of(reader, ListTopic(), watch).equal
    assert not _audit(store).equal
