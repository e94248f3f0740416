"""The embedded broker's life: start, stop, ports, locks, what is left behind by the killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from record_samples import all_records, published

from other_program import STAYS
from running import settings_in, wait_until
from sfcrime.errors import AlreadyRunning, KafkaUnavailable, PortTaken
from sfcrime.jvm.jars import startup_cache
from sfcrime.kafka.broker import RunningBroker, open_kafka, start_broker
from sfcrime.kafka.broker_files import (
    format_storage,
    java_command,
    keep_features,
    stored_cluster_id,
)
from sfcrime.kafka.broker_record import (
    BrokerRecord,
    ProcessIdentity,
    broker_folder,
    identity_of,
    is_alive,
    noted_identity,
    read_record,
    running_bootstrap_servers,
    write_record,
)
from sfcrime.kafka.broker_start import Launch
from sfcrime.machine.child import Child, start_child
from sfcrime.pipeline.training_process import startup_caches
from sfcrime.settings import JvmSettings, KafkaSettings

pytestmark = pytest.mark.kafka

GONE = ProcessIdentity(2**22 + 1, "a process that is no more")
BROKER_COMMAND = [sys.executable, "-m", "sfcrime", "broker", "--port", "0", "--data-dir"]


def start_command(data_dir: Path, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """`sfcrime broker` in a process of its own, and where it listens."""
    process = subprocess.Popen(
        [*BROKER_COMMAND, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ) | environment,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("bootstrap servers: "), line
    return process, line.removeprefix("bootstrap servers: ").strip()


def test_records_and_cluster_survive_a_stop_and_a_start(tmp_path: Path, jvm: JvmSettings) -> None:
    with open_kafka(settings_in(tmp_path, KafkaSettings(port=0))) as opened:
        published(opened.kafka, 100)
        cluster = stored_cluster_id(broker_folder(tmp_path))
        assert running_bootstrap_servers(tmp_path) == opened.kafka.bootstrap_servers

    assert running_bootstrap_servers(tmp_path) is None
    steps: list[str] = []
    with open_kafka(settings_in(tmp_path, KafkaSettings(port=0)), steps.append) as opened:
        assert len(all_records(opened.kafka)) == 100
    assert stored_cluster_id(broker_folder(tmp_path)) == cluster
    assert steps == ["checking jars", "starting the broker"]


def test_a_storage_made_from_what_is_kept_is_the_one_that_kafkas_tool_makes(
    tmp_path: Path, jvm: JvmSettings
) -> None:
    command = java_command(startup_cache("kafka", jvm), "256m", tmp_path)
    by_tool, by_copy, kept = tmp_path / "tool", tmp_path / "copy", tmp_path / "kept"
    by_tool.mkdir()
    format_storage(command, by_tool, kept)
    keep_features(by_tool, kept)
    format_storage(["/no/java/is/needed"], by_copy, kept)

    names = {"meta.properties", "bootstrap.checkpoint"}
    storages = [{file.name: file for file in (f / "log").iterdir()} for f in (by_tool, by_copy)]
    assert [set(files) for files in storages] == [names, names]
    of_tool, of_copy = (
        dict(
            line.split("=", 1)
            for line in files["meta.properties"].read_text().splitlines()
            if not line.startswith("#")
        )
        for files in storages
    )
    assert of_tool.keys() == of_copy.keys()
    assert {name for name in of_tool if of_tool[name] != of_copy[name]} == {
        "cluster.id",
        "directory.id",
    }
    assert len(of_copy["cluster.id"]) == len(of_tool["cluster.id"]) == 22


def test_a_broker_starts_on_a_storage_made_from_what_is_kept(
    tmp_path: Path, jvm: JvmSettings
) -> None:
    kept = startup_caches(jvm)[0].features
    assert kept.is_file(), "sfcrime setup --train keeps it"
    with open_kafka(settings_in(tmp_path, KafkaSettings(port=0))) as opened:
        published(opened.kafka, 10)
        assert len(all_records(opened.kafka)) == 10
    used = broker_folder(tmp_path) / "log" / "bootstrap.checkpoint"
    assert used.read_bytes() == kept.read_bytes()


def test_the_broker_listens_on_loopback_alone_and_stops_within_ten_seconds(
    tmp_path: Path, jvm: JvmSettings
) -> None:
    broker = start_broker(settings_in(tmp_path, KafkaSettings(port=0)))
    identity = identity_of(broker.pid)
    assert identity is not None
    assert broker.is_running()
    assert broker.bootstrap_servers.startswith("127.0.0.1:")
    if sys.platform == "linux":
        assert listening_addresses(broker.pid) == {"127.0.0.1"}

    began = time.monotonic()
    broker.stop()
    broker.stop()  # a second time does nothing

    assert time.monotonic() - began < 10
    assert not broker.is_running()
    assert not is_alive(identity)


def listening_addresses(pid: int) -> set[str]:
    """Addresses of the process's listening TCP sockets, IPv4 and IPv6, from /proc."""
    descriptors = Path(f"/proc/{pid}/fd")
    inodes = set()
    for descriptor in descriptors.iterdir():
        target = str(descriptor.readlink()) if descriptor.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address = bytes.fromhex(fields[1].split(":")[0])
                # /proc gives each 32-bit word in the machine's (little-endian) order; an IPv4
                # address that an IPv6 socket is bound to is in its last word
                found.add(socket.inet_ntoa(address[-4:][::-1]))
    return found


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path, jvm: JvmSettings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}") as caught:
            start_broker(settings_in(tmp_path, KafkaSettings(port=port)))

    assert "--port 0" in caught.value.next_step


