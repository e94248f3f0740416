"""Runs a plan's trials against one broker, one after another, and keeps what became of each.

A run that was ended goes on where it stopped: the results file tells what is done. Without a
budget the full topics stay in the work folder until the plan is complete.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import AlreadyRunning, ChildFailed, UsageError
from sfcrime.jvm.jars import jar_paths
from sfcrime.jvm.java import find_java, java_version
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.machine.child import last_lines
from sfcrime.machine.description import described_machine
from sfcrime.machine.locks import LockHeld, file_lock
from sfcrime.pipeline.stream_request import require_settable
from sfcrime.settings import Settings, as_environment
from sfcrime.tuning.exercise_query import exercise_program
from sfcrime.tuning.knobs import Query, base_values, settings_with
from sfcrime.tuning.plan import Kind, Trial, seconds_left
from sfcrime.tuning.results import (
    RESULTS_FILE,
    Setup,
    TrialResult,
    append_line,
    as_setup_machine,
    checked_against,
    ran,
    read_results,
)
from sfcrime.tuning.scales import Workload
from sfcrime.tuning.trial import Bench, Interrupted, run_trial
from sfcrime.tuning.workload import FrozenTopic, freeze_topic, open_city

WORK_FOLDER = "work"
_FILL_PER_S = 25_000
_SHAPING = ("SFCRIME_STREAM_", "SFCRIME_KAFKA_HEAP", "SFCRIME_JVM_STARTUP_CACHE")
"""Settings that can shape a figure."""
_NOT_SHAPING = "SFCRIME_STREAM_UI_PORT"


@dataclass(frozen=True, slots=True)
class Order:
    """What the lab is to do."""

    settings: Settings
    """The base."""
    workload: Workload
    trials: Sequence[Trial]
    out_dir: Path
    budget_s: float | None

    @property
    def results_file(self) -> Path:
        return self.out_dir / RESULTS_FILE


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to do, before it is begun."""

    done: int
    waiting: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LabHooks:
    """Whom the lab tells what it does."""

    on_step: Callable[[str], None]
    on_trial: Callable[[Trial, int, float], None]
    """A trial begins: it, how many wait with it, and seconds until all of them are over."""
    on_result: Callable[[TrialResult], None]


def base_of(settings: Settings) -> Settings:
    """The base of a lab: the settings in force, on a broker of the lab's own.

    Raises:
        UsageError: this system does not tell what processes use.
    """
    if not Path("/proc/stat").is_file():
        raise UsageError(
            "The tuning lab cannot measure on this system.",
            rule="CPU time and memory of the process tree are read from /proc (Linux).",
            next_step="run it on Linux; --report-only works anywhere",
        )
    kafka = msgspec.structs.replace(
        settings.kafka, port=0, bootstrap_servers="", config_file="", topic="tuning"
    )
    # The lateness rule is on for the city's topics; another span would only bend the comparison.
    stream = msgspec.structs.replace(settings.stream, lateness_hours=None)
    return msgspec.structs.replace(settings, kafka=kafka, stream=stream)


def setup_of(settings: Settings, workload: Workload) -> Setup:
    """What all trials have in common on this machine."""
    shaping = {
        name: value
        for name, value in as_environment(settings).items()
        if name.startswith(_SHAPING) and name != _NOT_SHAPING
    }
    return Setup(
        machine={**as_setup_machine(described_machine()), **_jvm_versions(settings)},
        workload=workload,
        base={query: base_values(settings, query) for query in Query},
        settings=shaping,
        source=open_city().identity.title,
    )


def _jvm_versions(settings: Settings) -> dict[str, str | int]:
    brokers = [path.stem for path in jar_paths("kafka", settings.jvm)]
    kafka = next(name for name in brokers if name.startswith("kafka_"))
    return {"java": java_version(find_java(settings.jvm)), "kafka": kafka.rpartition("-")[2]}


def estimate(order: Order) -> Estimate:
    """How long the rest takes; a budget bounds it.

    Raises:
        UsageError: a trial's configuration cannot be, or the exercise's query is not here.
    """
    recorded = read_results(order.results_file, setup_of(order.settings, order.workload))
    waiting = [trial for trial in order.trials if not recorded.has(trial)]
    seconds = seconds_left(waiting, ran(recorded.trials), order.workload)
    seconds += len(_topics(order, waiting)) * order.workload.records / _FILL_PER_S
    if order.budget_s is not None:
        seconds = min(seconds, order.budget_s)
    return Estimate(len(order.trials) - len(waiting), len(waiting), seconds)


