"""The training as a process: one at a time, whole or not at all, and nothing left of it."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from running import alive, tree_of, wait_until
from sfcrime.errors import AlreadyRunning, ChildFailed, KafkaUnavailable, UsageError
from sfcrime.jvm.jars import jar_paths
from sfcrime.jvm.java import StartupCache, startup_folder
from sfcrime.machine.child import last_lines, start_child
from sfcrime.machine.own_folder import MARK, file_lock
from sfcrime.pipeline import training
from sfcrime.pipeline.training import train_startup_cache
from sfcrime.pipeline.training_process import (
    end_training,
    only_training,
    start_training,
    startup_caches,
    training_lock,
)
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings

IS_UNDER_WAY = """
import subprocess, sys, time
from sfcrime.pipeline.training_process import only_training, startup_caches
from sfcrime.settings_loading import load_settings
from sfcrime.spark.session import throw_away_checkpoint
jvm = load_settings().jvm
with only_training(jvm) as data_dir, throw_away_checkpoint(data_dir) as checkpoint:
    startup_caches(jvm)[0].partial.write_bytes(b"half a ca")
    startup_caches(jvm)[0].partial.with_suffix(".part.config").write_bytes(b"what the JVM noted")
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(checkpoint, flush=True)
    time.sleep(600)
"""
"""What a training has made when it is ended in the middle, with a process in place of its JVMs."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a cache folder whose jars are there, if empty: a cache without its jars is removed."""
    monkeypatch.setenv("SFCRIME_JVM_CACHE_DIR", str(tmp_path / "cache"))
    settings = load_settings()
    for jar in (*jar_paths("kafka", settings.jvm), *jar_paths("spark", settings.jvm)):
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.touch()
    return settings


def files(settings: Settings) -> list[str]:
    names = (each.name for each in startup_folder(settings.jvm).iterdir())
    return sorted(name for name in names if name != MARK)


def writing(*contents: bytes) -> object:
    """A replay whose JVMs write these contents; one that has none writes nothing."""

    def replay(training_settings: Settings, _: object) -> None:
        log = training_settings.data_dir / "kafka" / "log"
        log.mkdir(parents=True)
        (log / "bootstrap.checkpoint").write_bytes(b"features")
        for cache, content in zip(startup_caches(training_settings.jvm), contents, strict=False):
            (option,) = cache.options
            Path(option.removeprefix("-XX:AOTCacheOutput=")).write_bytes(content)
            assert not cache.path.exists()

    return replay


def test_a_cache_gets_its_name_when_it_is_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_replay", writing(b"the broker's", b"Spark's"))

    train_startup_cache(settings, lambda _: None)

    kafka, spark = startup_caches(settings.jvm)
    assert kafka.path.read_bytes() == b"the broker's"
    assert spark.path.read_bytes() == b"Spark's"
    assert kafka.features.read_bytes() == b"features"
    stems = {kafka.path.stem: ["aot", "features", "txt"], spark.path.stem: ["aot", "txt"]}
    names = [f"{stem}.{ending}" for stem, endings in stems.items() for ending in endings]
    assert files(settings) == sorted([*names, "lock"])


def test_a_jvm_that_wrote_no_cache_is_a_failure_and_the_other_cache_is_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_replay", writing(b"the broker's"))

    with pytest.raises(ChildFailed, match="wrote no start-up cache"):
        train_startup_cache(settings, lambda _: None)

    kafka, spark = startup_caches(settings.jvm)
    assert kafka.path.is_file()
    assert not spark.path.exists()


def test_a_training_that_fails_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(training_settings: Settings, _: object) -> None:
        training_settings.data_dir.mkdir()
        (training_settings.data_dir / "some file").touch()
        for cache in startup_caches(training_settings.jvm):
            cache.partial.write_bytes(b"half a ca")
        raise KafkaUnavailable("The embedded broker ended.")

    monkeypatch.setattr(training, "_replay", fail)

    with pytest.raises(KafkaUnavailable):
        train_startup_cache(settings, lambda _: None)

    assert files(settings) == ["lock"]
    assert all(cache.options == [] for cache in startup_caches(settings.jvm))


def test_a_training_that_is_ended_leaves_no_process_and_no_file(
    settings: Settings, tmp_path: Path
) -> None:
    child = start_child([sys.executable, "-c", IS_UNDER_WAY], tmp_path / "log")
    wait_until(lambda: "/" in last_lines(child.log_path, 1), last_lines(child.log_path), 20.0)
    checkpoint = Path(last_lines(child.log_path, 1))
    processes = tree_of(child.pid)
    assert len(processes) == 2
    assert checkpoint.is_dir()
    assert len(files(settings)) == 3

    end_training(child, settings.jvm)
    assert alive(processes) == []
    assert files(settings) == ["lock"]
    assert not checkpoint.parent.exists()
    end_training(child, settings.jvm)


def test_what_a_killed_training_left_is_removed_by_the_next_one(
    settings: Settings, tmp_path: Path
) -> None:
    child = start_child([sys.executable, "-c", IS_UNDER_WAY], tmp_path / "log")
    wait_until(lambda: "/" in last_lines(child.log_path, 1), last_lines(child.log_path), 20.0)
    child.kill_session()
    assert all(cache.options == [] for cache in startup_caches(settings.jvm))
    assert len(files(settings)) == 3

    with only_training(settings.jvm):
        assert files(settings) == ["lock"]


def test_a_folder_of_the_users_is_not_trained_in(settings: Settings) -> None:
    notes = startup_folder(settings.jvm) / "notes.txt"
    notes.parent.mkdir()
    notes.write_text("someone's")

    with pytest.raises(UsageError, match="not made by sfcrime"), only_training(settings.jvm):
        pass

    assert [each.name for each in notes.parent.iterdir()] == ["notes.txt"]


def test_two_never_train_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_replay", writing(b"the broker's", b"Spark's"))
    with (
        file_lock(training_lock(settings.jvm), wait=False),
        pytest.raises(AlreadyRunning, match="Another training"),
    ):
        train_startup_cache(settings, lambda _: None)

    assert files(settings) == ["lock"]


def test_the_process_itself_gives_way_to_another_one_and_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    with file_lock(training_lock(settings.jvm), wait=False):
        child = start_training(settings, tmp_path / "log", makes_way=True)
        assert child.wait(60) == 1

    assert last_lines(child.log_path).startswith("error: Another training")


def test_caches_that_are_there_are_not_trained_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_replay", writing(b"the broker's", b"Spark's"))
    train_startup_cache(settings, lambda _: None)
    monkeypatch.setattr(training, "_replay", lambda *_: pytest.fail("it was trained again"))

    train_startup_cache(settings, lambda _: None)


def test_the_jvms_of_a_training_share_its_session_and_no_others(settings: Settings) -> None:
    def cache(mode: str) -> StartupCache:
        jvm = msgspec.structs.replace(settings.jvm, startup_cache=mode)
        return startup_caches(jvm)[0]

    assert not cache("train").own_session
    assert cache("use").own_session
    assert cache("off").own_session
