"""The check-up: what is right is said to be, and each thing that is broken is found and named."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import jars_folder, resolve_jars
from sfcrime.pipeline import checkup
from sfcrime.pipeline.activity import DashboardActivity, write_activity
from sfcrime.pipeline.checkup import Finding, Level, check_up
from sfcrime.pipeline.training_process import startup_caches
from sfcrime.postgres import programs
from sfcrime.postgres.server import RunningServer
from sfcrime.settings import JvmSettings, Settings
from sfcrime.settings_loading import load_settings
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an empty data folder, every port of the system's choice."""
    flags = {
        "store": {"data_dir": str(tmp_path / "data")},
        "kafka": {"port": 0},
        "stream": {"ui_port": 0},
        "dashboard": {"port": 0},
    }
    return load_settings(flags)


def _findings(settings: Settings) -> dict[str, Finding]:
    return {each.about: each for each in check_up(settings)}


def _begin_to_count(settings: Settings) -> None:
    with open_writer(settings.data_dir / STORE_FILE, history_rows=10) as store:
        store.create_generation(GENERATION)


def test_a_new_folder_has_nothing_wrong_and_says_what_is_not_there_yet(settings: Settings) -> None:
    found = _findings(settings)

    assert [each for each in found.values() if each.level is Level.WRONG] == []
    assert found["store"].level is Level.NOTE
    assert "sfcrime run" in found["store"].mend
    assert not settings.data_dir.exists()


def test_a_store_is_found_sound(settings: Settings) -> None:
    _begin_to_count(settings)

    found = _findings(settings)

    assert found["store"].level is Level.OK


def test_the_sizes_that_were_chosen_are_shown(settings: Settings) -> None:
    stream = msgspec.structs.replace(settings.stream, heap="576m", max_records_per_batch=25_000)
    small = msgspec.structs.replace(settings, stream=stream)

    found = _findings(small)["memory"]

    assert found.level is Level.OK
    assert "576m for Spark, 25,000 records a batch" in found.said