def run_lab(order: Order, hooks: LabHooks, stop: Event) -> int:
    """Runs the trials that were not run yet, as far as time allows.

    Call it from the main thread: Linux ends children with the thread that started them.

    Returns:
        How many trials of the order are still not run.

    Raises:
        AlreadyRunning: another lab works in the same folder.
        UsageError: a trial's configuration cannot be, or the exercise's query is not here.
        SfcrimeError: the broker failed. A trial that fails is a result.
    """
    began = time.monotonic()
    order.out_dir.mkdir(parents=True, exist_ok=True)
    try:
        with file_lock(order.out_dir / "lock", wait=False):
            left = _run_waiting(order, hooks, stop, began)
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another `sfcrime tune` works in {order.out_dir}.",
            rule="Two labs at once would measure each other.",
            next_step="wait for it to end, or stop it",
        ) from error
    if not left or order.budget_s is not None:  # a short run fills its topics anew in seconds
        shutil.rmtree(order.out_dir / WORK_FOLDER, ignore_errors=True)
    return left


def _run_waiting(order: Order, hooks: LabHooks, stop: Event, began: float) -> int:
    setup = setup_of(order.settings, order.workload)
    recorded = read_results(order.results_file, setup)
    results = list(recorded.trials)
    waiting = [trial for trial in order.trials if not recorded.has(trial)]
    if read_results(order.results_file).setup != setup:
        append_line(order.results_file, setup)
    if not waiting:
        return 0
    work_dir = order.out_dir / WORK_FOLDER
    settings = order.settings
    with start_broker(settings.in_folder(work_dir), hooks.on_step) as broker:
        bench = _bench(order, waiting, broker, hooks, stop)
        while waiting and not stop.is_set():
            trial = waiting[0]
            took, spent = ran(results), time.monotonic() - began
            needs = seconds_left([trial], took, order.workload)
            if order.budget_s is not None and spent + needs > order.budget_s:
                break
            rest = seconds_left(waiting, took, order.workload)
            bound = rest if order.budget_s is None else order.budget_s - spent
            hooks.on_trial(trial, len(waiting), min(rest, bound))
            try:
                result = checked_against(run_trial(trial, bench, setup.digest), results)
            except Interrupted:
                break
            _require_broker(broker)
            append_line(order.results_file, result)
            results.append(result)
            waiting = waiting[1:]
            hooks.on_result(result)
    return len(waiting)


def _bench(
    order: Order, waiting: Sequence[Trial], broker: RunningBroker, hooks: LabHooks, stop: Event
) -> Bench:
    """The full topics, and what runs on them."""
    settings = order.settings.at_servers(broker.bootstrap_servers)
    topics: dict[int, FrozenTopic] = {}
    for partitions in _topics(order, waiting):
        if stop.is_set():
            break
        records = order.workload.records
        hooks.on_step(f"filling a topic of {partitions} partitions with {records:,} records")
        named = msgspec.structs.replace(settings.kafka, partitions=partitions)
        topics[partitions] = freeze_topic(named, records, stop)
    return Bench(
        settings=settings,
        workload=order.workload,
        work_dir=order.out_dir / WORK_FOLDER,
        broker_pid=broker.pid,
        topic_for=topics.__getitem__,
        stop=stop,
    )


def _topics(order: Order, waiting: Sequence[Trial]) -> list[int]:
    """Partitions of the full topics that are needed; every configuration is looked at."""
    found = set()
    if any(trial.query is Query.EXERCISE for trial in waiting):
        exercise_program()
    for trial in waiting:
        settings = settings_with(order.settings, dict(trial.changes))
        require_settable(settings)
        if trial.kind is Kind.BACKLOG:
            found.add(settings.kafka.partitions)
    return sorted(found)


def _require_broker(broker: RunningBroker) -> None:
    """A trial that failed because the broker is gone is no result."""
    if not broker.is_running():
        raise ChildFailed(
            f"The lab's broker ended.\n{last_lines(broker.log_path)}",
            next_step=f"read {broker.log_path}; running again goes on behind the last trial",
        )
