"""A cluster of three brokers under a running query: one dies, and nobody else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from running import Sfcrime
from secured_cluster import SecuredCluster

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

TOPIC = "calls-of-three-brokers"
SHORT_WAITS = '{"kafka.request.timeout.ms": "8000", "kafka.default.api.timeout.ms": "8000"}'
"""These brokers elect within 4 s."""


def test_a_query_outlives_a_broker_and_counts_what_is_published_without_it(
    three_nodes: SecuredCluster, sfcrime: Sfcrime
) -> None:
    def on(config: str) -> list[str]:
        servers = ("--bootstrap-servers", three_nodes.servers)
        return [*servers, "--kafka-config", config, "--topic", TOPIC]

    def produce(records: int) -> None:
        config = three_nodes.librdkafka_file("publisher")
        ran = sfcrime("produce", "--limit", str(records), "--speed", "max", *on(config))
        assert ran.code == 0, ran.err

    sfcrime = replace(sfcrime, environment={"SFCRIME_STREAM_SOURCE_OPTIONS": SHORT_WAITS})
    counter = on(three_nodes.librdkafka_file("counter"))
    produce(1_000)
    with sfcrime.started("stream", "--no-restart", *counter) as stream:
        stream.wait_for(lambda: sfcrime.read() == 1_000, "the first records to be counted")
        three_nodes.nodes[three_nodes.leader(TOPIC)].kill()
        produce(3_000)
        stream.wait_for(lambda: sfcrime.read() == 3_000, "the others to be counted")
        stream.process.terminate()
        assert stream.wait() == 0, stream.log()
    doctor = sfcrime("doctor", *counter)
    assert "replicas that are behind or down" in doctor.out
    audit = sfcrime("audit", "--json", *counter[:4])
    assert audit.code == 0, audit.out
    assert audit.json["accounting"]["read"] == 3_000
