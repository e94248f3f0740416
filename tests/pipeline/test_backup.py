"""A backup is whole or not there, says when it is damaged, and becomes a data folder again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from cli.conftest import COMMITTED_MS, fill_store
from kafka.test_broker_copy import FIRST, batch
from running import Sfcrime, opened_to_others, settings_in
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import BackupFailed, StoreEmpty, StoreUnavailable, UsageError
from sfcrime.kafka.broker_copy import copy_storage
from sfcrime.kafka.broker_files import RECORDS_OF_CLUSTER
from sfcrime.machine.own_folder import MARK
from sfcrime.machine.whole_folders import FileFacts, OnBytes, copy_file
from sfcrime.pipeline import backup
from sfcrime.pipeline.backup import back_up, restore
from sfcrime.pipeline.backup_manifest import MANIFEST_FILE, BackupManifest, read_manifest
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import GENERATION

ENDS = {0: 11, 1: 15}
"""Of the ledger that `fill_store` makes."""


class Place(NamedTuple):
    """A data folder whose embedded broker holds what was counted."""

    data_dir: Path
    backup: Path

    def back_up(self, *, servers: str = "", store_only: bool = False) -> BackupManifest:
        settings = settings_in(self.data_dir, KafkaSettings(bootstrap_servers=servers))
        return back_up(settings, self.backup, lambda *_: None, store_only=store_only)

    def log(self, partition: int) -> Path:
        name = f"{GENERATION.topic}-{partition}"
        return self.data_dir / "kafka" / "log" / name


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "data", tmp_path / "backup")
    fill_store(made.data_dir)
    for partition, end in ENDS.items():
        made.log(partition).mkdir(parents=True)
        (made.log(partition) / f"{FIRST}.log").write_bytes(batch(0, end) + batch(end, 3))
        (made.log(partition) / "partition.metadata").write_text(
            f"version: 0\ntopic_id: {GENERATION.topic_id}\n"
        )
    cluster = made.data_dir / "kafka" / "log" / RECORDS_OF_CLUSTER
    cluster.mkdir()
    (cluster / f"{FIRST}.log").write_text("about topics")
    return made


def _names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_a_backup_has_store_and_topic_and_says_where_they_end(place: Place) -> None:
    manifest = place.back_up()

    topic = f"kafka/log/{GENERATION.topic}"
    assert _names(place.backup) == [
        *(MARK, MANIFEST_FILE),
        f"kafka/log/{RECORDS_OF_CLUSTER}/{FIRST}.log",
        *(f"{topic}-0/{FIRST}.log", f"{topic}-0/partition.metadata"),
        *(f"{topic}-1/{FIRST}.log", f"{topic}-1/partition.metadata"),
        STORE_FILE,
    ]
    assert read_manifest(place.backup) == msgspec.structs.replace(manifest, seal=_seal(place))
    assert (manifest.topic, manifest.topic_id) == (GENERATION.topic, GENERATION.topic_id)
    assert manifest.holds_topic is True
    assert manifest.ledger_ends == {0: 11, 1: 15}
    assert manifest.topic_ends == {0: 14, 1: 18}
    assert manifest.batches == 2
    assert manifest.accounting == Accounting(15, 10, 1, 1, 3, 1)
    assert manifest.committed_at == "2018-10-02T17:07:41.789Z"
    assert COMMITTED_MS == 1_538_500_061_789
    assert set(manifest.files) == set(_names(place.backup)) - {MARK, MANIFEST_FILE}
    assert opened_to_others(place.backup) == []
    assert _names(place.backup.parent / "backup.partial") == []


def _seal(place: Place) -> str:
    found = msgspec.json.decode((place.backup / MANIFEST_FILE).read_bytes())["seal"]
    assert isinstance(found, str)
    assert len(found) == 64
    return found


@pytest.mark.parametrize(("servers", "store_only"), [("kafka.example.org:9092", False), ("", True)])
def test_the_topic_of_an_outside_cluster_stays_there(
    place: Place, servers: str, store_only: bool
) -> None:
    manifest = place.back_up(servers=servers, store_only=store_only)

    assert _names(place.backup) == [MARK, MANIFEST_FILE, STORE_FILE]
    assert (manifest.holds_topic, manifest.topic_ends) == (False, {})


def test_a_store_whose_topic_is_nowhere_is_a_backup_only_where_that_is_meant(place: Place) -> None:
    shutil.rmtree(place.data_dir / "kafka")

    with pytest.raises(BackupFailed, match=r"do not hold the topic(?s:.*)out: --store-only"):
        place.back_up()

    assert place.back_up(store_only=True).holds_topic is False


def test_every_partition_that_was_counted_has_to_be_of_this_very_topic(place: Place) -> None:
    (place.log(1) / "partition.metadata").write_text("version: 0\ntopic_id: another\n")

    with pytest.raises(BackupFailed, match="do not hold the topic"):
        place.back_up()


def test_a_topic_that_is_made_again_under_the_copy_is_no_backup(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_again(folder: Path, target: Path, on_bytes: OnBytes) -> dict[str, FileFacts]:
        for partition in ENDS:
            (place.log(partition) / "partition.metadata").write_text("topic_id: another\n")
        return copy_storage(folder, target, on_bytes)

    monkeypatch.setattr(backup, "copy_storage", made_again)

    with pytest.raises(BackupFailed, match=rf"files in {place.data_dir}/kafka do not hold"):
        place.back_up()

    assert not place.backup.exists()


def test_a_copy_is_not_kept_inside_of_what_it_is_a_copy_of(place: Place) -> None:
    inside = place.data_dir / "run" / "backup"
    with pytest.raises(UsageError, match=r"would be inside the data folder(?s:.*)elsewhere"):
        place._replace(backup=inside).back_up()
    assert not inside.parent.exists()

    place.back_up()
    before = _names(place.backup)
    with pytest.raises(UsageError, match="would be inside the backup"):
        restore(place.backup, place.backup / "data", lambda *_: None)
    assert _names(place.backup) == before


def test_a_store_of_another_schema_is_named_before_anything_is_copied(place: Place) -> None:
    with closing(sqlite3.connect(place.data_dir / STORE_FILE)) as store, store:
        store.execute("UPDATE schema_version SET version = 4")

    with pytest.raises(StoreUnavailable, match=r"schema version 4(?s:.*)start a job, which brings"):
        place.back_up()


def test_a_broker_that_does_not_hold_what_was_counted_is_no_backup(place: Place) -> None:
    (place.log(0) / "partition.metadata").write_text("version: 0\ntopic_id: another\n")
    shutil.rmtree(place.log(1))

    with pytest.raises(BackupFailed, match=r"do not hold the topic(?s:.*)out: --store-only"):
        place.back_up()

    assert not place.backup.exists()


def test_a_topic_that_ends_before_the_ledger_is_no_backup(place: Place) -> None:
    (place.log(1) / f"{FIRST}.log").write_bytes(batch(0, 14))

    with pytest.raises(BackupFailed, match=r"partition 1 of .* up to offset 14, .* up to 15"):
        place.back_up()

    assert not place.backup.exists()
    assert not list(place.backup.parent.glob("*.partial"))


def test_a_folder_that_holds_something_is_refused_and_left_alone(place: Place) -> None:
    place.back_up()
    before = _names(place.backup)

    with pytest.raises(UsageError, match=r"holds something(?s:.*)a name of its own"):
        place.back_up()

    assert _names(place.backup) == before


def test_without_a_count_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    nothing = Place(tmp_path / "data", tmp_path / "backup")
    with pytest.raises(StoreEmpty):
        nothing.back_up()
    with open_writer(nothing.data_dir / STORE_FILE, history_rows=10):
        pass
    with pytest.raises(StoreEmpty):
        nothing.back_up()

    assert [each.name for each in tmp_path.iterdir()] == ["data"]


class _Disk(NamedTuple):
    free: int


def test_a_disk_without_room_is_not_filled(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda _: _Disk(free=60_000_000))

    with pytest.raises(BackupFailed, match=r"No space left on device: \d[\d,]* bytes are needed"):
        place.back_up()

    assert [each.name for each in place.backup.parent.iterdir()] == ["data"]


def test_a_disk_that_fills_up_meanwhile_is_named_and_nothing_is_left(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("sfcrime.machine.whole_folders.os.fsync", full)

    with pytest.raises(BackupFailed) as failed:
        place.back_up()

    assert str(failed.value) == (
        f"The backup {place.backup} cannot be made: No space left on device.\n"
        "It is made whole or not at all; what was written of it is removed.\n"
        "Next step: make room there, or name a folder on another disk"
    )
    assert [each.name for each in place.backup.parent.iterdir()] == ["data"]


def test_a_restored_folder_is_a_data_folder_of_our_own(place: Place, tmp_path: Path) -> None:
    made = place.back_up()
    new = tmp_path / "elsewhere" / "data"

    restored = restore(place.backup, new, lambda *_: None)

    assert restored.ledger_ends == made.ledger_ends
    assert _names(new) == sorted([*set(_names(place.backup)) - {MANIFEST_FILE}, f"kafka/{MARK}"])
    assert Sfcrime(new).digest() == Sfcrime(place.data_dir).digest()
    assert opened_to_others(new) == []
    assert stat.S_IMODE((new / STORE_FILE).stat().st_mode) == 0o600
    with open_writer(new / STORE_FILE, history_rows=10) as writer:
        assert writer.partition_ends() == ENDS


def test_any_bit_that_changed_is_found_before_anything_is_written(
    place: Place, tmp_path: Path
) -> None:
    place.back_up()
    for name in sorted(set(_names(place.backup)) - {MARK}):
        path = place.backup / name
        whole = path.read_bytes()
        for place_of_bit in {0, len(whole) // 2, len(whole) - 1}:
            damaged = bytearray(whole)
            damaged[place_of_bit] ^= 4
            path.write_bytes(damaged)
            with pytest.raises(BackupFailed, match=f"damaged at .*{path.name}"):
                restore(place.backup, tmp_path / "new", lambda *_: None)
        path.write_bytes(whole)
        path.rename(tmp_path / "lost")
        with pytest.raises(BackupFailed, match="No such file"):
            restore(place.backup, tmp_path / "new", lambda *_: None)
        (tmp_path / "lost").rename(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup", "data"]

    restore(place.backup, tmp_path / "new", lambda *_: None)


def test_every_byte_of_the_manifest_is_sealed(place: Place) -> None:
    place.back_up(store_only=True)
    path = place.backup / MANIFEST_FILE
    whole = path.read_bytes()

    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(BackupFailed):
            read_manifest(place.backup)


def test_a_file_that_is_cut_off_is_named_with_its_sizes(place: Place, tmp_path: Path) -> None:
    place.back_up()
    store = place.backup / STORE_FILE
    store.write_bytes(store.read_bytes()[:4096])

    with pytest.raises(BackupFailed, match=r"sfcrime.db: it has 4,096 bytes, and had"):
        restore(place.backup, tmp_path / "new", lambda *_: None)


@pytest.mark.parametrize(
    "name",
    [
        *("../outside", "/etc/passwd", "kafka/log/../../x", "kafka/lock", "kafka/log/a\0b"),
        *("kafka/log/", "kafka/log/..", "kafka/log/../log", "kafka/log/a/b/c", "kafka/log//a"),
    ],
)
def test_a_manifest_that_names_other_places_is_refused(place: Place, name: str) -> None:
    made = place.back_up()
    evil = msgspec.structs.replace(made, files={**made.files, name: FileFacts(0, "")})
    (place.backup / MANIFEST_FILE).unlink()
    backup.write_manifest(place.backup, evil)

    with pytest.raises(BackupFailed, match="which no backup has"):
        read_manifest(place.backup)


def test_a_topic_whose_name_has_dots_in_a_row_is_restored(place: Place, tmp_path: Path) -> None:
    odd = place.log(0).with_name("a..b-0")
    odd.mkdir()
    (odd / f"{FIRST}.log").write_bytes(batch(0, 1))
    place.back_up()

    restore(place.backup, tmp_path / "new", lambda *_: None)

    assert (tmp_path / "new" / "kafka" / "log" / "a..b-0" / f"{FIRST}.log").is_file()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": 2}, "it has the format 2, and 1 is known"),
        ({"files": {}}, "not name sfcrime.db"),
    ],
)
def test_a_manifest_that_is_sealed_and_of_no_backup_is_refused(
    place: Place, change: dict[str, Any], what: str
) -> None:
    evil = msgspec.structs.replace(place.back_up(), **change)
    (place.backup / MANIFEST_FILE).unlink()
    backup.write_manifest(place.backup, evil)

    with pytest.raises(BackupFailed, match=what):
        read_manifest(place.backup)


def test_a_manifest_of_another_format_is_told_as_such_whatever_its_fields(place: Place) -> None:
    place.back_up()
    path = place.backup / MANIFEST_FILE
    newer = json.loads(path.read_bytes()) | {"format": 2, "cells": 7}
    path.write_text(json.dumps(newer), encoding="utf-8")

    with pytest.raises(BackupFailed, match="it has the format 2, and 1 is known"):
        read_manifest(place.backup)


def test_a_data_folder_that_holds_something_is_not_restored_over(
    place: Place, tmp_path: Path
) -> None:
    place.back_up()
    before = Sfcrime(place.data_dir).digest()

    with pytest.raises(UsageError, match=r"holds something(?s:.*)--data-dir; or end what runs on"):
        restore(place.backup, place.data_dir, lambda *_: None)

    assert Sfcrime(place.data_dir).digest() == before


def test_an_interrupted_restore_leaves_nothing_and_can_be_repeated(
    place: Place, tmp_path: Path
) -> None:
    place.back_up()
    seen: list[str] = []

    def interrupt(step: str, done: int, due: int) -> None:
        seen.append(step)
        if step == "restoring" and done > due // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(place.backup, tmp_path / "new", interrupt)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup", "data"]
    assert seen[0] == "checking the backup"

    killed = tmp_path / "new.partial" / "content"
    killed.mkdir(parents=True)
    for left in (killed.parent / MARK, killed / MARK, killed / "half"):
        left.write_text("left by one that was killed")
    restore(place.backup, tmp_path / "new", lambda *_: None)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup", "data", "new"]
    assert not (tmp_path / "new" / "half").exists()


def test_what_changes_while_it_is_copied_is_found(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.back_up()

    def copy_wrong(source: Path, target: Path, on_bytes: OnBytes) -> FileFacts:
        return replace(copy_file(source, target, on_bytes), sha256="0" * 64)

    monkeypatch.setattr(backup, "copy_file", copy_wrong)

    with pytest.raises(BackupFailed, match="its content has changed"):
        restore(place.backup, tmp_path / "new", lambda *_: None)

    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"There is no backup in .*: backup.json cannot be read"):
        restore(tmp_path / "nowhere", tmp_path / "new", lambda *_: None)
