"""A topic that is no longer what was counted: refused before Spark starts, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from cell_samples import cells_of
from running import spark_was_awaited, wait_until
from sfcrime.audit.run_audit import run_audit
from sfcrime.audit.share_count import count_here
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import KafkaUnavailable, SfcrimeError, TopicMadeAgain, TopicRefused
from sfcrime.kafka.consumer import read_range
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.pipeline.rebuilding import RebuildHooks, RebuildPlan, rebuild_topic
from sfcrime.pipeline.stream import StreamHooks, StreamRequest, stream_topic
from sfcrime.settings import KafkaSettings, Settings, StoreSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount, PartitionRange, Totals
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, NINE_US, identities

pytestmark = pytest.mark.kafka


@pytest.fixture
def kafka(topic: Callable[[], KafkaSettings]) -> Iterator[KafkaSettings]:
    """A topic of one partition with ten records."""
    settings = topic()
    ensure_topic(Topic(settings), 1)
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers})
    for _ in range(10):
        producer.produce(settings.topic, b"x")
    assert producer.flush(20) == 0
    yield settings


@pytest.fixture
def settings(kafka: KafkaSettings, tmp_path: Path) -> Settings:
    """The store of a job that has counted the first eight of them."""
    generation = replace(
        GENERATION,
        topic=kafka.topic,
        topic_id=Topic(kafka).state().topic_id,
        start_offsets={0: 0},
        lateness_s=None,
        source_name="",
    )
    with open_writer(tmp_path / STORE_FILE, history_rows=10) as writer:
        writer.create_generation(generation)
        writer.commit_batch(
            BatchOutcome(
                batch_id=0,
                cells=cells_of([CellCount(NINE_US, "Passing Call", "HAN", 8)]),
                rejected=[],
                late=[],
                ranges=[PartitionRange(0, 0, 8, counted=8, late=0, rejected=0)],
                accounting=Accounting(read=8, counted=8),
                identities=identities(0, 8),
                newest_call_us=NINE_US,
            )
        )
    return Settings(kafka=kafka, store=StoreSettings(data_dir=str(tmp_path)))


def _delete_records(kafka: KafkaSettings, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    place = TopicPartition(kafka.topic, 0, before)
    admin.delete_records([place])[place].result(30)
    wait_until(lambda: Topic(kafka).first_offsets() == {0: before}, "the records to be gone")


def _delete_topic(kafka: KafkaSettings) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_topics([kafka.topic])[kafka.topic].result(30)
    wait_until(lambda: not Topic(kafka).exists(), "the topic to be gone")


def _totals(settings: Settings) -> Totals:
    with open_reader(settings.data_dir / STORE_FILE) as reader:
        return reader.totals()


def _refused(settings: Settings, error: type[SfcrimeError]) -> SfcrimeError:
    """What the job says while Spark's JVM starts; it ends that instead of waiting for it."""
    before = _totals(settings)
    hooks = StreamHooks(lambda _: None, lambda url, generation: None, lambda progress: None)
    with pytest.raises(error) as refused:
        stream_topic(StreamRequest(settings, Event(), hooks, until_caught_up=True))
    assert not spark_was_awaited(settings.data_dir)
    assert _totals(settings) == before
    return refused.value


def _rebuild_refused(settings: Settings) -> tuple[TopicRefused, RebuildPlan]:
    before, steps, plans = _totals(settings), list[str](), list[RebuildPlan]()
    hooks = RebuildHooks(steps.append, plans.append, lambda done, due: None)
    with pytest.raises(TopicRefused) as refused:
        rebuild_topic(settings, Event(), hooks, accept_loss=False)
    assert steps == []
    assert _totals(settings) == before
    return refused.value, plans[0]


def test_a_topic_that_was_made_anew_is_refused(settings: Settings) -> None:
    _delete_topic(settings.kafka)
    ensure_topic(Topic(settings.kafka), 1)

    refusal = _refused(settings, TopicMadeAgain)

    assert "another one of the same name" in refusal.happened
    assert refusal.next_step.endswith("sfcrime rebuild --accept-loss")


