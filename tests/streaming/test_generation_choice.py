"""What is gone on with, what is counted again, and which topics are refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import (
    AccountingBroken,
    FingerprintChanged,
    SfcrimeError,
    TopicMadeAgain,
    TopicRefused,
)
from sfcrime.settings import Settings, StoreSettings, StreamSettings
from sfcrime.store.generations import forget_some
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.generation_choice import (
    new_generation,
    next_offsets,
    pending_generation,
    stored_generation,
)
from sfcrime.streaming.held_records import require_still_held
from store_samples import FIRST, GENERATION, SECOND

TOPIC = TopicState(GENERATION.topic_id, firsts={0: 0, 1: 10}, ends={0: 11, 1: 20})
ANEW = replace(GENERATION, window_minutes=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    """One batch of a generation."""
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        yield writer


def _settings(tmp_path: Path, **stream: object) -> Settings:
    return Settings(
        store=StoreSettings(data_dir=str(tmp_path)),
        stream=StreamSettings(**stream),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "topic, begins",
    [
        (TOPIC, {0: 7, 1: 15}),
        (replace(TOPIC, ends={0: 7, 1: 15}), {0: 7, 1: 15}),
        (replace(TOPIC, firsts={0: 5, 1: 12}), {0: 7, 1: 15}),  # counted records were deleted
        (replace(TOPIC, firsts={0: 7, 1: 15}), {0: 7, 1: 15}),  # all of them
        (
            replace(TOPIC, firsts={**TOPIC.firsts, 2: 0}, ends={**TOPIC.ends, 2: 9}),
            {0: 7, 1: 15, 2: 0},
        ),
    ],
    ids=["more", "nothing more", "retention", "retention of all", "another partition"],
)
def test_a_topic_that_holds_what_comes_next_is_read_on_where_the_ledger_ends(
    topic: TopicState, begins: dict[int, int]
) -> None:
    assert next_offsets(GENERATION, {0: 7, 1: 15}, topic) == begins


@pytest.mark.parametrize(
    "topic, error, said",
    [
        (replace(TOPIC, topic_id="new"), TopicMadeAgain, "is now 'new'"),
        (
            replace(TOPIC, ends={0: 6, 1: 15}),
            TopicRefused,
            "Partition 0 of org.sf.police.calls no longer holds offsets 6 to 6 as they were "
            "counted: it ends before them, or other records were written in their place.",
        ),
        (
            replace(TOPIC, ends={0: 7}),
            TopicRefused,
            "Partition 1 of org.sf.police.calls no longer holds offsets 0 to 14 as they were "
            "counted: it ends before them, or other records were written in their place.",
        ),
        (
            replace(TOPIC, firsts={0: 9, 1: 10}),
            TopicRefused,
            "begins at offset 9; records 7 to 8 were deleted before they were counted.",
        ),
        (
            replace(TOPIC, firsts={**TOPIC.firsts, 2: 4}, ends={**TOPIC.ends, 2: 9}),
            TopicRefused,
            "Partition 2 of org.sf.police.calls begins at offset 4; records 0 to 3",
        ),
    ],
)
def test_a_topic_that_cannot_be_read_on_is_refused_with_the_command_that_mends_it(
    topic: TopicState, error: type[SfcrimeError], said: str
) -> None:
    with pytest.raises(error) as refused:
        next_offsets(GENERATION, {0: 7, 1: 15}, topic)
    assert said in refused.value.happened
    assert refused.value.next_step.endswith("sfcrime rebuild --accept-loss")


def test_records_that_were_deleted_under_a_batch_are_named() -> None:
    require_still_held(GENERATION, TOPIC.topic_id, {0: 7, 1: 0}, {0: 7, 1: 15})
    with pytest.raises(TopicRefused) as refused:
        require_still_held(GENERATION, TOPIC.topic_id, {0: 9}, {0: 7})
    assert "records 7 to 8 were deleted before they were counted" in refused.value.happened


def test_a_job_clears_what_a_given_up_rebuild_left(tmp_path: Path, store: StoreWriter) -> None:
    store.create_generation(ANEW, pending=True)
    store.close()
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as again:
        assert stored_generation(_settings(tmp_path), again) == GENERATION
        assert again.unseen_generations() == {}
        assert again.partition_ends() == {0: 7, 1: 15}


def test_a_refused_job_clears_nothing(tmp_path: Path, store: StoreWriter) -> None:
    store.create_generation(ANEW, pending=True)
    store.close()
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as again:
        with pytest.raises(FingerprintChanged, match="window_minutes was 60 and is now 30"):
            stored_generation(_settings(tmp_path, window_minutes=30), again)
        assert list(again.unseen_generations().values()) == [ANEW]


@pytest.mark.parametrize(
    "hours, said, command",
    [
        (2.5, "lateness_s was 604800 and is now 9000", "--lateness-hours 2.5"),
        (100_000, "and is now 360000000", "--lateness-hours 100000"),
        (123_456.75, "and is now 444444300", "--lateness-hours 123456.75"),
        (0.29, "and is now 1044", "--lateness-hours 0.29"),
        ("off", "and is now None", "--lateness-hours off"),
    ],
)
def test_another_lateness_is_refused_with_the_command_that_counts_by_it(
    tmp_path: Path, store: StoreWriter, hours: object, said: str, command: str
) -> None:
    with pytest.raises(FingerprintChanged, match=said) as refused:
        stored_generation(_settings(tmp_path, lateness_hours=hours), store)
    assert refused.value.next_step.endswith(f"sfcrime rebuild {command}")


def test_numbers_of_other_rules_are_refused_before_kafka_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: StoreWriter
) -> None:
    monkeypatch.setattr("sfcrime.streaming.generation_choice.RULES_VERSION", 99)
    with pytest.raises(FingerprintChanged, match="and is now 99") as refused:
        stored_generation(_settings(tmp_path), store)
    assert refused.value.next_step.endswith("sfcrime rebuild")


def _killed_rebuild(tmp_path: Path, store: StoreWriter) -> StoreWriter:
    """A rebuild that committed two batches, as the next one finds it."""
    assert pending_generation(store, ANEW, lambda _: TOPIC) == ANEW
    store.commit_batch(FIRST)
    store.commit_batch(SECOND)
    store.close()
    return open_writer(tmp_path / "sfcrime.db", history_rows=100)


def test_a_killed_rebuild_is_gone_on_with(tmp_path: Path, store: StoreWriter) -> None:
    with _killed_rebuild(tmp_path, store) as again:
        wanted = replace(ANEW, created_ms=5, start_offsets={0: 3, 1: 10})
        assert pending_generation(again, wanted, lambda _: TOPIC) == ANEW
        assert again.partition_ends() == {0: 11, 1: 15}
        again.make_current()
        again.forget_unseen()
        assert again.unseen_generations() == {}


@pytest.mark.parametrize(
    "wanted, topic",
    [
        (replace(ANEW, window_minutes=15), TOPIC),
        (replace(ANEW, lateness_s=None), TOPIC),
        (replace(ANEW, topic_id="new"), replace(TOPIC, topic_id="new")),
        (ANEW, replace(TOPIC, firsts={0: 13, 1: 10}, ends={0: 14, 1: 20})),
        (ANEW, replace(TOPIC, firsts={0: 8, 1: 10})),
    ],
    ids=["window", "lateness", "another topic", "retention", "retention of what it had counted"],
)
def test_a_killed_rebuild_that_cannot_be_gone_on_with_is_begun_anew(
    tmp_path: Path, store: StoreWriter, wanted: Generation, topic: TopicState
) -> None:
    with _killed_rebuild(tmp_path, store) as again:
        assert (
            pending_generation(again, replace(wanted, created_ms=9), lambda _: topic).created_ms
            == 9
        )
        assert again.last_batch_id() is None
        assert [each.created_ms for each in again.unseen_generations().values()] == [9]


def test_a_generation_that_was_replaced_is_not_gone_on_with(
    tmp_path: Path, store: StoreWriter
) -> None:
    """A rebuild swapped, and was killed before it cleared anything: what it replaced is whole, and
    may be what it was asked to put right."""
    again = replace(GENERATION, created_ms=7)
    assert pending_generation(store, again, lambda _: TOPIC) == again
    store.make_current()
    store.close()
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as again:
        assert again.unseen_generations() == {}
        assert (
            pending_generation(again, replace(GENERATION, created_ms=9), lambda _: TOPIC).created_ms
            == 9
        )
        assert again.last_batch_id() is None


def test_damaged_identities_are_in_the_way_of_counting_on_and_not_of_counting_anew(
    tmp_path: Path, store: StoreWriter
) -> None:
    store.close()
    with closing(sqlite3.connect(tmp_path / "sfcrime.db")) as file, file:
        file.execute("UPDATE identity_block SET packed = x'00'")
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as again:
        with pytest.raises(AccountingBroken, match="sfcrime rebuild"):
            again.commit_batch(SECOND)
        assert (
            pending_generation(again, replace(GENERATION, created_ms=9), lambda _: TOPIC).created_ms
            == 9
        )
        again.commit_batch(FIRST)
        again.make_current()
        again.forget_unseen()


def test_a_generation_that_is_half_forgotten_is_not_gone_on_with(
    tmp_path: Path, store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild swapped, and was killed while it cleared what it had replaced."""
    monkeypatch.setattr("sfcrime.store.generations.ROWS_FORGOTTEN_AT_ONCE", 1)
    with _killed_rebuild(tmp_path, store) as again:
        (number,) = again.unseen_generations()
        with again._transactions.one() as connection:
            assert forget_some(connection, number)
        assert (
            pending_generation(again, replace(ANEW, created_ms=9), lambda _: TOPIC).created_ms == 9
        )
        assert again.last_batch_id() is None


def test_whose_topic_it_is_is_decided_once_for_a_topic_id(tmp_path: Path) -> None:
    """Kafka is not asked again: the records that decided it may be gone."""
    foreign = replace(
        GENERATION, lateness_s=None, source_name="", source_title="x", synthetic=False
    )

    made = new_generation(_settings(tmp_path, window_minutes=15), TOPIC, None, foreign)

    assert replace(made, created_ms=0) == replace(
        foreign, created_ms=0, window_minutes=15, start_offsets={0: 0, 1: 10}
    )
    late = new_generation(_settings(tmp_path, lateness_hours=1.5), TOPIC, None, foreign)
    assert late.lateness_s == 5_400
    off = new_generation(_settings(tmp_path, lateness_hours="off"), TOPIC, None, GENERATION)
    assert off.lateness_s is None
