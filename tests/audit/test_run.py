"""What an audit refuses to judge, and that it says what can no longer be proved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from audit_samples import BATCHES, GENERATION, ListTopic, audit_of, write_store
from sfcrime.errors import FingerprintChanged, Refused, TopicRefused
from sfcrime.store.reader import open_reader
from sfcrime.store.writer import open_writer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    write_store(path)
    return path


def _refusal(store: Path, topic: ListTopic) -> TopicRefused:
    with open_reader(store) as reader, pytest.raises(TopicRefused) as refused:
        audit_of(reader, topic)
    assert refused.value.exit_code == 1
    return refused.value


def test_a_topic_that_was_made_again_is_refused(store: Path) -> None:
    refusal = _refusal(store, ListTopic(id="another-id"))

    assert "is now 'another-id'" in refusal.happened
    assert "sR7o2k1kT3yJ9i5lUw8Q2g" in refusal.happened
    assert "none of the stored numbers can be proved" in refusal.rule
    assert "--bootstrap-servers" in refusal.next_step


def test_a_topic_whose_retention_removed_counted_records_is_refused(store: Path) -> None:
    refusal = _refusal(store, ListTopic(firsts={0: 3, 1: 10}))

    assert refusal.happened == (
        "org.sf.police.calls no longer holds 3 of the 16 offsets that were counted; "
        "partition 0: offsets 0 to 2."
    )
    assert "can no longer be proved" in refusal.rule
    assert "sfcrime rebuild --accept-loss" in refusal.next_step


def test_a_topic_whose_retention_removed_all_and_more_is_refused(store: Path) -> None:
    refusal = _refusal(store, ListTopic(firsts={0: 0, 1: 500}, ends={0: 12, 1: 500}))

    assert refusal.happened.endswith(
        "5 of the 16 offsets that were counted; partition 1: offsets 10 to 14."
    )


def test_a_topic_that_lost_its_end_is_refused(store: Path) -> None:
    refusal = _refusal(store, ListTopic(ends={0: 8, 1: 15}))

    assert "partition 0: offsets 8 to 10" in refusal.happened


def test_a_topic_that_lost_a_partition_is_refused(store: Path) -> None:
    refusal = _refusal(store, ListTopic(firsts={0: 0}, ends={0: 12}))

    assert "partition 1: offsets 10 to 14" in refusal.happened


def test_every_range_that_is_gone_is_named(store: Path) -> None:
    refusal = _refusal(store, ListTopic(firsts={0: 3, 1: 12}, ends={0: 10, 1: 15}))

    assert refusal.happened == (
        "org.sf.police.calls no longer holds 6 of the 16 offsets that were counted; "
        "partition 0: offsets 0 to 2; partition 0: offsets 10 to 10; partition 1: offsets 10 to 11."
    )


def test_numbers_of_other_rules_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(dataclasses.replace(GENERATION, rules_version=0))

    with (
        open_reader(path) as reader,
        pytest.raises(FingerprintChanged, match="rules_version was 0") as error,
    ):
        audit_of(reader, ListTopic())
    assert isinstance(error.value, Refused)


def test_a_generation_without_batches_is_equal_to_nothing_read(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)

    with open_reader(path) as reader:
        result = audit_of(reader, ListTopic(firsts={0: 5, 1: 15}))

    assert result.equal
    assert (result.cells, result.accounting.read) == (0, 0)


def test_the_topic_is_read_up_to_the_ledger_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(BATCHES[0])

    with open_reader(path) as reader:
        result = audit_of(reader, ListTopic())

    assert result.equal
    assert result.accounting == BATCHES[0].accounting
    assert {number: span.end for number, span in result.ranges.items()} == {0: 6, 1: 12}


def test_progress_tells_offsets_passed_of_those_due(store: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with open_reader(store) as reader:
        audit_of(reader, ListTopic(), lambda stage, done, due: told.append((stage, done, due)))

    assert told[0] == ("Recounting", 2, 16)
    assert told[5] == ("Recounting", 13, 16)  # 12 records, and a gap
    assert told[7] == ("Recounting", 16, 16)
    assert told[8] == ("Comparing", 0, 4)
    assert told[-1] == ("Comparing", 4, 4)
