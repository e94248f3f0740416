"""What is gone on with, what is counted anew, and which topics are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import FingerprintChanged, SfcrimeError, TopicRefused
from sfcrime.settings import KafkaSettings, Settings, StoreSettings, StreamSettings
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.checkpoint import Checkpoints, Fingerprint
from sfcrime.streaming.generations import (
    checkpoints_of,
    new_generation,
    pending_generation,
    require_next_records,
    stored_generation,
)
from store_samples import FIRST, GENERATION, SECOND

TOPIC = TopicState(GENERATION.topic_id, firsts={0: 0, 1: 10}, ends={0: 11, 1: 20})
ANEW = replace(GENERATION, query_id="anew", window_minutes=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    """One batch of a generation, with its checkpoint."""
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as writer:
        checkpoints_of(tmp_path).create(GENERATION.query_id, Fingerprint.of(GENERATION))
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        yield writer


def _settings(tmp_path: Path, **stream: object) -> Settings:
    return Settings(
        store=StoreSettings(data_dir=str(tmp_path)),
        stream=StreamSettings(shuffle_partitions=2, **stream),  # type: ignore[arg-type]
    )


def _checkpoint_names(tmp_path: Path) -> list[str]:
    return [each.path.name for each in checkpoints_of(tmp_path).all()]


@pytest.mark.parametrize(
    "topic",
    [
        TOPIC,
        replace(TOPIC, ends={0: 7, 1: 15}),
        replace(TOPIC, firsts={0: 5, 1: 12}),  # counted records were deleted
        replace(TOPIC, firsts={0: 7, 1: 15}),  # all of them
        replace(TOPIC, firsts={**TOPIC.firsts, 2: 0}, ends={**TOPIC.ends, 2: 9}),
    ],
    ids=["more", "nothing more", "retention", "retention of all", "another partition"],
)
def test_a_topic_that_holds_what_comes_next_is_read_on(topic: TopicState) -> None:
    require_next_records(GENERATION, {0: 7, 1: 15}, topic)


@pytest.mark.parametrize(
    "topic, error, said",
    [
        (replace(TOPIC, topic_id="new"), FingerprintChanged, "is now 'new'"),
        (
            replace(TOPIC, ends={0: 6, 1: 15}),
            TopicRefused,
            "Partition 0 of org.sf.police.calls ends at offset 6; records up to 7 were counted.",
        ),
        (
            replace(TOPIC, ends={0: 7}),
            TopicRefused,
            "Partition 1 of org.sf.police.calls ends at offset 0; records up to 15 were counted.",
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
        require_next_records(GENERATION, {0: 7, 1: 15}, topic)
    assert said in refused.value.happened
    assert refused.value.next_step.endswith("sfcrime rebuild --accept-loss")


def test_a_job_clears_what_a_given_up_rebuild_left(tmp_path: Path, store: StoreWriter) -> None:
    checkpoints_of(tmp_path).create("anew", Fingerprint.of(ANEW))
    store.create_generation(ANEW, pending=True)
    store.close()
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as again:
        assert stored_generation(_settings(tmp_path), again) == GENERATION
        assert again.unseen_generations() == []
        assert again.partition_ends() == {0: 7, 1: 15}
    assert _checkpoint_names(tmp_path) == [GENERATION.query_id]


def test_a_refused_job_clears_nothing(tmp_path: Path, store: StoreWriter) -> None:
    checkpoints_of(tmp_path).create("anew", Fingerprint.of(ANEW))
    with pytest.raises(FingerprintChanged, match="window_minutes was 60 and is now 30"):
        stored_generation(_settings(tmp_path, window_minutes=30), store)
    assert _checkpoint_names(tmp_path) == [GENERATION.query_id, "anew"]


def test_numbers_of_other_rules_are_refused_before_kafka_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: StoreWriter
) -> None:
    monkeypatch.setattr("sfcrime.streaming.generations.RULES_VERSION", 99)
    with pytest.raises(FingerprintChanged, match="and is now 99") as refused:
        stored_generation(_settings(tmp_path), store)
    assert refused.value.next_step.endswith("sfcrime rebuild")


def _pending(tmp_path: Path, store: StoreWriter, wanted: Generation, topic: TopicState) -> str:
    return pending_generation(store, checkpoints_of(tmp_path), wanted, topic).query_id


def _killed_rebuild(tmp_path: Path, store: StoreWriter) -> StoreWriter:
    """A rebuild that committed two batches, as the next one finds it."""
    assert _pending(tmp_path, store, ANEW, TOPIC) == "anew"
    store.commit_batch(FIRST)
    store.commit_batch(SECOND)
    commits = checkpoints_of(tmp_path).of("anew").path / "commits"
    commits.mkdir()
    (commits / "0").write_text("v1\n")
    store.close()
    return open_writer(tmp_path / "sfcrime.db", history_rows=100)


def test_a_killed_rebuild_is_gone_on_with(tmp_path: Path, store: StoreWriter) -> None:
    with _killed_rebuild(tmp_path, store) as again:
        wanted = replace(ANEW, query_id="third", created_ms=5, start_offsets={0: 3, 1: 10})
        assert _pending(tmp_path, again, wanted, TOPIC) == "anew"
        assert again.partition_ends() == {0: 11, 1: 15}
    assert _checkpoint_names(tmp_path) == [GENERATION.query_id, "anew"]


@pytest.mark.parametrize(
    "wanted, topic, hurt",
    [
        (replace(ANEW, window_minutes=15), TOPIC, None),
        (replace(ANEW, shuffle_partitions=3), TOPIC, None),
        (replace(ANEW, topic_id="new"), replace(TOPIC, topic_id="new"), None),
        (ANEW, replace(TOPIC, firsts={0: 13, 1: 10}, ends={0: 14, 1: 20}), None),
        (ANEW, TOPIC, lambda checkpoints: checkpoints.keep_only([GENERATION.query_id])),
        (ANEW, TOPIC, lambda checkpoints: (checkpoints.of("anew").path / "commits/7").touch()),
    ],
    ids=["window", "partitions", "another topic", "retention", "no checkpoint", "disagreeing"],
)
def test_a_killed_rebuild_that_cannot_be_gone_on_with_is_begun_anew(
    tmp_path: Path,
    store: StoreWriter,
    wanted: Generation,
    topic: TopicState,
    hurt: Callable[[Checkpoints], None] | None,
) -> None:
    with _killed_rebuild(tmp_path, store) as again:
        if hurt is not None:
            hurt(checkpoints_of(tmp_path))
        assert _pending(tmp_path, again, replace(wanted, query_id="third"), topic) == "third"
        assert again.last_batch() is None
        assert [each.query_id for each in again.unseen_generations()] == ["third"]
    assert _checkpoint_names(tmp_path) == [GENERATION.query_id, "third"]


def test_whose_topic_it_is_is_decided_once_for_a_topic_id(tmp_path: Path) -> None:
    """Kafka is not asked again: the records that decided it may be gone."""
    foreign = replace(
        GENERATION, lateness_s=None, source_name="", source_title="x", synthetic=False
    )
    kafka = KafkaSettings(topic=GENERATION.topic)

    made = new_generation(_settings(tmp_path, window_minutes=15), kafka, TOPIC, foreign)

    assert replace(made, query_id="", created_ms=0) == replace(
        foreign, query_id="", created_ms=0, window_minutes=15, start_offsets={0: 0, 1: 10}
    )
    late = new_generation(_settings(tmp_path, lateness_hours=1.5), kafka, TOPIC, foreign)
    assert late.lateness_s == 5_400
