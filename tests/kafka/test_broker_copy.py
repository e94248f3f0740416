"""What is copied of a broker's storage, and what becomes of files that vanish meanwhile."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sfcrime.errors import BackupFailed
from sfcrime.kafka import broker_copy
from sfcrime.kafka.broker_copy import copy_storage, holds_topic, topic_ends
from sfcrime.kafka.log_end import log_end
from sfcrime.machine.whole_folders import FileFacts, OnBytes, copy_file

FIRST, SECOND = f"{0:020}", f"{700:020}"


def batch(first: int, records: int) -> bytes:
    """A batch as Kafka writes it, with bytes of no meaning in place of checksum and records."""
    rest = struct.pack(">ibIhi", 0, 2, 0xC0FFEE, 0, records - 1) + b"records" * 10
    return struct.pack(">qi", first, len(rest)) + rest


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Of a broker that was killed: two topics, of which one has two segments."""
    storage = tmp_path / "kafka" / "log"
    files = {
        "meta.properties": "version=1",
        "bootstrap.checkpoint": "features",
        "log-start-offset-checkpoint": "0\n0\n",
        "recovery-point-offset-checkpoint": "0\n0\n",
        "replication-offset-checkpoint": "0\n0\n",
        ".kafka_cleanshutdown": "{}",
        ".lock": "",
        "__cluster_metadata-0/quorum-state": "{}",
        f"__cluster_metadata-0/{FIRST}.log": "about topics",
        f"__cluster_metadata-0/{FIRST}-{0:010}.checkpoint": "sum",
        f"__cluster_metadata-0/{FIRST}-{0:010}.checkpoint.part": "s",
        "calls-0/partition.metadata": "version: 0\ntopic_id: yV3m0r0nQ0m2-8q1l5XbXA\n",
        "calls-0/leader-epoch-checkpoint": "0\n",
        f"calls-0/{SECOND}.snapshot": "producers",
        f"calls-0/{SECOND}.index": "",
        f"calls-0/{SECOND}.timeindex": "",
        f"calls-0/{FIRST}.log.deleted": "old",
        f"zebra-1/{FIRST}.log.swap": "compacted",
        f"zebra-1/{FIRST}.log.cleaned": "half compacted",
        f"gone-0.{'f' * 32}-delete/{FIRST}.log": "of a topic that is deleted",
    }
    for name, text in files.items():
        (storage / name).parent.mkdir(parents=True, exist_ok=True)
        (storage / name).write_text(text)
    (storage / f"calls-0/{FIRST}.log").write_bytes(batch(0, 700))
    (storage / f"calls-0/{SECOND}.log").write_bytes(batch(700, 30) + batch(730, 12)[:-1])
    return storage


def test_what_a_broker_cannot_make_again_is_copied_its_own_records_last(
    tmp_path: Path, storage: Path
) -> None:
    read: list[int] = []
    copied = copy_storage(tmp_path / "kafka", tmp_path / "copy", read.append)

    assert list(copied) == [
        "log/meta.properties",
        "log/bootstrap.checkpoint",
        "log/log-start-offset-checkpoint",
        f"log/calls-0/{FIRST}.log",
        f"log/calls-0/{SECOND}.log",
        f"log/calls-0/{SECOND}.snapshot",
        "log/calls-0/leader-epoch-checkpoint",
        "log/calls-0/partition.metadata",
        f"log/zebra-1/{FIRST}.log.swap",
        f"log/__cluster_metadata-0/{FIRST}-{0:010}.checkpoint",
        f"log/__cluster_metadata-0/{FIRST}.log",
        "log/__cluster_metadata-0/quorum-state",
    ]
    there = {str(each.relative_to(tmp_path / "copy")) for each in (tmp_path / "copy").rglob("*.*")}
    assert {name for name in copied if "." in Path(name).name} <= there
    for name, facts in copied.items():
        content = (tmp_path / "copy" / name).read_bytes()
        assert content == (tmp_path / "kafka" / name).read_bytes()
        assert facts.size == len(content)
    assert sum(read) == broker_copy.storage_size(tmp_path / "kafka")


