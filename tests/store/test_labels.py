"""Labels are numbered once; memory holds a bounded number of them, and only committed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from sfcrime.store import schema, sqlite
from sfcrime.store.labels import Labels
from sfcrime.store.rows import LABELS_AT_A_TIME
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, statements


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = sqlite.open_for_writing(tmp_path / "labels.db")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
    yield engine
    engine.dispose()


def committed(engine: Engine, labels: Labels, texts: Sequence[str]) -> list[int]:
    """The numbers of the texts, in a transaction of their own."""
    with engine.begin() as connection:
        numbers = labels.number(connection, pa.array(texts, pa.string()))
    labels.keep()
    return list(numbers.to_pylist())


def test_a_label_has_one_number_whether_it_is_in_memory_or_only_in_the_store(
    engine: Engine,
) -> None:
    labels = Labels(schema.call_type)
    assert committed(engine, labels, ["b", "a", "b", ""]) == [1, 2, 1, 3]
    assert committed(engine, labels, ["c", "a"]) == [4, 2]
    assert committed(engine, Labels(schema.call_type), ["d", "c", "a", "b"]) == [5, 4, 2, 1]
    assert committed(engine, Labels(schema.disposition), ["a"]) == [1]


@pytest.mark.parametrize("dictionary", [["a", "b", "a"], ["a", *map(str, range(900)), "a"]])
def test_a_text_that_a_dictionary_has_twice_is_one_label(
    engine: Engine, dictionary: list[str]
) -> None:
    last = len(dictionary) - 1
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, last]), pa.array(dictionary))
    with engine.begin() as connection:
        first, other, again = Labels(schema.call_type).number(connection, column).to_pylist()
    assert (first, again) == (1, 1)
    assert other != first


def test_memory_holds_no_more_labels_than_its_bound(engine: Engine) -> None:
    labels = Labels(schema.call_type, most=1_000)
    many = [f"type {number}" for number in range(3_000)]
    for start in (0, 900, 1_800, 2_700):
        numbers = committed(engine, labels, many[start : start + 900])
        assert numbers == [*range(start + 1, min(start + 900, 3_000) + 1)]
        assert len(labels) <= 1_000
    assert committed(engine, labels, many) == [*range(1, 3_001)]
    assert len(labels) <= 1_000


def test_labels_of_the_batch_before_are_in_memory_behind_many_others(engine: Engine) -> None:
    labels = Labels(schema.call_type, most=1_000)
    usual = ["Passing Call", "Trespasser"]
    for start in (0, 900, 1_800):
        committed(engine, labels, [*usual, *(f"type {start + each}" for each in range(900))])
    with statements() as sent:
        committed(engine, labels, usual)
    assert sent == ["BEGIN IMMEDIATE"]


def test_labels_are_looked_up_and_inserted_many_to_a_statement(engine: Engine) -> None:
    many = [f"type {number}" for number in range(4 * LABELS_AT_A_TIME)]
    with statements() as sent:
        committed(engine, Labels(schema.call_type), many)
    assert len(sent) == 1 + 4 * 3  # begin; what is there, the greatest number, what is new
    with statements() as sent:
        committed(engine, Labels(schema.call_type), many)
    assert len(sent) == 1 + 4


def test_a_rolled_back_transaction_leaves_no_label_in_memory(engine: Engine) -> None:
    labels = Labels(schema.call_type)
    committed(engine, labels, ["a"])
    with engine.connect() as connection, connection.begin() as transaction:
        assert labels.number(connection, pa.array(["b", "c"])).to_pylist() == [2, 3]
        transaction.rollback()
    labels.drop()
    assert committed(engine, labels, ["c", "a"]) == [2, 1]
    with engine.connect() as connection:
        rows = connection.execute(schema.call_type.select()).all()
    assert [tuple(row) for row in rows] == [(1, "a"), (2, "c")]


def test_what_no_cell_has_is_forgotten_in_memory_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.store.labels.LABELS_FORGOTTEN_AT_ONCE", 2)
    labels = Labels(schema.disposition)
    committed(engine, labels, ["a", "b", "c", "d", "e", "f"])
    with engine.begin() as connection:
        connection.execute(
            schema.cell.insert().values(
                generation_id=7, window_s=0, call_type_id=1, disposition_id=2, calls=1
            )
        )
    with statements() as sent:
        labels.forget_unused(engine.begin)
    assert [each.split()[0] for each in sent] == [
        *("BEGIN", "SELECT"),
        *("BEGIN", "DELETE") * 3,
    ]
    with engine.connect() as connection:
        left = connection.execute(schema.disposition.select()).all()
    assert [tuple(row) for row in left] == [(2, "b")]
    assert committed(engine, labels, ["c", "b", "a"]) == [3, 2, 4]


def test_a_start_reads_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
    with statements() as sent, open_writer(path, history_rows=100) as writer:
        at_the_start = len(sent)
        writer.commit_batch(SECOND)
    of_labels = [each for each in sent if "FROM call_type" in each or "FROM disposition" in each]
    of_labels = [each for each in of_labels if "max(" not in each]  # a look at an index alone
    assert not set(of_labels) & set(sent[:at_the_start])
    assert [each.split(" WHERE ")[-1] for each in of_labels] == [
        "call_type.label IN (?, ?)",
        "disposition.code IN (?, ?)",
    ]
