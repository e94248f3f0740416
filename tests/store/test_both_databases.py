"""A store is the same in a file of SQLite and in a database of PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken, ReadTooLong, StoreDamaged, StoreEmpty, StoreUnavailable
from sfcrime.store import postgresql_look
from sfcrime.store.address import StoreAddress
from sfcrime.store.outcome import BatchOutcome, CellColumns
from sfcrime.store.reader import Readers, StoreReader, counted_generation, open_reader
from sfcrime.store.records import (
    CellCount,
    Grouping,
    LateRecord,
    PartitionRange,
    RejectedRecord,
    RunFacts,
    WindowTotal,
)
from sfcrime.store.set_aside import SetAsideSum
from sfcrime.store.snapshot import Snapshots
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.store.written_state import open_look
from store_samples import (
    FIRST,
    GENERATION,
    HOUR_US,
    NINE_US,
    SECOND,
    TEN_US,
    identities,
    many_cells,
    progress_of,
)

NINE_S, TEN_S = NINE_US // 1_000_000, TEN_US // 1_000_000


def opened(store: StoreAddress, **rows: int) -> StoreWriter:
    writer = open_writer(store, history_rows=rows.pop("history_rows", 100), **rows)
    if writer.generation() is None:
        writer.create_generation(GENERATION)
    return writer


def test_what_two_batches_learned_is_read_in_one_snapshot(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)
        writer.record_progress(progress_of(1))
        writer.describe_run(RunFacts(settings={"kafka.port": "9092"}))
    with open_reader(store) as reader:
        assert reader.generation() == GENERATION
        assert reader.totals().accounting == Accounting(15, 10, 1, 1, 3, 1)
        assert reader.partition_ledger() == [
            PartitionRange(0, 0, 11, counted=7, late=1, rejected=2, leader_epoch=4),
            PartitionRange(1, 10, 15, counted=3, late=0, rejected=1, leader_epoch=7),
        ]
        assert list(reader.cells()) == [
            CellCount(NINE_US, "Passing Call", "22", 1),
            CellCount(NINE_US, "Passing Call", "HAN", 1),
            CellCount(NINE_US, "Traf Violation Cite", "CIT", 3),
            CellCount(TEN_US, "Noise Nuisance", "OTS", 2),
            CellCount(TEN_US, "Passing Call", "HAN", 3),
        ]
        numbered = [tuple(row) for page in reader.numbered_cells() for row in page]
        assert [(row[0], row[3]) for row in numbered] == [
            (NINE_S, 3), (NINE_S, 1), (NINE_S, 1), (TEN_S, 3), (TEN_S, 2),
        ]  # fmt: skip
        assert list(reader.window_totals()) == [WindowTotal(NINE_S, 5, 0), WindowTotal(TEN_S, 5, 1)]
        assert list(reader.window_totals(changed_after=0)) == [WindowTotal(TEN_S, 5, 1)]
        assert [each.batch_id for each in reader.ledger_rows(9)] == [1, 0]
        assert [batch for batch, _ in reader.batch_ranges()] == [0, 1, 0, 1]
        assert reader.progress() == [progress_of(1)]
        state = reader.writer_state()
        assert (state.starts, state.facts.settings) == (1, {"kafka.port": "9092"})
        assert state.ended_ms is not None
        blocks = list(reader.identity_blocks())
        assert sorted(n for each in blocks for n in each.rows.call_ids.tolist()) == [*range(1, 11)]
    assert store_problems(store) == []


def test_calls_are_added_up_by_the_database_as_whole_numbers(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)
    with open_reader(store) as reader:
        by_code = reader.calls_by(Grouping(windows=False, types=False))
        assert sorted(by_code) == [(0, "", "22", 1), (0, "", "CIT", 3), (0, "", "HAN", 4),
                                   (0, "", "OTS", 2)]  # fmt: skip
        assert all(type(each.calls) is int for each in by_code)
        days = Grouping(types=False, width_s=86_400, origin_s=NINE_S - 9 * 3600)
        assert {
            (each.window_us, each.disposition): each.calls for each in reader.calls_by(days)
        } == {
            (NINE_US - 9 * HOUR_US, code): calls
            for code, calls in (("22", 1), ("CIT", 3), ("HAN", 4), ("OTS", 2))
        }
        largest = reader.largest_cells(windows=2, most=2)
        assert [(each.call_type, each.calls) for each in largest.cells] == [
            ("Traf Violation Cite", 3),
            ("Passing Call", 3),
        ]
        assert largest.left_out == 4 and type(largest.left_out) is int


def test_a_cell_that_a_batch_names_twice_is_added_up(store: StoreAddress) -> None:
    row = CellCount(NINE_US, "Passing Call", "HAN", 3)
    cells = cells_of([row, CellCount(TEN_US, "Passing Call", "HAN", 1), row])
    with opened(store) as writer:
        writer.commit_batch(replace(FIRST, cells=cells))
    with open_reader(store) as reader:
        assert [tuple(each) for each in reader.cells()] == [
            (NINE_US, "Passing Call", "HAN", 6),
            (TEN_US, "Passing Call", "HAN", 1),
        ]


def test_a_large_batch_is_added_to_windows_that_are_there_and_to_new_ones(
    store: StoreAddress,
) -> None:
    """First one window in three of 60, with every other call type; then all of them."""
    with opened(store) as writer:
        writer.commit_batch(many_cells(0, range(0, 60, 3), range(0, 100, 2)))
        writer.commit_batch(many_cells(1, range(60), range(100)))
    with open_reader(store) as reader:
        held = {(each.window_us, each.call_type): each.calls for each in reader.cells()}
        in_windows = {each.window_s: each.calls for each in reader.window_totals()}
    assert held == {
        (NINE_US + hour * HOUR_US, f"type {kind}"): 2 if hour % 3 == 0 and kind % 2 == 0 else 1
        for hour in range(60)
        for kind in range(100)
    }
    assert in_windows == {NINE_S + hour * 3600: 150 - 50 * (hour % 3 > 0) for hour in range(60)}
    assert store_problems(store) == []


def test_labels_are_ordered_by_code_point_whatever_they_are(store: StoreAddress) -> None:
    labels = ["a b", "B", "ab", "A", "é", "\\N", "z", "\u20ac", "{1,2}", "\U0001f600", "\uffee"]
    cells = cells_of([CellCount(NINE_US, label, "HAN", 1) for label in labels])
    counted = len(labels)
    outcome = BatchOutcome(
        batch_id=0,
        cells=cells,
        rejected=[],
        late=[],
        ranges=[PartitionRange(0, 0, counted, counted=counted)],
        accounting=Accounting(read=counted, counted=counted),
        identities=identities(0, counted),
        newest_call_us=NINE_US,
    )
    with opened(store) as writer:
        writer.commit_batch(outcome)
    with open_reader(store) as reader:
        assert [each.call_type for each in reader.cells()] == [
            "A", "B", "\\N", "a b", "ab", "z", "{1,2}", "é", "\u20ac", "\uffee", "\U0001f600",
        ]  # fmt: skip


def many(
    batch_id: int, start: int, rejected: int, late: int, *, per_window: int = 9
) -> BatchOutcome:
    """A batch of one partition: rejected records, late ones, then as many counted ones."""
    counted, end = 3_000, start + rejected + late + 3_000
    each = pa.array(range(counted), pa.int64())
    return BatchOutcome(
        batch_id=batch_id,
        cells=CellColumns(
            pa.array([n // per_window * HOUR_US for n in range(counted)], pa.int64()),
            pa.array([f"type {n % per_window}" for n in range(counted)]),
            pa.array(["HAN"] * counted),
            pa.array([1] * counted, pa.int64()),
        ),
        rejected=[RejectedRecord(0, start + n, ("not-json", "bad-call-id")[n % 2])
                  for n in range(rejected)],
        late=[LateRecord(0, start + rejected + n, n, 7) for n in range(late)],
        ranges=[PartitionRange(0, start, end, counted=counted, late=late, rejected=rejected)],
        accounting=Accounting(read=end - start, counted=counted, late=late, rejected=rejected),
        identities=identities(start, start + len(each)),
        newest_call_us=None,
    )  # fmt: skip


def test_what_is_set_aside_is_bounded_and_its_sums_are_kept(store: StoreAddress) -> None:
    with opened(store, history_rows=2, rejected_rows=5, late_rows=3) as writer:
        start = 0
        for number in range(4):
            writer.commit_batch(many(number, start, rejected=4, late=2))
            start += 3_006
    with open_reader(store) as reader:
        assert reader.set_aside_sums() == [
            SetAsideSum(0, "bad-call-id", 8, 5, 6014),
            SetAsideSum(0, "late", 8, 5, 6017),
            SetAsideSum(0, "not-json", 8, 6, 6015),
        ]
        assert len(list(reader.rejected())) == 5
        assert list(reader.rejected(after=(0, 9019))) == [
            (0, 9020, "not-json"),
            (0, 9021, "bad-call-id"),
        ]
        assert [each.offset for each in reader.late()] == [6017, 9022, 9023]
        assert [each.batch_id for each in reader.ledger_rows(9)] == [3, 2]
        assert reader.totals().accounting.counted == 12_000
    assert store_problems(store) == []


def test_a_rebuilt_generation_replaces_the_one_before_and_its_labels(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(many(0, 0, rejected=2, late=1))
        writer.create_generation(replace(GENERATION, window_minutes=30), pending=True)
        writer.commit_batch(replace(FIRST, cells=cells_of([CellCount(NINE_US, "X", "22", 7)])))
        assert list(writer.unseen_generations()) == [2]
        with open_reader(store) as before:
            assert before.totals().accounting.counted == 3_000
            writer.make_current()
            writer.forget_unseen()
            # What was seen stays to be seen, to the end of the snapshot.
            assert sum(each.calls for each in before.cells()) == 3_000
            assert len(list(before.identity_blocks())) == 1
    with open_reader(store) as reader:
        assert reader.number == 2
        assert list(reader.cells()) == [CellCount(NINE_US, "X", "22", 7)]
        assert reader.call_type_texts(range(1, 20)) == {10: "X"}
    assert counted_generation(store).window_minutes == 30
    assert store_problems(store) == []


def test_a_second_generation_counts_the_same_calls_again(store: StoreAddress) -> None:
    with opened(store) as writer:
        keys = identities(1, 9)
        assert writer.first_copies(keys).tolist() == [True] * 8
        writer.commit_batch(FIRST)
        assert writer.first_copies(keys).tolist() == [False] * 7 + [True]
        writer.create_generation(GENERATION, pending=True)
        assert writer.first_copies(keys).tolist() == [True] * 8


def test_a_start_goes_on_where_the_ledger_ends(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(FIRST)
    with open_writer(store, history_rows=100) as writer:
        assert writer.last_batch_id() == 0
        assert writer.partition_ends() == {0: 7, 1: 15}
        assert writer.first_copies(identities(7, 9)).tolist() == [False, True]
        writer.commit_batch(SECOND)
        with pytest.raises(AccountingBroken, match="the ledger expects batch 2"):
            writer.commit_batch(SECOND)
    with open_reader(store) as reader:
        assert reader.totals().batches == 2
        assert reader.writer_state().starts == 2


def test_a_cell_that_takes_calls_away_is_refused_and_leaves_nothing(store: StoreAddress) -> None:
    cells = cells_of([CellCount(NINE_US, "A", "B", 8), CellCount(NINE_US, "A", "C", -1)])
    with opened(store) as writer:
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            writer.commit_batch(replace(FIRST, cells=cells))
        with open_reader(store) as reader:
            assert list(reader.cells()) == []
            assert reader.totals().batches == 0
            assert list(reader.rejected()) == []
        writer.commit_batch(FIRST)


def test_a_reader_sees_one_moment_while_batches_are_committed(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(FIRST)
        readers = Readers(store)
        with readers.open() as reader:
            assert reader.totals().batches == 1
            writer.commit_batch(SECOND)
            assert sum(each.calls for each in reader.cells()) == 7
            assert reader.totals().batches == 1
        with readers.open() as reader:
            assert sum(each.calls for each in reader.cells()) == 10


def test_an_empty_place_holds_no_store(store: StoreAddress) -> None:
    with pytest.raises(StoreEmpty), open_reader(store):
        pass
    open_writer(store, history_rows=100).close()
    with pytest.raises(StoreEmpty, match="holds nothing yet"), open_reader(store):
        pass


def test_a_store_of_another_schema_version_is_refused_by_name(store: StoreAddress) -> None:
    opened(store).close()
    with opened(store) as writer, writer._transactions.one() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = 7")
    with pytest.raises(StoreUnavailable, match="has schema version 7"):
        open_writer(store, history_rows=100)
    with pytest.raises(StoreUnavailable, match="has schema version 7"), open_reader(store):
        pass


def test_a_store_that_states_no_schema_version_is_of_no_version_before(
    store: StoreAddress,
) -> None:
    with opened(store) as writer, writer._transactions.one() as connection:
        connection.exec_driver_sql("DELETE FROM schema_version")
    with pytest.raises(StoreUnavailable, match="has schema version None") as written:
        open_writer(store, history_rows=100)
    with (
        pytest.raises(StoreUnavailable, match="has schema version None") as read,
        open_reader(store),
    ):
        pass
    for refused in (written, read):
        assert "start a job" not in refused.value.next_step
    either = Snapshots(store, 10, or_before=True)
    with pytest.raises(StoreUnavailable, match="has schema version None"), either.open():
        pass


def test_a_store_of_two_moments_is_not_written_to(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(FIRST)
        with writer._transactions.one() as connection:
            connection.exec_driver_sql("UPDATE cell SET calls = 9 WHERE calls = 3")
    assert store_problems(store) == ["it states 7 counted calls in cells, and holds 13"]
    with pytest.raises(StoreDamaged, match="it states 7 counted calls in cells, and holds 13"):
        open_writer(store, history_rows=100)


def test_a_statement_that_works_too_long_is_stopped(store: StoreAddress) -> None:
    with opened(store) as writer:
        writer.commit_batch(many(0, 0, rejected=0, late=0))
    with (
        pytest.raises(ReadTooLong, match=r"took more than 0\.05 s"),
        open_reader(store, limit_s=0.05) as reader,
    ):
        _work_long(reader)


def _work_long(reader: StoreReader) -> None:
    reader._connection.exec_driver_sql(
        "SELECT count(*) FROM cell AS a, cell AS b, cell AS c WHERE a.calls + b.calls > c.calls"
    ).fetchall()


def test_a_look_tells_whether_anything_was_written(
    store: StoreAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_look, "ASKED_EVERY_S", 0.0)
    with opened(store) as writer:
        look = open_look(store)
        for write in (
            lambda: writer.commit_batch(FIRST),
            lambda: writer.record_progress(progress_of(0)),
            lambda: writer.record_progress(progress_of(0, input_rows=9)),
            lambda: writer.describe_run(RunFacts()),
            lambda: writer.create_generation(GENERATION, pending=True),
            writer.make_current,
        ):
            before = look()
            assert look() == before
            write()
            assert look() != before
