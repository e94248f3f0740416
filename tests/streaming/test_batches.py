"""A batch that was read is counted, proved and committed, or leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import cast

import pytest
from batch_samples import call, read_batch, rejected

from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import (
    AccountingBroken,
    KafkaUnavailable,
    Refused,
    SfcrimeError,
    StoreUnavailable,
    TopicMadeAgain,
    TopicRefused,
)
from sfcrime.kafka import topic as kafka_topic
from sfcrime.kafka.topic import TopicHead
from sfcrime.settings import KafkaSettings
from sfcrime.store import upserts
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming import batches
from sfcrime.streaming import read_batch as read_batch_module
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.held_records import require_as_long
from sfcrime.streaming.other_client import JudgedPackets
from sfcrime.streaming.read_batch import Planned, ReadBatch
from store_samples import GENERATION


@dataclass
class Topic:
    """A topic that is asked for again and again."""

    topic_id: str = GENERATION.topic_id
    firsts: Mapping[int, int] = field(default_factory=dict)
    fails: bool = False
    is_compacted: bool = False
    epoch: int | None = None
    """Of every partition's leader."""
    ends: Mapping[int, int] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    kafka: KafkaSettings = field(default_factory=lambda: KafkaSettings(topic=GENERATION.topic))

    def state(self, _: object) -> TopicState:
        epochs = {} if self.epoch is None else dict.fromkeys(self.ends, self.epoch)
        return TopicState(self.topic_id, dict.fromkeys(self.ends, 0), self.ends, epochs)

    def require_lasting_offsets(self) -> None:
        if self.is_compacted:
            raise TopicRefused("The topic has cleanup.policy=compact.")

    def ask_head(self, partitions: Collection[int]) -> Callable[[], TopicHead]:
        def answer() -> TopicHead:
            if self.fails:
                raise KafkaUnavailable("no broker")
            firsts = {each: self.firsts.get(each, 0) for each in partitions}
            epochs = {} if self.epoch is None else dict.fromkeys(partitions, self.epoch)
            return TopicHead(self.topic_id, firsts, epochs)

        return answer


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    with open_writer(tmp_path / "sfcrime.db", history_rows=10) as writer:
        writer.create_generation(GENERATION)
        yield writer


def _storer(store: StoreWriter, topic: Topic | None = None) -> BatchStorer:
    return BatchStorer(store, GENERATION, cast("kafka_topic.Topic", topic or Topic()))


FIRST = read_batch([call(0, 0, 1), call(0, 1, 2), call(1, 10, 2), rejected(1, 11)])
"""Four records: two calls, a repeat in the other partition, one that is no call."""
SECOND = replace(read_batch([call(0, 2, 1), call(0, 3, 3)]), spark_batch_id=1)
"""Two more of partition 0: a repeat from the batch before, and a call."""


def _accounting(store: StoreWriter) -> Accounting:
    totals = store.totals()
    assert totals is not None
    return totals.accounting


def test_batches_follow_each_other_and_repeats_are_known_across_them(store: StoreWriter) -> None:
    storer = _storer(store)
    storer.store(FIRST)
    assert _accounting(store) == Accounting(read=4, counted=2, duplicate=1, rejected=1)
    storer.store(SECOND)
    assert _accounting(store) == Accounting(read=6, counted=3, duplicate=2, rejected=1)
    assert storer.ends == store.partition_ends() == {0: 4, 1: 12}
    assert [each.batch_id for each in storer.stored()] == [0, 1]


def test_a_start_goes_on_with_the_ledgers_numbers(store: StoreWriter) -> None:
    _storer(store).store(FIRST)
    again = _storer(store)
    again.store(replace(SECOND, spark_batch_id=0))
    assert [(each.spark_batch_id, each.batch_id) for each in again.stored()] == [(0, 1)]


def test_the_first_copy_by_partition_and_offset_counts(store: StoreWriter) -> None:
    rows = [call(1, 10, 7, label="Late one\x1fX"), call(0, 0, 7, label="First\x1fX")]
    _storer(store).store(read_batch(rows))
    assert [(each.partition, each.counted) for each in store.partition_ledger()] == [(0, 1), (1, 0)]


