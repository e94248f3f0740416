"""The newest rows of what was set aside are kept, and what is dropped stays in the sums."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken, StoreUnavailable
from sfcrime.store import retention
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import LateRecord, PartitionRange, RejectedRecord
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import GENERATION, NINE_US, identities, progress_of

Place = tuple[int, int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=10) as writer:
        writer.create_generation(replace(GENERATION, start_offsets={0: 0, 1: 0, 2: 0}))
    return path


def _commit(
    writer: StoreWriter,
    rejected: Mapping[int, Sequence[str]] | None = None,
    late: Mapping[int, int] | None = None,
) -> None:
    """Commits a batch of nothing but rejected records, by partition with their reasons, and of
    late ones, so many of each partition."""
    rejected, late = rejected or {}, late or {}
    ends, last = writer.partition_ends(), writer.last_batch_id()
    rejected_rows, late_rows, ranges = list[RejectedRecord](), list[LateRecord](), []
    for partition in sorted({*rejected, *late}):
        start, reasons = ends[partition], rejected.get(partition, ())
        past = start + len(reasons)
        end = past + late.get(partition, 0)
        rejected_rows += [
            RejectedRecord(partition, start + i, each) for i, each in enumerate(reasons)
        ]
        late_rows += [LateRecord(partition, each, NINE_US, 7) for each in range(past, end)]
        ranges.append(PartitionRange(partition, start, end, 0, end - past, past - start))
    writer.commit_batch(
        BatchOutcome(
            batch_id=0 if last is None else last + 1,
            cells=cells_of([]),
            rejected=rejected_rows,
            late=late_rows,
            ranges=ranges,
            accounting=Accounting(
                read=len(rejected_rows) + len(late_rows),
                late=len(late_rows),
                rejected=len(rejected_rows),
            ),
            identities=identities(0, 0),
            newest_call_us=None,
        )
    )


def _rejected(path: Path) -> list[Place]:
    with open_reader(path) as reader:
        return [(each.partition, each.offset) for each in reader.rejected()]


def test_the_oldest_rejected_records_are_dropped_in_the_order_of_their_commits(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=5) as writer:
        _commit(writer, {0: ["no-value", "not-json", "not-json"]})
        _commit(writer, {1: ["not-json", "no-value", "not-json"]})
        assert _rejected(path) == [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
        _commit(writer, {0: ["too-large"]})
        assert _rejected(path) == [(0, 2), (0, 3), (1, 0), (1, 1), (1, 2)]
        _commit(writer, {0: ["not-json", "not-json"]})
    assert _rejected(path) == [(0, 3), (0, 4), (0, 5), (1, 1), (1, 2)]
    assert store_problems(path) == []
    with open_reader(path) as reader:
        assert reader.set_aside_sums() == [
            (0, "no-value", 1, 1, 1),
            (0, "not-json", 4, 2, 3),
            (0, "too-large", 1, 0, 0),
            (1, "no-value", 1, 0, 0),
            (1, "not-json", 2, 1, 1),
        ]
        kept = reader.rejected_kept()
    assert (kept.records, kept.dropped, kept.kept_from) == (9, 4, {0: 3, 1: 1})
    assert kept.by_reason == {"no-value": 2, "not-json": 6, "too-large": 1}


def test_late_records_have_a_bound_of_their_own(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=9, late_rows=2) as writer:
        _commit(writer, {0: ["not-json"] * 4}, {0: 1, 2: 2})
    with open_reader(path) as reader:
        assert [(each.partition, each.offset) for each in reader.late()] == [(2, 1), (0, 4)][::-1]
        assert len(list(reader.rejected())) == 4
        late, rejected = reader.late_kept(), reader.rejected_kept()
    assert (late.records, late.dropped, late.kept_from) == (3, 1, {2: 1})
    assert (rejected.records, rejected.dropped, rejected.kept_from) == (4, 0, {})


def test_a_bound_of_nothing_keeps_all(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=0, late_rows=0) as writer:
        for _ in range(3):
            _commit(writer, {1: ["not-json"] * 50}, {1: 50})
    with open_reader(path) as reader:
        assert (len(list(reader.rejected())), len(list(reader.late()))) == (150, 150)


def test_a_batch_of_more_than_are_kept_keeps_its_last_ones(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=3) as writer:
        _commit(writer, {1: ["not-json", "not-json", "no-value"]})
        _commit(writer, {0: ["no-value"] * 20_000})
    assert _rejected(path) == [(0, 19_997), (0, 19_998), (0, 19_999)]
    with open_reader(path) as reader:
        assert reader.set_aside_sums() == [
            (0, "no-value", 20_000, 19_997, 19_997),
            (1, "no-value", 1, 1, 3),
            (1, "not-json", 2, 2, 2),
        ]
    assert store_problems(path) == []


def test_a_lowered_bound_is_reached_over_some_batches_also_without_rejected_records(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MORE_DROPPED_AT_ONCE", 4)
    with open_writer(path, history_rows=10) as writer:
        _commit(writer, {0: ["not-json"] * 12})
    kept = []
    with open_writer(path, history_rows=10, rejected_rows=2) as writer:
        for rejected in ({}, {1: ["not-json"] * 3}, {}, {}, {}):
            _commit(writer, rejected)
            kept.append(len(_rejected(path)))
    assert kept == [8, 4, 2, 2, 2]
    assert _rejected(path) == [(1, 1), (1, 2)]


def test_a_raised_bound_does_not_bring_back_what_was_dropped(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=1) as writer:
        _commit(writer, {0: ["not-json"] * 3})
    with open_writer(path, history_rows=10, rejected_rows=3) as writer:
        _commit(writer, {0: ["not-json"]})
        _commit(writer, {0: ["not-json"]})
        assert _rejected(path) == [(0, 2), (0, 3), (0, 4)]
        _commit(writer, {0: ["not-json"]})
    assert _rejected(path) == [(0, 3), (0, 4), (0, 5)]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_committed_the_newest_are_kept(
    seed: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_LOOKED_AT_ONCE", 3)
    chance = random.Random(seed)
    bound = chance.randrange(1, 30)
    committed: list[tuple[int, int]] = []
    """Batch and partition of each, as committed."""
    with open_writer(path, history_rows=100, rejected_rows=bound) as writer:
        for batch in range(20):
            counts = {each: chance.choice([0, 0, 1, 2, 9]) for each in range(3)}
            _commit(writer, {each: ["no-value"] * many for each, many in counts.items()})
            committed += [(batch, each) for each, many in counts.items() for _ in range(many)]
        ends = writer.partition_ends()
    assert store_problems(path) == []
    kept = _rejected(path)
    with closing(sqlite3.connect(path)) as store:
        batches = [row[0] for row in store.execute("SELECT batch_id FROM rejected")]
    assert sorted(batches) == [batch for batch, _ in committed][-bound:]
    for partition, many in Counter(each for each, _ in kept).items():
        end = ends[partition]
        assert [offset for each, offset in kept if each == partition] == [*range(end - many, end)]


def test_records_whose_batch_is_not_known_go_first_by_offset(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_LOOKED_AT_ONCE", 1)
    with open_writer(path, history_rows=10) as writer:
        _commit(writer, {0: ["not-json"] * 3, 1: ["not-json"] * 3})
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE rejected SET batch_id = NULL")  # as a migration leaves them
    with open_writer(path, history_rows=10, rejected_rows=4) as writer:
        _commit(writer, {2: ["not-json"]})
    assert _rejected(path) == [(0, 2), (1, 1), (1, 2), (2, 0)]


def test_each_generation_has_the_bound_for_itself(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=2) as writer:
        _commit(writer, {0: ["not-json"] * 3})
        writer.create_generation(replace(GENERATION, start_offsets={0: 0}), pending=True)
        _commit(writer, {0: ["not-json"] * 5})
        assert _rejected(path) == [(0, 1), (0, 2)]
        writer.make_current()
        assert _rejected(path) == [(0, 3), (0, 4)]
        writer.forget_unseen()
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("SELECT generation_id, records FROM set_aside").fetchall() == [(2, 5)]


def test_where_rows_were_dropped_any_record_may_have_been_set_aside(path: Path) -> None:
    with open_writer(path, history_rows=10, rejected_rows=1) as writer:
        _commit(writer, {0: ["not-json"] * 3, 1: ["not-json"]}, {0: 1})
        _commit(writer, {2: ["no-value"]})
        known = writer.set_aside_since({0: 0, 1: 0, 2: 0})
        assert [(0, offset) in known for offset in range(5)] == [True, True, True, True, False]
        assert [(1, offset) in known for offset in range(2)] == [True, False]
        assert [(2, offset) in known for offset in range(2)] == [True, False]


def test_a_lowered_number_of_batches_is_reached_over_some_batches(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCHES_FORGOTTEN_AT_ONCE", 3)
    with open_writer(path, history_rows=100) as writer:
        for number in range(10):
            _commit(writer, {0: ["not-json"]})
            writer.record_progress(progress_of(number))
    kept = []
    with open_writer(path, history_rows=2) as writer:
        for number in range(10, 15):
            _commit(writer, {0: ["not-json"]})
            writer.record_progress(progress_of(number))
            with open_reader(path) as reader:
                batches = [each.batch_id for each in reader.ledger_rows(99)]
                assert batches == [each.batch_id for each in reader.progress()]
                assert sorted(batches) == [batch for batch, _ in reader.batch_ranges()]
            kept.append(batches)
    assert [len(each) for each in kept] == [8, 6, 4, 2, 2]
    assert kept[-1] == [14, 13]


DAMAGES = {
    "UPDATE set_aside SET records = 4 WHERE partition = 0": (
        "states 3 rejected records of partition 0 by reason, and holds 4"
    ),
    "UPDATE set_aside SET dropped = 1 WHERE partition = 0": (
        "states 2 kept rejected records of partition 0, and holds 1"
    ),
    "DELETE FROM set_aside WHERE reason = 'late'": (
        "states 1 late records of partition 1 by reason, and holds 0"
    ),
    "DELETE FROM late": "states 1 kept late records of partition 1, and holds 0",
    "INSERT INTO rejected SELECT generation_id, 2, 0, reason, 0 FROM rejected LIMIT 1": (
        "states 0 kept rejected records of partition 2, and holds 1"
    ),
}


@pytest.mark.parametrize("statement", DAMAGES)
def test_sums_that_do_not_come_to_the_rows_or_the_accounts_are_damage(
    statement: str, path: Path
) -> None:
    with open_writer(path, history_rows=10, rejected_rows=1) as writer:
        _commit(writer, {0: ["not-json"] * 3}, {1: 1})
    with closing(sqlite3.connect(path)) as store, store:
        assert store.execute(statement).rowcount == 1
    assert store_problems(path)[0] == f"it {DAMAGES[statement]}"
    with pytest.raises(StoreUnavailable, match=DAMAGES[statement]):
        open_writer(path, history_rows=10)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE set_aside SET records = 9 WHERE reason = 'no-value'",
            "sums up 11 rejected records of partition 0, whose account states 3",
        ),
        ("DELETE FROM set_aside", "sums up 0 rejected records of partition 0"),
        (
            "UPDATE set_aside SET partition = 9 WHERE reason = 'late'",
            "sums up 0 late records of partition 1, whose account states 1",
        ),
        (
            "INSERT INTO set_aside VALUES (1, 9, 'not-json', 1, 0, 0)",
            "sums up 1 rejected records of partition 9, which has no account",
        ),
    ],
)
def test_a_batch_is_refused_where_the_sums_are_not_those_of_the_ledger(
    statement: str, what: str, path: Path
) -> None:
    with open_writer(path, history_rows=10) as writer:
        _commit(writer, {0: ["not-json", "not-json", "no-value"]}, {1: 1})
        with closing(sqlite3.connect(path)) as store, store:
            store.execute(statement)
        with pytest.raises(AccountingBroken, match=what):
            _commit(writer)
        assert writer.last_batch_id() == 0
