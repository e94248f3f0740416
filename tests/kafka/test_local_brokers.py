"""What brokers of one cluster are told before they start."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import KafkaUnavailable, UsageError
from sfcrime.kafka.broker_files import BrokerPorts, format_storage, write_configuration
from sfcrime.kafka.local_brokers import LocalBrokers, prepare_brokers
from sfcrime.machine.node import Node
from sfcrime.settings import JvmSettings

PORTS = [BrokerPorts(9001, 9101), BrokerPorts(9002, 9102), BrokerPorts(9003, 9103)]


def _told(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_three_brokers_keep_three_copies_of_which_one_may_be_away(tmp_path: Path) -> None:
    told = _told(write_configuration(tmp_path, PORTS, 2))

    assert told["node.id"] == "2"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"
    assert told["listeners"] == "PLAINTEXT://127.0.0.1:9002,CONTROLLER://127.0.0.1:9102"
    assert told["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9002"
    copies = [name for name in told if name.endswith("replication.factor")]
    needed = [name for name in told if name.endswith(("min.isr", "min.insync.replicas"))]
    assert (len(copies), len(needed)) == (4, 3)
    assert {told[name] for name in copies} == {"3"}
    assert {told[name] for name in needed} == {"2"}
    assert told["controlled.shutdown.enable"] == "false"


def test_the_embedded_broker_is_alone_and_keeps_one_copy(tmp_path: Path) -> None:
    told = _told(write_configuration(tmp_path, PORTS[:1]))

    assert told["node.id"] == "1"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:9101"
    assert told["default.replication.factor"] == "1"
    assert told["transaction.state.log.min.isr"] == "1"
    assert told["controlled.shutdown.enable"] == "true"


def test_storages_of_one_cluster_differ_in_who_they_are_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"features")
    said = []
    for number in (1, 3):
        folder = tmp_path / f"broker-{number}"
        format_storage(["/no/java/is/needed"], folder, kept, "TheClusterOfAllThree", number)
        said.append(_told(folder / "log" / "meta.properties"))

    first, third = said
    assert [each["cluster.id"] for each in said] == ["TheClusterOfAllThree"] * 2
    assert (first["node.id"], third["node.id"]) == ("1", "3")
    assert first["directory.id"] != third["directory.id"]


def test_another_number_of_brokers_than_the_folder_has_is_refused(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"broker-{number}").mkdir()

    with pytest.raises(UsageError, match=r"has 3 brokers, not 5.*\n.*\n.*--brokers 3"):
        prepare_brokers(tmp_path, JvmSettings(), 5)


def test_a_broker_that_ends_while_it_starts_is_named_with_its_last_words(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo the port is in use; exit 1"]
    node = Node("broker 2", command, tmp_path / "broker.out", tmp_path / "broker.log")
    node.start()
    assert node.child is not None
    node.child.wait(30)

    with pytest.raises(KafkaUnavailable, match=r"broker 2 ended while it started.*\n.*in use"):
        LocalBrokers([node], "127.0.0.1:1").await_all()
