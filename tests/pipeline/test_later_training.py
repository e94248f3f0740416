"""The training beside a run: when it begins, what it says, and that it never harms the run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from running import alive, tree_of, wait_until
from sfcrime.domain.outcomes import Accounting
from sfcrime.jvm.java import startup_folder
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.own_folder import file_lock
from sfcrime.pipeline import later_training
from sfcrime.pipeline.activity import ProducerActivity, StreamActivity
from sfcrime.pipeline.later_training import LaterTraining, has_room
from sfcrime.pipeline.overview import Counted, Overview
from sfcrime.pipeline.training_process import startup_caches, training_lock
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.store.records import PartitionRange, Totals
from store_samples import GENERATION

TOTALS = Totals(Accounting(read=900, counted=900), 1, 0, None, None)
COUNTED = Counted(GENERATION, TOTALS, (PartitionRange(0, 0, 900, 900, 0, 0),), None, ())
RUNNING = Overview(ProducerActivity(), StreamActivity("running"), COUNTED)
ENDS = {0: 910}

BEGINS = "training the start-up cache at low priority, this once"
IS_THERE = "the start-up cache is there: the next start will be faster"

SUCCEEDS = "import time; time.sleep(0.3)"
FAILS = "import sys; sys.exit(4)"
NEVER_ENDS = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; "
    "time.sleep(600)']); print('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        {"store": {"data_dir": str(tmp_path / "data")}, "jvm": {"cache_dir": str(tmp_path)}},
        environment={},
    )


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """The trainings that were started. There is room, and calm is seen at the second look."""
    monkeypatch.setattr(later_training, "CALM_S", 0.0)
    monkeypatch.setattr(later_training, "has_room", lambda _: True)
    return trained_by(SUCCEEDS, monkeypatch)


def trained_by(program: str, monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """Puts a program in the place of the training; takes the processes that are started."""
    found: list[Child] = []

    def start(_: Settings, log_path: Path, *, makes_way: bool) -> Child:
        assert makes_way
        found.append(start_child([sys.executable, "-c", program], log_path))
        return found[-1]

    monkeypatch.setattr(later_training, "start_training", start)
    return found


def look_until(training: LaterTraining, condition: Callable[[], bool]) -> None:
    def holds() -> bool:
        training.look(RUNNING, ENDS)
        return condition()

    wait_until(holds, "the training", 20.0)


def test_it_begins_once_the_first_statistic_stands_and_says_so_once_and_its_end_once(
    settings: Settings, started: list[Child]
) -> None:
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        look_until(training, lambda: IS_THERE in said)
        for _ in range(5):
            training.look(RUNNING, ENDS)

    assert said == [BEGINS, IS_THERE]
    assert len(started) == 1


@pytest.mark.parametrize(
    "overview, ends",
    [
        (Overview(ProducerActivity(), StreamActivity("running"), None), {0: 0}),
        (Overview(ProducerActivity(), StreamActivity("starting"), COUNTED), ENDS),
        (RUNNING, {0: 900 + 1_001}),
    ],
    ids=["nothing is counted yet", "Spark starts", "a backlog is counted"],
)
def test_it_waits_for_the_first_statistic_and_for_the_end_of_a_backlog(
    settings: Settings, started: list[Child], overview: Overview, ends: dict[int, int]
) -> None:
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        for _ in range(3):
            training.look(overview, ends)

    assert (started, said) == ([], [])


def test_a_backlog_begins_the_wait_anew(
    settings: Settings, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(later_training, "CALM_S", 10.0)
    monkeypatch.setattr(later_training.time, "monotonic", lambda: now)
    with LaterTraining(settings, lambda _: None) as training:
        for moment, ends in ((100.0, ENDS), (109.0, {0: 5_000}), (111.0, ENDS), (120.0, ENDS)):
            now = moment
            training.look(RUNNING, ends)
        assert started == []
        now = 121.0
        training.look(RUNNING, ENDS)
        assert len(started) == 1


def test_without_room_it_does_not_train(
    settings: Settings, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later_training, "has_room", lambda _: False)
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        for _ in range(3):
            training.look(RUNNING, ENDS)

    assert (started, said) == ([], [])


@pytest.mark.parametrize(
    "memory_gb, free_gb, load, room",
    [
        (8.0, 4.0, 0.9, True),
        (8.0, 2.0, 0.9, False),
        (4.0, 3.5, 0.9, False),
        (8.0, 4.0, 1.6, False),
    ],
    ids=["room", "others hold the memory", "a container takes too much", "others work"],
)
def test_room_is_memory_for_as_much_again_and_a_core_that_is_idle(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    memory_gb: float,
    free_gb: float,
    load: float,
    room: bool,
) -> None:
    settings = msgspec.structs.replace(
        settings,
        kafka=msgspec.structs.replace(settings.kafka, heap="256m"),
        stream=msgspec.structs.replace(settings.stream, heap="1200m"),
    )
    monkeypatch.setattr(later_training, "machine_cores", lambda: 2)
    monkeypatch.setattr(later_training, "machine_memory_bytes", lambda: memory_gb * 1e9)
    monkeypatch.setattr(later_training, "free_memory_bytes", lambda: free_gb * 1e9)
    monkeypatch.setattr(later_training.os, "getloadavg", lambda: (load, 0.0, 0.0))

    assert has_room(settings) is room


def test_a_disk_that_is_nearly_full_is_no_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later_training, "MOST_LOAD_PER_CORE", 1_000)
    monkeypatch.setattr(later_training, "machine_memory_bytes", lambda: 10**11)
    monkeypatch.setattr(later_training, "free_memory_bytes", lambda: 10**11)
    assert has_room(settings)
    monkeypatch.setattr(later_training, "FREE_DISK_BYTES", 10**18)

    assert not has_room(settings)


def test_switched_off_it_does_not_train(settings: Settings, started: list[Child]) -> None:
    jvm = msgspec.structs.replace(settings.jvm, startup_cache="off")
    said: list[str] = []
    with LaterTraining(msgspec.structs.replace(settings, jvm=jvm), said.append) as training:
        for _ in range(3):
            training.look(RUNNING, ENDS)

    assert (started, said) == ([], [])


def test_where_the_cache_is_there_nothing_is_done_or_said(
    settings: Settings, started: list[Child]
) -> None:
    startup_folder(settings.jvm).mkdir()
    for cache in startup_caches(settings.jvm):
        cache.path.write_bytes(b"a cache")
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        for _ in range(3):
            training.look(RUNNING, ENDS)

    assert (started, said) == ([], [])


def test_while_another_process_trains_it_does_not(settings: Settings, started: list[Child]) -> None:
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        with file_lock(training_lock(settings.jvm), wait=False):
            for _ in range(3):
                training.look(RUNNING, ENDS)
            assert (started, said) == ([], [])
        look_until(training, lambda: len(started) == 1)


def test_a_training_that_fails_is_one_line_and_is_not_begun_again(
    settings: Settings, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = trained_by(FAILS, monkeypatch)
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        look_until(training, lambda: len(said) == 2)
        for _ in range(5):
            training.look(RUNNING, ENDS)

    assert said[0] == BEGINS
    assert said[1].startswith("no start-up cache, so starts take as long as this one: exit code 4")
    assert str(settings.data_dir / "run" / "training.log") in said[1]
    assert len(said) == 2
    assert len(started) == 1


def test_a_training_that_cannot_be_started_is_one_line(
    settings: Settings, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Child:
        raise OSError("no process left")

    monkeypatch.setattr(later_training, "start_training", refuse)
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        for _ in range(5):
            training.look(RUNNING, ENDS)

    assert said == ["no start-up cache, so starts take as long as this one: no process left"]
    assert started == []


def test_the_end_of_the_run_ends_it_with_all_that_it_started(
    settings: Settings, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = trained_by(NEVER_ENDS, monkeypatch)
    said: list[str] = []
    with LaterTraining(settings, said.append) as training:
        look_until(training, lambda: "up" in last_lines(training.log_path))
        processes = tree_of(started[0].pid)
        assert len(processes) == 2

    assert alive(processes) == []
    assert said == [BEGINS]
