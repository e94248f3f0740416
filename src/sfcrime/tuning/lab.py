"""Runs a plan's trials against one broker, one after another, and keeps what became of each.

A run that was ended goes on where it stopped: the results file tells what is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import jar_paths
from sfcrime.jvm.java import find_java, java_version
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.machine.description import described_machine
from sfcrime.machine.own_folder import FolderKind, remove_folder, take_alone
from sfcrime.settings import Settings
from sfcrime.settings_loading import as_environment
from sfcrime.spark.properties import require_settable
from sfcrime.tuning.knobs import Query, base_values, settings_with
from sfcrime.tuning.plan import Kind, Trial, Workload
from sfcrime.tuning.queries import exercise_program
from sfcrime.tuning.results import (
    RESULTS_FILE,
    Setup,
    TrialResult,
    append_line,
    checked_against,
    not_run,
    read_results,
    seconds_left,
)
from sfcrime.tuning.trial import Bench, Interrupted, run_trial
from sfcrime.tuning.workload import freeze_topic, open_city

WORK_FOLDER = "work"
_LAB_FOLDER = FolderKind("lab's folder", "--out", (RESULTS_FILE,), private=False)
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
    budget_s: float
    """As of a `Scale`."""

    @property
    def results_file(self) -> Path:
        return self.out_dir / RESULTS_FILE

    @property
    def work_dir(self) -> Path:
        return self.out_dir / WORK_FOLDER


@dataclass(frozen=True, slots=True)
class LabHooks:
    """Whom the lab tells what it does."""

    on_plan: Callable[[int, float], None]
    """Before anything is done: how many trials wait, and about how many seconds they take."""
    on_step: Callable[[str], None]
    on_trial: Callable[[Trial, int, float], None]
    """A trial begins: it, how many wait with it, and seconds until all of them are over."""
    on_result: Callable[[TrialResult], None]


def base_of(settings: Settings) -> Settings:
    """The settings in force as the lab uses them: with a broker of its own, and the usual rules.

    Raises:
        UsageError: this system does not tell what processes use.
    """
    if not Path("/proc/self/stat").is_file():
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
    # Two runs on one machine share their setup, though it was described at another moment.
    machine = {name: said for name, said in described_machine().items() if name != "taken"}
    kafka = next(p.stem for p in jar_paths("kafka", settings.jvm) if p.stem.startswith("kafka_"))
    machine["java"] = java_version(find_java(settings.jvm))
    machine["kafka"] = kafka.rpartition("-")[2]
    return Setup(
        machine=machine,
        workload=workload,
        base={query: base_values(settings, query) for query in Query},
        settings={
            name: value
            for name, value in as_environment(settings).items()
            if name.startswith(_SHAPING) and name != _NOT_SHAPING
        },
        source=open_city().identity.title,
    )


def run_lab(order: Order, hooks: LabHooks, stop: Event) -> int:
    """Runs the trials that were not run yet, as far as time allows.

    Call it from the main thread: Linux ends children with the thread that started them.

    Returns:
        How many trials of the order are still not run.

    Raises:
        AlreadyRunning: another lab works in the same folder.
        UsageError: a trial's configuration cannot be, the exercise's query is not here, or the
            folder is not ours (see `take_folder`). Then nothing was done.
        SfcrimeError: the broker failed. A trial that fails is a result.
    """
    setup = setup_of(order.settings, order.workload)
    _, results = read_results(order.results_file, setup)
    waiting = not_run(order.trials, results)
    partitions = _partitions_needed(order.settings, waiting)
    seconds = seconds_left(len(waiting), results, order.workload)
    hooks.on_plan(len(waiting), min(seconds, order.budget_s))
    instead = "wait for it to end, or stop it"
    with take_alone(order.out_dir, _LAB_FOLDER, "`sfcrime tune`", next_step=instead):
        newest, _ = read_results(order.results_file)
        if newest != setup:
            append_line(order.results_file, setup)
        if waiting:
            broker = start_broker(order.settings.in_folder(order.work_dir), hooks.on_step)
            with broker as running:
                bench = _bench(order, partitions, running, hooks, stop)
                _run_waiting(order, bench, setup.digest, results, hooks)
            remove_folder(order.work_dir)
    return len(not_run(order.trials, results))


def _run_waiting(
    order: Order, bench: Bench, setup: str, results: list[TrialResult], hooks: LabHooks
) -> None:
    """Adds to the results, in memory and in the file, until a stop or the budget's end."""
    ends_s = time.monotonic() + order.budget_s
    while waiting := not_run(order.trials, results):
        budget_s = ends_s - time.monotonic()
        if bench.stop.is_set() or seconds_left(1, results, order.workload) > budget_s:
            return
        left_s = min(seconds_left(len(waiting), results, order.workload), budget_s)
        hooks.on_trial(waiting[0], len(waiting), left_s)
        try:
            result = run_trial(waiting[0], bench, setup)
        except Interrupted:
            return
        bench.broker.require_running()  # what failed for want of it is no result
        results.append(checked_against(result, results))
        append_line(order.results_file, results[-1])
        hooks.on_result(results[-1])


def _bench(
    order: Order, partitions: Sequence[int], broker: RunningBroker, hooks: LabHooks, stop: Event
) -> Bench:
    """The full topics, and what runs on them."""
    settings, records = order.settings.at_servers(broker.bootstrap_servers), order.workload.records
    topics = {}
    for number in partitions:
        hooks.on_step(f"filling a topic of {number} partitions with {records:,} records")
        named = msgspec.structs.replace(settings.kafka, partitions=number)
        topics[number] = freeze_topic(named, records, stop)
    return Bench(settings, order.workload, order.work_dir, broker, topics, stop)


def _partitions_needed(base: Settings, waiting: Sequence[Trial]) -> list[int]:
    """How many partitions the full topics have; every configuration is looked at."""
    found = set()
    for trial in waiting:
        if trial.query is Query.EXERCISE:
            exercise_program()
        settings = settings_with(base, dict(trial.changes))
        require_settable(settings)
        if trial.kind is Kind.BACKLOG:
            found.add(settings.kafka.partitions)
    return sorted(found)
