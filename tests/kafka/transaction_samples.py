"""Transactions of foreign producers."""

from __future__ import annotations

from confluent_kafka import Producer

from running import wait_until
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings


def send_in_transaction(kafka: KafkaSettings, values: list[bytes], *, commit: bool) -> None:
    """Sends values to partition 0 in one transaction, and commits or aborts it; the topic has no
    other. Its marker is written after the answer, so it is waited for."""
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": f"t-{kafka.topic}"}
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    for value in values:
        producer.produce(kafka.topic, value, partition=0)
    producer.flush(20)
    topic = Topic(kafka)
    marker = topic.end_offsets(committed=False)[0]
    if commit:
        producer.commit_transaction(20)
    else:
        producer.abort_transaction(20)
    wait_until(lambda: topic.end_offsets()[0] > marker, "the marker of the transaction")
