"""What is counted stands in the topic, whichever broker comes to lead it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from batch_samples import call as judged_call
from batch_samples import read_batch
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from running import settings_in, wait_until
from secured_cluster import SecuredCluster
from sfcrime.audit.run_audit import audit_store
from sfcrime.errors import TopicRefused
from sfcrime.kafka.topic import Topic
from sfcrime.pipeline.topic_wait import TopicWait
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.generation_choice import begin_generation
from sfcrime.streaming.intake import ReadPlan
from sfcrime.streaming.other_client import read_packets
from sfcrime.streaming.read_batch import PhaseClock, ReadBatch, Scan
from sfcrime.streaming.without_spark import count_without_spark, planned_ranges

pytestmark = pytest.mark.kafka


def _call(number: int) -> bytes:
    return json.dumps(
        {
            "crime_id": str(number),
            "original_crime_type_name": "Passing Call",
            "call_date_time": "2018-10-02T09:00:00.000",
            "disposition": "HAN",
        }
    ).encode()


class Count:
    """A count of a topic of one partition, batch after batch, as a job makes it but without Spark.

    Args:
        cluster: of three nodes.
        folder: for the store.
        replicas: the nodes that have a copy.
        config: of the topic.
    """

    def __init__(
        self, cluster: SecuredCluster, folder: Path, replicas: list[int], config: dict[str, str]
    ) -> None:
        self.cluster = cluster
        self.name = f"calls-{uuid.uuid4().hex[:12]}"
        inside = {"bootstrap.servers": cluster.inside.bootstrap_servers}
        made = NewTopic(self.name, 1, replica_assignment=[replicas], config=config)
        admin = AdminClient(inside)
        admin.create_topics([made])[self.name].result(30)
        self._producer = {**inside, "acks": "all", "linger.ms": 0}
        kafka = cluster.settings(cluster.librdkafka_file("counter"), self.name)
        self.settings: Settings = settings_in(folder, kafka)
        self.topic = Topic(kafka, 60.0)

    @property
    def kafka(self) -> KafkaSettings:
        return self.settings.kafka

    def send(self, *numbers: int) -> None:
        producer = Producer(self._producer)
        for number in numbers:
            producer.produce(self.name, _call(number), partition=0)
        assert producer.flush(60) == 0

    def begin(self, store: StoreWriter) -> BatchStorer:
        seen = self.topic.state()
        generation = begin_generation(self.settings, store, seen, None)
        return BatchStorer(store, generation, self.topic, seen.epochs)

    def count(self, storer: BatchStorer) -> None:
        plan = ReadPlan({}, self.name, {0: 0}, max_records_per_batch=1_000)
        assert count_without_spark(storer, self.topic, plan) is not None

    def read(self, storer: BatchStorer) -> ReadBatch:
        """What comes next, read and not yet stored."""
        planned = planned_ranges(storer.ends, self.topic.end_offsets(), 1_000)
        found = read_packets(self.kafka, planned, None, Event())
        scan = Scan(planned, found.scanned, is_exact=True)
        return ReadBatch(0, found.packets, scan, PhaseClock())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    with open_writer(tmp_path / STORE_FILE, history_rows=10) as writer:
        yield writer


def test_what_an_unclean_election_lost_is_named_though_it_was_written_on(
    three_nodes: SecuredCluster, tmp_path: Path, store: StoreWriter
) -> None:
    config = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}
    count = Count(three_nodes, tmp_path, [1, 2], config)
    count.send(*range(10))
    storer = count.begin(store)
    count.count(storer)
    wait_until(lambda: three_nodes.in_step(count.name) == [1, 2], "both copies in step")
    three_nodes.nodes[2].kill()
    wait_until(lambda: three_nodes.in_step(count.name) == [1], "node 2 to be out of step")
    count.send(*range(10, 30))
    count.count(storer)
    count.send(30, 31, 32)
    in_hand = count.read(storer)
    three_nodes.nodes[1].kill()
    three_nodes.nodes[2].start()
    wait_until(lambda: three_nodes.leader(count.name) == 2, "node 2 to lead")
    lost = "Partition 0 of .* no longer holds offsets 10 to 29 as they were counted"
    with pytest.raises(TopicRefused, match=lost):
        TopicWait(count.settings, store).look()
    # The same calls at other offsets: each of them is known, and the topic is as long as it was.
    count.send(*reversed(range(10, 30)), 40, 41, 42, 43)
    before = store.totals()

    with pytest.raises(TopicRefused, match=lost):
        storer.store(in_hand)
    with pytest.raises(TopicRefused, match=lost):
        TopicWait(count.settings, store).look()
    with pytest.raises(
        TopicRefused, match=r"no longer holds 20 of the 30 offsets .*offsets 10 to 29"
    ):
        audit_store(count.settings, lambda *_: None)
    assert store.totals() == before


def test_batches_that_were_begun_before_an_election_are_read_again(
    three_nodes: SecuredCluster, tmp_path: Path, store: StoreWriter
) -> None:
    count = Count(three_nodes, tmp_path, [1, 2, 3], {})
    count.send(*range(10))
    storer = count.begin(store)
    count.count(storer)
    count.send(*range(10, 14))
    # What a leader held that nobody has any more; the second is read while the first is stored.
    lost = [judged_call(0, offset, offset, label="Lost Call\x1fHAN") for offset in range(10, 14)]
    first, second, third = read_batch(lost[:2]), read_batch(lost[2:3]), read_batch(lost[3:])
    three_nodes.nodes[three_nodes.leader(count.name)].kill()

    storer.store(first)
    storer.store(second)

    (ledger,) = store.partition_ledger()
    assert (ledger.end, ledger.counted) == (13, 13)
    assert ledger.leader_epoch > 0
    assert _calls(tmp_path) == {"Passing Call": 13}

    # Spark may have fetched it with the first, however much later the batch is begun.
    storer.store(third)
    assert _calls(tmp_path) == {"Passing Call": 14}
    assert storer.needs_new_query

    anew = BatchStorer(
        store, storer.generation, count.topic, count.topic.state(storer.counted).epochs
    )
    count.send(14)
    anew.store(read_batch([judged_call(0, 14, 14)]))
    assert not anew.needs_new_query
    assert _calls(tmp_path) == {"Passing Call": 15}


def _calls(folder: Path) -> dict[str, int]:
    with open_reader(folder / STORE_FILE) as reader:
        return {each.call_type: each.calls for each in reader.cells()}
