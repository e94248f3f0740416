"""Partitions, batch sizes and the order of the file must not change a number."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from replay import TO_THE_END, CallFiles, Table

from running import Digest, Sfcrime
from sfcrime.domain.outcomes import Accounting
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings
from today_amid_the_past import assert_all_is_counted

pytestmark = pytest.mark.faults

LIMITED_RECORDS = 20_000
"""With 1,000 records a batch, 200,000 would be 200 batches, of half a second or more each."""


@pytest.fixture(scope="session")
def limited(call_files: CallFiles, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Digest]:
    """How many of the oldest calls, and what an undisturbed run with default settings makes
    of them."""
    number = call_files.oldest_to_a_minute(LIMITED_RECORDS)
    sfcrime = Sfcrime(tmp_path_factory.mktemp("limited") / "data")
    source = str(call_files.by_order["as is"])
    ended = sfcrime("run", "--source", source, *TO_THE_END, "--limit", str(number))
    assert ended.code == 0, ended.out + ended.err
    assert sfcrime("audit").code == 0
    return number, sfcrime.digest()


@pytest.mark.parametrize("order", ["as is", "reversed", "shuffled"])
@pytest.mark.parametrize("partitions", [1, 3])
def test_large_batches_give_the_same_cells(
    call_files: CallFiles,
    undisturbed: Digest,
    sfcrime: Sfcrime,
    table: Table,
    order: str,
    partitions: int,
) -> None:
    digest = _run(sfcrime, call_files, order, partitions, 500_000, 0)
    table.add(partitions, 500_000, order, sfcrime.batches(), digest)
    assert digest == undisturbed


@pytest.mark.parametrize("order", ["as is", "reversed", "shuffled"])
@pytest.mark.parametrize("partitions", [1, 3])
def test_small_batches_give_the_same_cells(
    call_files: CallFiles,
    limited: tuple[int, Digest],
    sfcrime: Sfcrime,
    table: Table,
    order: str,
    partitions: int,
) -> None:
    number, expected = limited
    digest = _run(sfcrime, call_files, order, partitions, 1_000, number)
    table.add(partitions, 1_000, order, sfcrime.batches(), digest)
    assert sfcrime.batches() >= number // 1_000
    assert digest == expected


def _run(
    sfcrime: Sfcrime,
    call_files: CallFiles,
    order: str,
    partitions: int,
    per_batch: int,
    limit: int,
) -> Digest:
    ended = sfcrime(
        *("run", "--source", str(call_files.by_order[order]), *TO_THE_END),
        *("--partitions", str(partitions), "--max-records-per-batch", str(per_batch)),
        *("--limit", str(limit)),
        timeout_s=550,
    )
    assert ended.code == 0, ended.out + ended.err
    assert sfcrime("audit", timeout_s=550).code == 0
    return sfcrime.digest()


def test_a_plain_producer_newest_first_without_keys_loses_nothing(
    call_files: CallFiles,
    undisturbed: Digest,
    sfcrime: Sfcrime,
    table: Table,
    topic: Callable[[], KafkaSettings],
) -> None:
    kafka = msgspec.structs.replace(topic(), partitions=3)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(kafka.topic, 3)])[kafka.topic].result(30)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for call in call_files.calls:
        while True:
            try:
                producer.produce(kafka.topic, json.dumps(call).encode())
                break
            except BufferError:
                producer.poll(0.2)
    assert producer.flush(60) == 0
    place = ["--bootstrap-servers", kafka.bootstrap_servers]

    began = time.monotonic()
    ended = sfcrime("stream", *place, "--topic", kafka.topic, "--until-caught-up", timeout_s=550)
    took_s = time.monotonic() - began

    assert ended.code == 0, ended.out + ended.err
    table.add("foreign", "default", "newest first", f"{took_s:.0f} s", sfcrime.digest())
    assert sfcrime.digest() == undisturbed
    if call_files.is_real:
        assert sfcrime.accounting() == Accounting(read=199_999, counted=199_995, duplicate=4)
    assert sfcrime("audit", *place, timeout_s=550).code == 0


def test_a_record_of_today_behind_each_of_a_thousand_hours_is_in_nobodys_way(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    assert_all_is_counted(sfcrime, kafka, hours=1_000)