def test_offsets_without_a_record_are_counted_as_gaps(store: StoreWriter) -> None:
    storer = _storer(store)
    storer.store(read_batch([call(0, 1, 1)], {0: (0, 4), 1: (10, 10)}))
    storer.store(read_batch([], {0: (4, 6), 1: (10, 10)}))
    assert _accounting(store) == Accounting(read=1, counted=1, gaps=5)


def test_a_gap_that_compaction_may_have_left_is_not_counted(store: StoreWriter) -> None:
    """Whoever switches compaction on under a running job takes records away one by one."""
    storer = _storer(store, Topic(is_compacted=True))
    storer.store(FIRST)
    with pytest.raises(TopicRefused, match=r"cleanup\.policy=compact"):
        storer.store(read_batch([call(0, 3, 3)], {0: (2, 4), 1: (12, 12)}))
    assert _accounting(store).read == 4


def test_a_partition_that_was_added_begins_at_0(store: StoreWriter) -> None:
    _storer(store).store(read_batch([call(2, 0, 5)]))
    assert store.partition_ends() == {0: 0, 1: 10, 2: 1}


@pytest.mark.parametrize(
    "batch, said",
    [
        (FIRST, "expects|starts at offset 0, the ledger ends at 2"),
        (read_batch([call(0, 3, 9)]), "partition 0 starts at offset 3, the ledger ends at 2"),
        (read_batch([call(2, 1, 9)]), "partition 2 starts at offset 1, the ledger ends at 0"),
        (replace(SECOND, scan=replace(SECOND.scan, records=3)), "3 records were scanned, 2 arr"),
        (
            replace(SECOND, packets=[*SECOND.packets, *SECOND.packets]),
            "packet 0 of partition 0 arrived twice",
        ),
    ],
    ids=["stored twice", "a range skipped", "of a new one", "lost", "doubled"],
)
def test_what_does_not_continue_the_ledger_is_refused_and_leaves_nothing(
    store: StoreWriter, batch: ReadBatch, said: str
) -> None:
    storer = _storer(store)
    storer.store(FIRST)
    before = _accounting(store)
    with pytest.raises(AccountingBroken, match=said):
        storer.store(batch)
    assert (_accounting(store), storer.ends) == (before, {0: 2, 1: 12})
    storer.store(SECOND)
    assert _accounting(store).counted == 3


def test_batches_that_come_out_of_order_are_refused(store: StoreWriter) -> None:
    with pytest.raises(AccountingBroken, match="starts at offset 2, the ledger ends at 0"):
        _storer(store).store(SECOND)


@pytest.mark.parametrize(
    "topic, error, said",
    [
        (Topic(topic_id="another"), TopicMadeAgain, "is now 'another'"),
        (
            Topic(firsts={0: 1}),
            TopicRefused,
            "records 0 to 0 were deleted before they were counted",
        ),
        (Topic(fails=True), KafkaUnavailable, "no broker"),
    ],
    ids=["made again", "retention", "no broker"],
)
def test_a_topic_that_changed_while_it_was_read_is_not_committed(
    store: StoreWriter, topic: Topic, error: type[SfcrimeError], said: str
) -> None:
    """Its offsets fit the ledger: deleted records would pass as gaps, those of another topic as
    records."""
    with pytest.raises(error, match=said):
        _storer(store, topic).store(read_batch([call(0, 1, 1)], {0: (0, 2)}))
    assert _accounting(store) == Accounting()


def test_a_partition_of_which_nothing_was_read_may_have_lost_its_beginning(
    store: StoreWriter,
) -> None:
    _storer(store, Topic(firsts={1: 99})).store(
        read_batch([call(0, 0, 1)], {0: (0, 1), 1: (10, 10)})
    )
    assert _accounting(store).counted == 1


