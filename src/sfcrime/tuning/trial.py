"""Runs one trial: `sfcrime stream` in a process of its own, on a data folder of its own."""

from __future__ import annotations

import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import ChildFailed, SfcrimeError, StoreUnavailable
from sfcrime.jvm.child import Child, last_lines, start_child
from sfcrime.pipeline.supervisor import environment_of_part
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import Totals
from sfcrime.tuning.figures import (
    LEDGER_ROWS,
    Sent,
    TrialFailed,
    backlog_figures,
    paced_figures,
)
from sfcrime.tuning.knobs import settings_with
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.scales import Workload
from sfcrime.tuning.workload import FrozenTopic, PacedProducer

FIRST_COMMIT_S = 180.0
"""A trial that has committed nothing by then has failed."""
_MOST_MEASURED = 6
"""A backlog trial with fewer than `_LEAST_BATCHES` may take so many times its measuring time."""
_LEAST_BATCHES = 3
_STOP_GRACE_S = 60.0
"""A stop waits for the batch in hand, which may be all of a topic."""
_LOOK_S = 0.2
_LOG_LINES = 200
_EXCEPTION = re.compile(r"[\w.$]+(Exception|Error): .+")


class Interrupted(Exception):
    """The lab is to stop: the trial under way does not count."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials are run with."""

    settings: Settings
    """The base, with the lab's own broker."""
    workload: Workload
    work_dir: Path
    broker_pid: int
    topic_for: Callable[[int], FrozenTopic]
    """A full topic of so many partitions."""
    stop: Event


def run_trial(trial: Trial, bench: Bench, setup: str) -> TrialResult:
    """Runs a trial to its end. What goes wrong with it is in the result.

    Call it from the main thread: Linux ends the stream with the thread that started it.

    Args:
        trial: what is tried.
        bench: what it is tried with.
        setup: digest of the setup, noted in the result.

    Raises:
        Interrupted: a stop was asked for.
    """
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    known = TrialResult(
        setup=setup, changes=dict(trial.changes), kind=trial.kind, run=trial.run, at=at, seconds=0.0
    )
    data_dir = bench.work_dir / "t"
    shutil.rmtree(data_dir, ignore_errors=True)
    try:
        settings = settings_with(bench.settings, known.changes)
        settings = _on(settings, data_dir)
        run = _run_backlog if trial.kind is Kind.BACKLOG else _run_paced
        result = run(known, settings, bench)
    except (TrialFailed, SfcrimeError) as error:
        result = msgspec.structs.replace(known, failure=str(error).strip())
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    return msgspec.structs.replace(result, seconds=round(time.monotonic() - began, 1))


def _on(settings: Settings, data_dir: Path) -> Settings:
    replace = msgspec.structs.replace
    store = replace(settings.store, data_dir=str(data_dir), progress_rows=LEDGER_ROWS)
    return replace(settings, store=store, stream=replace(settings.stream, ui_port=0))


def _run_backlog(known: TrialResult, settings: Settings, bench: Bench) -> TrialResult:
    topic = bench.topic_for(settings.kafka.partitions)
    settings = msgspec.structs.replace(settings, kafka=topic.kafka)
    child = _start(settings, "--until-caught-up")
    with UsageMeter([child.pid, bench.broker_pid]) as meter:
        try:
            _await_backlog(child, settings, bench)
        finally:
            code = child.stop(_STOP_GRACE_S)
    _require_end(child, code)
    return backlog_figures(known, _store(settings), bench.workload, topic.expected, meter)


def _run_paced(known: TrialResult, settings: Settings, bench: Bench) -> TrialResult:
    kafka = msgspec.structs.replace(settings.kafka, topic=f"paced-{uuid.uuid4().hex[:12]}")
    settings = msgspec.structs.replace(settings, kafka=kafka)
    child = _start(settings, "--await-topic")
    with UsageMeter([child.pid, bench.broker_pid]) as meter:
        try:
            with PacedProducer(kafka, bench.workload.paced_per_s) as producer:
                sent = _await_paced(child, settings, bench, producer)
        finally:
            code = child.stop(_STOP_GRACE_S)
    _require_end(child, code)
    return paced_figures(known, _store(settings), sent, meter)