def test_a_large_machine_may_be_given_a_larger_heap(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.pipeline.checkup.machine_memory_bytes", lambda: 16 * 2**30)
    stream = msgspec.structs.replace(settings.stream, heap="4g")

    found = _findings(msgspec.structs.replace(settings, stream=stream))["memory"]

    assert found.level is Level.OK


def test_sizes_that_this_machine_cannot_hold_are_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.pipeline.checkup.machine_memory_bytes", lambda: 2 * 2**30)
    stream = msgspec.structs.replace(settings.stream, heap="1g", max_records_per_batch=25_000)

    found = _findings(msgspec.structs.replace(settings, stream=stream))["memory"]

    assert found.level is Level.NOTE
    assert "SFCRIME_STREAM_HEAP=576m and --max-records-per-batch 25000" in found.mend


def test_a_store_whose_rows_refer_to_nothing_is_found(settings: Settings) -> None:
    _begin_to_count(settings)
    with closing(sqlite3.connect(settings.data_dir / STORE_FILE)) as connection, connection:
        connection.execute("DELETE FROM generation")

    found = _findings(settings)["store"]

    assert found.level is Level.WRONG
    assert found.mend


def test_a_store_that_is_not_of_one_moment_is_found(settings: Settings) -> None:
    path = settings.data_dir / STORE_FILE
    with open_writer(path, history_rows=10) as store:
        store.create_generation(GENERATION)
        store.commit_batch(FIRST)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM late")

    found = _findings(settings)["store"]

    assert found.level is Level.WRONG
    said = "is damaged: it states 1 kept late records of partition 0, and holds 0."
    assert found.said.endswith(said)
    assert "mkdir" in found.mend


def test_a_file_that_is_no_database_is_found(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / STORE_FILE).write_bytes(b"no database at all" * 100)

    assert _findings(settings)["store"].level is Level.WRONG


def test_a_local_postgresql_that_could_be_started_or_runs_is_said_and_a_missing_one_is_no_wrong(
    settings: Settings, postgres_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = "local PostgreSQL"
    stopped = _findings(settings)[about]
    assert stopped.level is Level.OK
    assert stopped.said.startswith("not running; `sfcrime postgres` starts 18.")

    store = msgspec.structs.replace(
        settings.store, data_dir=str(postgres_server.folder.path.parent)
    )
    running = _findings(msgspec.structs.replace(settings, store=store))[about]
    assert running.said == f"it runs: {postgres_server.url}"

    monkeypatch.setattr(programs, "find_spec", lambda _: None)
    missing = _findings(settings)[about]
    assert missing.level is Level.NOTE
    assert missing.said == (
        "PostgreSQL's programs are not installed; only `sfcrime postgres` needs them"
    )
    assert "pip install" in missing.mend


def test_a_local_postgresql_that_cannot_be_looked_at_ends_no_check(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise UsageError("It cannot be looked at.", next_step="mend it")

    monkeypatch.setattr(checkup, "require_programs", fail)
    found = _findings(settings)["local PostgreSQL"]
    assert (found.level, found.said) == (Level.WRONG, "It cannot be looked at.")


@pytest.fixture
def broken_jars(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A jar set of its own, with one jar altered behind its stamp."""
    resolve_jars("spark", settings.jvm)
    jvm = JvmSettings(cache_dir=str(tmp_path / "cache"))
    folder = jars_folder("spark", jvm)
    shutil.copytree(jars_folder("spark", settings.jvm), folder)
    jar = sorted(folder.glob("kafka-clients*.jar"))[0]
    content = bytearray(jar.read_bytes())
    content[1000] ^= 1
    jar.write_bytes(content)
    yield msgspec.structs.replace(settings, jvm=jvm)


def test_an_altered_jar_and_jars_never_fetched_are_found(broken_jars: Settings) -> None:
    found = _findings(broken_jars)

    assert found["jars for spark"].level is Level.WRONG
    assert "kafka-clients" in found["jars for spark"].said
    assert found["jars for spark"].mend.endswith("sfcrime setup")
    assert found["jars for kafka"].said == "they were not fetched yet"
    assert found["jars for kafka"].mend == "sfcrime setup"


def test_a_start_up_cache_is_there_or_comes_with_what_makes_it(
    settings: Settings, tmp_path: Path
) -> None:
    elsewhere = JvmSettings(cache_dir=str(tmp_path / "cache"))
    settings = msgspec.structs.replace(settings, jvm=elsewhere)

    missing = _findings(settings)["start-up cache"]
    for cache in startup_caches(elsewhere):
        cache.path.parent.mkdir(parents=True, exist_ok=True)
        cache.path.write_bytes(b"a cache")
    there = _findings(settings)["start-up cache"]

    assert missing.level is Level.NOTE
    assert "a run makes it once the machine has room" in missing.said
    assert missing.mend == "sfcrime setup --train"
    assert there.level is Level.OK
    assert there.said == f"there for broker and Spark: {tmp_path / 'cache' / 'startup'}"


def test_a_java_home_without_java_is_found(settings: Settings, tmp_path: Path) -> None:
    jvm = msgspec.structs.replace(settings.jvm, java_home=str(tmp_path))

    found = _findings(msgspec.structs.replace(settings, jvm=jvm))["java"]

    assert found.level is Level.WRONG
    assert "SFCRIME_JAVA_HOME" in found.mend


def test_a_port_of_broker_or_page_that_another_program_has_is_found(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        kafka = msgspec.structs.replace(settings.kafka, port=port)
        stream = msgspec.structs.replace(settings.stream, ui_port=port)
        page = msgspec.structs.replace(settings.dashboard, port=port)
        settings = msgspec.structs.replace(settings, kafka=kafka, stream=stream, dashboard=page)

        found = _findings(settings)
        write_activity(settings.data_dir, DashboardActivity(url=f"http://127.0.0.1:{port}"))
        answering = _findings(settings)["page"]

    assert found["page"].level is Level.WRONG
    assert found["page"].mend == "sfcrime run --dashboard-port 0"
    assert answering.level is Level.OK
    assert answering.said == f"it answers on http://127.0.0.1:{port}"
    assert found["broker"].level is Level.WRONG
    assert found["broker"].mend == "sfcrime run --port 0"
    assert found["Spark UI"].level is Level.NOTE


def test_a_cluster_that_does_not_answer_is_found(settings: Settings) -> None:
    kafka = msgspec.structs.replace(settings.kafka, bootstrap_servers="127.0.0.1:1")

    found = _findings(msgspec.structs.replace(settings, kafka=kafka))["broker"]

    assert found.level is Level.WRONG
    assert "--bootstrap-servers" in found.mend


def test_a_data_folder_of_the_users_is_wrong(settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    (settings.data_dir / "thesis.txt").write_text("someone's")

    found = _findings(settings)["data folder"]

    assert found.level is Level.WRONG
    assert "--data-dir" in found.mend