def test_a_second_broker_of_the_same_folder_is_refused_and_a_reader_uses_the_first(
    tmp_path: Path, jvm: JvmSettings
) -> None:
    process, servers = start_command(tmp_path)
    try:
        with pytest.raises(AlreadyRunning, match=servers):
            start_broker(settings_in(tmp_path, KafkaSettings(port=0)))
        with open_kafka(settings_in(tmp_path, KafkaSettings(port=0))) as opened:
            assert opened.kafka.bootstrap_servers == servers
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
        assert process.returncode == 0
    assert running_bootstrap_servers(tmp_path) is None


def test_a_killed_sfcrime_leaves_no_broker_and_the_next_start_works(
    tmp_path: Path, jvm: JvmSettings
) -> None:
    process, _ = start_command(tmp_path)
    record = read_record(broker_folder(tmp_path))
    assert record is not None
    assert is_alive(record.broker)
    process.kill()
    process.communicate()  # closes its pipe too
    wait_until(lambda: not is_alive(record.broker), "the broker's end")

    with open_kafka(settings_in(tmp_path, KafkaSettings(port=0))) as opened:
        assert published(opened.kafka, 10).sent == 10


def test_a_broker_left_over_is_ended_by_the_next_start(tmp_path: Path, jvm: JvmSettings) -> None:
    left_over = start_child([sys.executable, "-c", STAYS], tmp_path / "x")
    folder = broker_folder(tmp_path)
    folder.mkdir()
    write_record(folder, BrokerRecord(noted_identity(left_over.pid), GONE, "127.0.0.1:1"))
    try:
        with start_broker(settings_in(tmp_path, KafkaSettings(port=0))):
            assert left_over.wait(5) is not None
    finally:
        left_over.stop()


def test_a_copy_of_a_running_folder_neither_uses_nor_ends_its_broker(tmp_path: Path) -> None:
    running = start_child([sys.executable, "-c", STAYS], tmp_path / "x")
    folder, copy = broker_folder(tmp_path / "data"), broker_folder(tmp_path / "copy")
    folder.mkdir(parents=True)
    here = noted_identity(os.getpid())
    record = BrokerRecord(noted_identity(running.pid), here, "127.0.0.1:1", answers=True)
    try:
        write_record(folder, record)
        shutil.copytree(folder, copy)
        assert running_bootstrap_servers(tmp_path / "data") == "127.0.0.1:1"
        assert running_bootstrap_servers(tmp_path / "copy") is None
        assert read_record(copy) is None
    finally:
        running.stop()


