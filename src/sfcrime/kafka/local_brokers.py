"""Several brokers on this machine, for a cluster to be tried: on loopback, without a login.

Each is broker and controller (KRaft) and keeps its copies in a folder of its own, `broker-N`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException

from sfcrime.errors import KafkaUnavailable, UsageError
from sfcrime.jvm.jars import startup_cache
from sfcrime.jvm.java import StartupCache
from sfcrime.kafka.broker_files import (
    BROKER_LOG,
    BROKER_OUTPUT,
    BrokerPorts,
    format_storage,
    java_command,
    new_id,
    stored_cluster_id,
    write_configuration,
)
from sfcrime.kafka.client import open_admin
from sfcrime.machine.node import Node
from sfcrime.machine.ports import LOOPBACK, free_port
from sfcrime.settings import JvmSettings, KafkaSettings

BROKER_HEAP = "192m"
START_TIMEOUT_S = 120.0
"""Three take 5 to 10 s on 2 cores. After a power cut, each checks its files first."""
_ANSWER_S = 0.5


@dataclass(frozen=True, slots=True)
class LocalBrokers:
    """Brokers of one cluster; made by `prepare_brokers`, running or not."""

    nodes: Sequence[Node]
    bootstrap_servers: str

    def await_all(self) -> None:
        """Returns once every broker takes part in the cluster.

        Raises:
            KafkaUnavailable: one ended, or they took too long; with its last words.
        """
        admin = open_admin(
            KafkaSettings(bootstrap_servers=self.bootstrap_servers), on_error=lambda _: None
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            for node in self.nodes:
                if not node.is_running():
                    raise _not_up(node, "ended while it started")
            try:
                found = admin.list_topics(timeout=_ANSWER_S).brokers
            except KafkaException:
                found = {}
            if len(found) == len(self.nodes):
                return
            if time.monotonic() > deadline:
                away = [each for n, each in enumerate(self.nodes, start=1) if n not in found]
                raise _not_up(away[0], f"was not there within {START_TIMEOUT_S:.0f} s")
            time.sleep(0.05)


def prepare_brokers(folder: Path, jvm: JvmSettings, count: int) -> LocalBrokers:
    """Makes the brokers' storage where it is not there, and chooses free ports; starts nothing.

    Args:
        folder: an existing one, which nobody else uses.
        jvm: their Java and jars.
        count: how many.

    Raises:
        UsageError: the folder has another number of brokers.
        KafkaUnavailable: the storage cannot be made.
        JavaUnavailable, JarsUnavailable: what they need is missing.
    """
    _require_count(folder, count)
    startup = startup_cache("kafka", jvm)
    folders = [folder / f"broker-{number}" for number in range(1, count + 1)]
    for each in folders:
        each.mkdir(mode=0o700, exist_ok=True)
    known = [found for each in folders if (found := stored_cluster_id(each))]
    cluster_id = known[0] if known else new_id()
    ports = [BrokerPorts(free_port(), free_port()) for _ in folders]
    nodes = []
    for number, each in enumerate(folders, start=1):
        command = java_command(startup, BROKER_HEAP, each)
        if stored_cluster_id(each) is None:
            format_storage(command, each, startup.features, cluster_id, number)
        nodes.append(_node(number, each, ports, _quick(command, startup)))
    return LocalBrokers(nodes, ",".join(f"{LOOPBACK}:{each.clients}" for each in ports))


def _node(number: int, folder: Path, ports: Sequence[BrokerPorts], command: list[str]) -> Node:
    properties = write_configuration(folder, ports, number)
    return Node(
        f"broker {number}",
        [*command, "kafka.Kafka", str(properties)],
        folder / BROKER_OUTPUT,
        folder / BROKER_LOG,
    )


def _quick(command: list[str], startup: StartupCache) -> list[str]:
    """With the start-up cache where there is one; three brokers are no training of it."""
    options = startup.options if startup.mode == "use" else []
    return [command[0], *options, *command[1:]]


def _require_count(folder: Path, count: int) -> None:
    """Each broker votes, and keeps copies: none can be added or left out by a flag."""
    there = len(list(folder.glob("broker-*")))
    if there not in (0, count):
        raise UsageError(
            f"The cluster in {folder} has {there} brokers, not {count}.",
            rule="How many there are is decided by the first start: each keeps copies.",
            next_step=f"--brokers {there}, or another --data-dir",
        )


def _not_up(node: Node, failure: str) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"The {node.name} {failure}. Its last words:\n{node.last_words()}",
        next_step=f"see {node.log}; where a port was taken, run it again: others are chosen",
    )
