"""What was counted last is found again in the topic, or its end was written again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_samples import GENERATION, RECORDS, ListTopic, call, write_store
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.pipeline import topic_wait
from sfcrime.settings import KafkaSettings
from sfcrime.store.writer import open_writer

KEPT = {0: 0, 1: 10}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Has counted all records but the last; repeats, late and rejected ones are among them."""
    write_store(tmp_path / "store.db")
    return tmp_path / "store.db"


def _look(
    store: Path,
    records: list[TopicRecord],
    monkeypatch: pytest.MonkeyPatch,
    firsts: dict[int, int] = KEPT,
) -> None:
    topic = ListTopic(records)
    monkeypatch.setattr(topic_wait, "read_range", lambda _, starts, ends: topic.read(starts, ends))
    with open_writer(store, history_rows=10) as writer:
        topic_wait.require_known_tail(KafkaSettings(), firsts, GENERATION, writer)


def test_records_that_were_counted_or_set_aside_are_known(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _look(store, RECORDS, monkeypatch)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(call("99", "Passing Call", "2018-10-02T10:30:00.000", "GOA"), id="valid"),
        pytest.param(call("99", "Passing Call", "2018-09-02T10:30:00.000", "GOA"), id="late"),
        pytest.param(b"no call", id="rejected"),
        pytest.param(None, id="no value"),
    ],
)
@pytest.mark.parametrize("place", [(0, 0), (0, 10), (1, 14)])
def test_another_record_at_a_counted_offset_is_refused(
    place: tuple[int, int],
    value: bytes | None,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = [
        each._replace(value=value) if (each.partition, each.offset) == place else each
        for each in RECORDS
    ]
    with pytest.raises(TopicRefused) as refused:
        _look(store, records, monkeypatch)
    assert refused.value.happened.startswith(f"Partition {place[0]} of org.sf.police.calls")
    assert f"offset {place[1]} that was not counted" in refused.value.happened


def _with(value: bytes, place: tuple[int, int]) -> list[TopicRecord]:
    """The records with another value at one place."""
    return [
        each._replace(value=value) if (each.partition, each.offset) == place else each
        for each in RECORDS
    ]


def test_records_whose_rows_were_dropped_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_store(tmp_path / "store.db", rows=1)  # no rejected one of partition 0 has its row
    _look(tmp_path / "store.db", RECORDS, monkeypatch)
    _look(tmp_path / "store.db", _with(b"no call", (0, 6)), monkeypatch)
    for value, place in (
        (b"no call", (0, 8)),  # after those that were dropped
        (call("99", "Passing Call", "2018-10-02T10:30:00.000", "GOA"), (0, 3)),
    ):
        with pytest.raises(TopicRefused, match=f"offset {place[1]} that was not counted"):
            _look(tmp_path / "store.db", _with(value, place), monkeypatch)


def test_only_what_the_topic_still_keeps_is_read(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_wait, "_LOOKED_AT", 4)
    unlike = [each._replace(value=b"no call") for each in RECORDS if each.offset < 10]
    alike = [each for each in RECORDS if each.offset >= 10]
    _look(store, unlike + alike, monkeypatch, {0: 10, 1: 10})
    with pytest.raises(TopicRefused, match="offset 8 that"):
        _look(store, unlike + alike, monkeypatch)


def test_records_that_unpack_to_megabytes_are_not_held_together(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rejected,) = (each for each in RECORDS if each.value == b"not json")

    def read(*_: object) -> Iterator[list[TopicRecord]]:
        for _ in range(20):
            yield [rejected._replace(value=bytes(5_000_000))]

    monkeypatch.setattr(topic_wait, "read_range", read)
    with open_writer(store, history_rows=10) as writer:
        tracemalloc.start()
        try:
            topic_wait.require_known_tail(KafkaSettings(), KEPT, GENERATION, writer)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert 5_000_000 < peak_bytes < 20_000_000