def test_a_broker_that_cannot_start_shows_its_last_words(tmp_path: Path, jvm: JvmSettings) -> None:
    with open_kafka(settings_in(tmp_path, KafkaSettings(port=0))):
        pass
    meta = broker_folder(tmp_path) / "log" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))

    with pytest.raises(KafkaUnavailable, match="ended with exit code 1") as caught:
        start_broker(settings_in(tmp_path, KafkaSettings(port=0)))

    assert "Stored node id 2 doesn't match" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b'{"broker": {"pid": 1', b'{"broker": "\xff"}', b"\0" * 90]
)
def test_a_damaged_record_of_a_broker_is_none(tmp_path: Path, content: bytes) -> None:
    broker_folder(tmp_path).mkdir()
    (broker_folder(tmp_path) / "broker.json").write_bytes(content)

    assert running_bootstrap_servers(tmp_path) is None


@pytest.mark.parametrize("kept_bytes", [0, 30])
def test_no_new_cluster_is_made_over_records(tmp_path: Path, kept_bytes: int) -> None:
    """A file that names the cluster can be cut off by a power cut."""
    kept = tmp_path / "kept"
    kept.write_bytes(b"features")
    format_storage(["/no/java/is/needed"], tmp_path, kept)
    (tmp_path / "log" / "__cluster_metadata-0").mkdir()  # as Kafka does when it first starts
    meta = tmp_path / "log" / "meta.properties"
    left = meta.read_bytes()[:kept_bytes] + b"\xff"
    meta.write_bytes(left)

    assert stored_cluster_id(tmp_path) is None
    with pytest.raises(KafkaUnavailable, match=r"meta.properties does not say.*\n.*\n.*mv "):
        format_storage(["/no/java/is/needed"], tmp_path, kept)

    assert meta.read_bytes() == left


def test_a_first_start_that_was_cut_off_begins_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"features")
    format_storage(["/no/java/is/needed"], tmp_path, kept)
    for file in (tmp_path / "log").iterdir():
        file.write_bytes(b"")

    format_storage(["/no/java/is/needed"], tmp_path, kept)

    assert stored_cluster_id(tmp_path) is not None
    assert (tmp_path / "log" / "bootstrap.checkpoint").read_bytes() == b"features"


def test_kept_features_that_were_cut_off_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"")
    with pytest.raises(KafkaUnavailable, match="storage could not be made"):
        format_storage(["false"], tmp_path, tmp_path / "kept")


@pytest.mark.parametrize(
    "file",
    ["log/meta.properties", "log/__cluster_metadata-0/quorum-state"],
)
def test_the_command_named_for_a_damaged_storage_makes_a_new_one(
    tmp_path: Path, jvm: JvmSettings, file: str
) -> None:
    settings = settings_in(tmp_path / "my data", KafkaSettings(port=0))
    with open_kafka(settings):
        pass
    (broker_folder(settings.data_dir) / file).write_bytes(b"")

    with pytest.raises(KafkaUnavailable) as refused:
        start_broker(settings)

    command = refused.value.next_step.rpartition(": ")[2]
    assert command.startswith("mv ")
    subprocess.run(command, shell=True, check=True)  # noqa: S602 - what the user would do
    with open_kafka(settings) as opened:
        assert published(opened.kafka, 10).sent == 10


def test_an_outside_cluster_is_used_untouched_once_it_answers(
    tmp_path: Path, jvm: JvmSettings, broker: KafkaSettings
) -> None:
    with open_kafka(settings_in(tmp_path, broker)) as opened:
        assert opened.kafka == broker

    assert not broker_folder(tmp_path).exists()


def test_a_broker_that_writes_its_start_up_cache_has_the_time_for_it(tmp_path: Path) -> None:
    graces: list[float] = []
    child = SimpleNamespace(stop=graces.append)
    record = BrokerRecord(ProcessIdentity(1, ""), ProcessIdentity(1, ""), "127.0.0.1:1")
    training = RunningBroker(
        Launch(tmp_path, [], True), cast(Child, child), record, 60.0, ExitStack()
    )

    training.stop()
    training.stop(2.0)  # one that is down has nothing to write

    assert graces == [60.0, 2.0]