def test_a_log_whose_files_vanish_is_copied_again_from_the_start(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when old segments are deleted, and a newer one was begun."""

    def copy_and_roll(source: Path, target: Path, on_bytes: OnBytes) -> FileFacts:
        facts = copy_file(source, target, on_bytes)
        if source.name == f"{FIRST}.log" and source.parent.name == "calls-0":
            source.unlink()
            (storage / f"calls-0/{SECOND}.snapshot").unlink()
        return facts

    monkeypatch.setattr(broker_copy, "copy_file", copy_and_roll)

    copied = copy_storage(tmp_path / "kafka", tmp_path / "copy", lambda _: None)

    calls = [name for name in copied if "calls-0" in name]
    assert calls == [
        f"log/calls-0/{SECOND}.log",
        "log/calls-0/leader-epoch-checkpoint",
        "log/calls-0/partition.metadata",
    ]
    there = (tmp_path / "copy/log/calls-0").iterdir()
    assert sorted(f"log/calls-0/{each.name}" for each in there) == calls
    assert not (tmp_path / f"copy/log/calls-0/{FIRST}.log").exists()


def test_a_topic_that_is_deleted_meanwhile_is_left_out(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_and_delete(source: Path, target: Path, on_bytes: OnBytes) -> FileFacts:
        if source.parent.name == "zebra-1":
            source.parent.rename(storage / f"zebra-1.{'e' * 32}-delete")
        return copy_file(source, target, on_bytes)

    monkeypatch.setattr(broker_copy, "copy_file", copy_and_delete)

    copied = copy_storage(tmp_path / "kafka", tmp_path / "copy", lambda _: None)

    assert not [name for name in copied if "zebra" in name]
    assert not (tmp_path / "copy/log/zebra-1").exists()


def test_files_that_vanish_again_and_again_are_named(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(source: Path, target: Path, on_bytes: OnBytes) -> FileFacts:
        if source.parent.name == "calls-0":
            raise FileNotFoundError(source)
        return copy_file(source, target, on_bytes)

    monkeypatch.setattr(broker_copy, "copy_file", never)

    with pytest.raises(BackupFailed, match=r"calls-0 were renamed or deleted .* 10 times"):
        copy_storage(tmp_path / "kafka", tmp_path / "copy", lambda _: None)


def test_a_topic_is_known_by_its_id_as_a_client_writes_it(tmp_path: Path, storage: Path) -> None:
    folder = tmp_path / "kafka"

    assert holds_topic(folder, "calls", "yV3m0r0nQ0m2+8q1l5XbXA", [0])
    assert holds_topic(folder, "calls", "yV3m0r0nQ0m2+8q1l5XbXA", [])
    assert not holds_topic(folder, "calls", "yV3m0r0nQ0m2+8q1l5XbXA", [0, 1])
    assert not holds_topic(folder, "calls", "yV3m0r0nQ0m2+8q1l5XbXB", [])
    assert not holds_topic(folder, "zebra", "yV3m0r0nQ0m2+8q1l5XbXA", [])
    assert not holds_topic(tmp_path / "nothing", "calls", "yV3m0r0nQ0m2+8q1l5XbXA", [])


def test_a_log_ends_after_its_last_whole_batch(tmp_path: Path, storage: Path) -> None:
    assert topic_ends(tmp_path / "kafka", "calls") == {0: 730}
    assert topic_ends(tmp_path / "kafka", "zebra") == {1: 0}
    assert log_end(storage / f"calls-0/{FIRST}.log") == 700
    rolled = storage / f"calls-0/{730:020}.log"
    rolled.touch()
    assert log_end(rolled) == 730
    rolled.write_bytes(bytes(4096))
    assert log_end(rolled) == 730


@pytest.mark.parametrize(
    ("left", "end"),
    [(batch(0, 700)[:-1], 0), (batch(0, 699), 699), (b"", 0)],
    ids=["a batch is cut", "a batch is missing", "nothing is left"],
)
def test_a_log_ends_where_an_earlier_segment_lacks_something(
    tmp_path: Path, storage: Path, left: bytes, end: int
) -> None:
    (storage / f"calls-0/{FIRST}.log").write_bytes(left)

    assert topic_ends(tmp_path / "kafka", "calls") == {0: end}
