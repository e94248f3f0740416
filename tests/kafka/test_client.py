"""Clients: what they are made from, and what becomes of their errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from sfcrime.errors import KafkaUnavailable, UsageError
from sfcrime.kafka.client import client_properties, kafka_error
from sfcrime.kafka.consumer import read_range
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.machine.ports import free_port
from sfcrime.settings import KafkaSettings


def test_a_properties_file_adds_to_the_clients_and_cannot_change_what_we_rely_on(
    tmp_path: Path,
) -> None:
    file = tmp_path / "client.properties"
    file.write_text(
        "# a comment\n\nsecurity.protocol=SSL\nclient.id = me \n"
        "acks=0\nisolation.level=read_uncommitted\nkey.serializer=org.example.X\n"
        "bootstrap.servers=elsewhere:9092\n"
    )

    properties = client_properties(
        KafkaSettings(bootstrap_servers="one:9092", config_file=str(file))
    )

    assert properties == {
        "client.id": "me",
        "reconnect.backoff.max.ms": 1000,
        "security.protocol": "SSL",
        "bootstrap.servers": "one:9092",
    }


def test_without_a_broker_the_error_names_the_ways_to_one() -> None:
    with pytest.raises(KafkaUnavailable) as caught:
        client_properties(KafkaSettings())

    assert "sfcrime broker" in caught.value.next_step
    assert "--bootstrap-servers" in caught.value.next_step


def test_a_broker_that_does_not_answer_is_an_error_that_names_it() -> None:
    nobody = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")

    with pytest.raises(KafkaUnavailable, match=nobody.bootstrap_servers):
        ensure_topic(Topic(nobody, 1.0), 1)


def test_an_unfit_client_property_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("no.such.property=1\n")
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1", config_file=str(file))

    with pytest.raises(UsageError, match=r"no\.such\.property"):
        list(read_range(kafka, {0: 0}, {0: 1}))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "The topic does not exist"),
        (KafkaError._TRANSPORT, "Kafka failed while reading"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "does not allow this user"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "docs/kafka.md"),
    ],
)
def test_every_kafka_error_becomes_one_of_ours(code: int, words: str) -> None:
    error = kafka_error(KafkaError(code), "reading")

    assert isinstance(error, KafkaUnavailable)
    assert words in str(error)