def test_a_failed_commit_forgets_what_it_learned(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    storer = _storer(store)
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise StoreUnavailable("database or disk is full")

        patched.setattr(upserts, "merge_cells", full)
        with pytest.raises(StoreUnavailable):
            storer.store(FIRST)
    storer.store(FIRST)
    assert _accounting(store) == Accounting(read=4, counted=2, duplicate=1, rejected=1)


def test_a_job_whose_store_was_opened_by_another_writes_nothing_more(
    store: StoreWriter, tmp_path: Path
) -> None:
    storer = _storer(store)
    storer.store(FIRST)
    with open_writer(tmp_path / "sfcrime.db", history_rows=10) as other:
        with pytest.raises(Refused, match="Another job has opened the store"):
            storer.store(SECOND)
        assert _accounting(other).read == 4


def test_a_job_whose_store_was_replaced_under_way_writes_nothing_more(
    store: StoreWriter, tmp_path: Path
) -> None:
    storer = _storer(store)
    storer.store(FIRST)
    (tmp_path / "copy.db").write_bytes((tmp_path / "sfcrime.db").read_bytes())
    (tmp_path / "copy.db").replace(tmp_path / "sfcrime.db")
    with pytest.raises(StoreUnavailable, match="was deleted or replaced under the job"):
        storer.store(SECOND)


def _elected(store: StoreWriter, topic: Topic) -> BatchStorer:
    """Begun under leaders of epoch 0."""
    return BatchStorer(store, GENERATION, cast("kafka_topic.Topic", topic), {0: 0, 1: 0})


def test_a_batch_during_which_a_leader_was_elected_is_read_again_which_is_a_phase(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Topic(epoch=1, ends={0: 2, 1: 12})
    asked: list[object] = []

    def read_packets(*given: object) -> JudgedPackets:
        asked.append(given)
        return JudgedPackets(FIRST.packets, 4, 400)

    monkeypatch.setattr(batches, "read_packets", read_packets)
    storer = _elected(store, topic)
    gone = [call(0, 0, 7), call(0, 1, 8), call(1, 10, 9), call(1, 11, 10)]

    storer.store(read_batch(gone))

    assert asked == [(topic.kafka, FIRST.planned, GENERATION.lateness_us, topic.stop)]
    assert _accounting(store) == Accounting(read=4, counted=2, duplicate=1, rejected=1)
    (stored,) = storer.stored()
    assert list(stored.phases_ms) == [
        *("arrival", "repeats", "counting", "topicCheck"),
        *("readAgain", "storing"),
    ]


def test_a_batch_whose_records_are_gone_is_not_waited_for(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "read_packets", None)
    storer = _elected(store, Topic(epoch=1, ends={0: 2, 1: 11}))

    with pytest.raises(
        KafkaUnavailable, match=r"Partition 1 of .* ends at offset 11, .* offsets 10 to 11 under"
    ):
        storer.store(FIRST)

    assert _accounting(store) == Accounting()


def test_a_partition_of_which_nothing_was_read_may_be_shorter() -> None:
    require_as_long("calls", {0: Planned(0, 2), 1: Planned(10, 10)}, {0: 2, 1: 5})


class _Clock:
    """In the place of `time`; moves only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_the_parts_of_a_batch_are_timed(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr(read_batch_module, "time", clock)
    known = store.first_copies

    def slow(keys: object) -> object:
        clock.now += 0.5
        return known(keys)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "first_copies", slow)
    storer = _storer(store)
    storer.store(FIRST)
    (stored,) = storer.stored()
    assert tuple(stored.phases_ms) == read_batch_module.STORING_PHASES
    assert dict(stored.phases_ms) == {
        "arrival": 0,
        "repeats": 500,
        "counting": 0,
        "topicCheck": 0,
        "storing": 0,
    }


def test_what_a_large_batch_took_is_given_back_behind_a_small_one(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr("sfcrime.machine.freed_memory.LARGE_WORK", 4)
    monkeypatch.setattr(batches, "trim_heap", lambda: given.append("back"))
    storer = _storer(store)
    storer.store(FIRST)
    assert given == []
    storer.store(SECOND)
    assert given == ["back"]