def _store(settings: Settings) -> Path:
    return settings.data_dir / STORE_FILE


def _start(settings: Settings, *flags: str) -> Child:
    return start_child(
        [sys.executable, "-m", "sfcrime", "stream", *flags],
        settings.data_dir / "stream.log",
        environment=environment_of_part(settings),
    )


def _await_backlog(child: Child, settings: Settings, bench: Bench) -> None:
    """Until the topic is counted, or enough of it was."""
    workload, first, warm = bench.workload, 0.0, None
    for now, totals in _looks(child, settings, bench):
        read, batches = (totals.accounting.read, totals.batches) if totals else (0, 0)
        if not read:
            continue
        first = first or now
        if warm is None and (read >= workload.warm_records or now >= first + workload.warm_s):
            warm = (now, batches)
        if warm is not None:
            took, measured = now - warm[0], batches - warm[1]
            if took >= workload.measure_s * (1 if measured >= _LEAST_BATCHES else _MOST_MEASURED):
                return


def _await_paced(child: Child, settings: Settings, bench: Bench, producer: PacedProducer) -> Sent:
    """Until what was sent in the measuring time is counted."""
    workload, first, since_ms, sends = bench.workload, 0.0, 0, None
    for now, totals in _looks(child, settings, bench):
        read = totals.accounting.read if totals else 0
        producer.check()
        if not read:
            continue
        first = first or now
        if not since_ms and now >= first + workload.paced_warm_s:
            since_ms = time.time_ns() // 1_000_000
        if sends is None and now >= first + workload.paced_warm_s + workload.paced_s:
            sends, ended = producer.end(), now
        if sends is not None:
            if read >= sends.count:
                return Sent(sends, since_ms)
            if now > ended + FIRST_COMMIT_S:
                raise TrialFailed(f"{sends.count - read} records sent were never counted")
    raise TrialFailed(
        f"the stream ended by itself: {reason_in(last_lines(child.log_path, _LOG_LINES))}"
    )


def _looks(child: Child, settings: Settings, bench: Bench) -> Iterable[tuple[float, Totals | None]]:
    """Looks at the ledger from time to time while the stream runs: the clock, and its totals.

    Raises:
        TrialFailed: nothing was committed for too long.
        Interrupted: a stop was asked for.
    """
    began, seen = time.monotonic(), False
    while child.is_running():
        if bench.stop.wait(_LOOK_S):
            raise Interrupted
        now, totals = time.monotonic(), _totals(settings)
        seen = seen or bool(totals and totals.accounting.read)
        if not seen and now > began + FIRST_COMMIT_S:
            raise TrialFailed(f"it counted nothing within {FIRST_COMMIT_S:.0f} s")
        yield now, totals


def _totals(settings: Settings) -> Totals | None:
    try:
        with open_reader(_store(settings)) as reader:
            return reader.totals()
    except StoreUnavailable:  # not made yet
        return None


def _require_end(child: Child, code: int) -> None:
    if code != 0:
        said = reason_in(last_lines(child.log_path, _LOG_LINES))
        raise ChildFailed(f"The stream ended with exit code {code}: {said}")


def reason_in(log: str) -> str:
    """What a log says went wrong: an error of ours, else the last exception that is named."""
    lines = log.splitlines()
    ours = [at for at, line in enumerate(lines) if line.startswith("error: ")]
    if ours:
        return "\n".join(lines[ours[-1] :]).removeprefix("error: ")
    named = [found[0] for line in lines if (found := _EXCEPTION.search(line))]
    return named[-1] if named else (lines or ["it said nothing"])[-1]