def test_a_topic_that_is_gone_is_said_to_be_gone(settings: Settings) -> None:
    _delete_topic(settings.kafka)
    assert "does not exist" in _refused(settings, KafkaUnavailable).happened


def test_a_topic_that_ends_before_the_ledger_is_refused(settings: Settings) -> None:
    with open_writer(settings.data_dir / STORE_FILE, history_rows=10) as writer:
        writer.commit_batch(
            BatchOutcome(
                batch_id=1,
                cells=cells_of([CellCount(NINE_US, "Passing Call", "HAN", 4)]),
                rejected=[],
                late=[],
                ranges=[PartitionRange(0, 8, 12, counted=4, late=0, rejected=0)],
                accounting=Accounting(read=4, counted=4),
                identities=identities(8, 12),
                newest_call_us=NINE_US,
            )
        )
    assert Topic(settings.kafka).end_offsets() == {0: 10}

    refusal = _refused(settings, TopicRefused)

    assert "no longer holds offsets 10 to 11 as they were counted" in refusal.happened
    rebuild, plan = _rebuild_refused(settings)
    assert "partition 0: offsets 10 to 11" in rebuild.happened
    assert plan.due == 10


def test_a_topic_whose_end_was_lost_and_written_again_is_refused(settings: Settings) -> None:
    """It is longer than the ledger, but none of its records was counted."""
    refusal = _refused(settings, TopicRefused)

    assert "a record at offset 0 that was not counted, and offsets up to 8 were" in refusal.happened
    assert refusal.next_step.endswith("sfcrime rebuild --accept-loss")


def test_retention_that_ate_unread_records_is_refused(settings: Settings) -> None:
    _delete_records(settings.kafka, 9)

    refusal = _refused(settings, TopicRefused)

    assert "records 8 to 8 were deleted before they were counted" in refusal.happened
    assert "retention.ms=-1" in refusal.next_step
    assert refusal.next_step.endswith("sfcrime rebuild --accept-loss")


def test_where_retention_ate_counted_records_audit_and_rebuild_name_them(
    settings: Settings,
) -> None:
    _delete_records(settings.kafka, 5)

    rebuild, plan = _rebuild_refused(settings)

    assert "no longer holds 5 offsets that were counted" in rebuild.happened
    assert plan.lost == ((0, 0, 5),)
    with (
        open_reader(settings.data_dir / STORE_FILE) as reader,
        pytest.raises(TopicRefused) as audit,
    ):
        count = count_here(partial(read_range, settings.kafka))
        run_audit(reader, Topic(settings.kafka).state(), count)
    assert "no longer holds 5 of the 8 offsets that were counted" in audit.value.happened
    assert "partition 0: offsets 0 to 4" in audit.value.happened


def test_an_empty_topic_is_not_counted_anew(settings: Settings) -> None:
    _delete_records(settings.kafka, 10)
    hooks = RebuildHooks(lambda step: None, lambda plan: None, lambda done, due: None)
    with pytest.raises(TopicRefused, match="holds no record"):
        rebuild_topic(settings, Event(), hooks, accept_loss=True)
    assert _totals(settings).accounting.read == 8


def test_a_rebuild_from_another_topic_would_lose_all_that_was_counted(
    settings: Settings, topic: Callable[[], KafkaSettings]
) -> None:
    other = topic()
    ensure_topic(Topic(other), 1)
    producer = Producer({"bootstrap.servers": other.bootstrap_servers})
    producer.produce(other.topic, b"x")
    assert producer.flush(20) == 0

    rebuild, plan = _rebuild_refused(Settings(kafka=other, store=settings.store))

    assert "no longer holds 8 offsets that were counted" in rebuild.happened
    assert rebuild.next_step.endswith(f"sfcrime rebuild --topic {other.topic} --accept-loss")
    assert plan.lost == ((0, 0, 8),)
