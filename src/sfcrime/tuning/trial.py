"""Runs one trial: a query in a process of its own, on a data folder of its own."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import ChildFailed, SfcrimeError
from sfcrime.machine.child import Child, last_lines
from sfcrime.settings import Settings
from sfcrime.tuning.exercise_query import ExerciseQuery, start_exercise
from sfcrime.tuning.figures import Sent, TrialFailed, backlog_figures, paced_figures
from sfcrime.tuning.knobs import Query, options_with, settings_with
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.product_query import LEDGER_ROWS, ProductQuery, start_product
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.scales import Workload
from sfcrime.tuning.workload import FrozenTopic, PacedProducer

FIRST_COMMIT_S = 180.0
"""A trial that has counted nothing by then has failed."""
_MOST_MEASURED = 6
"""A backlog trial with fewer than `_LEAST_BATCHES` may take so many times its measuring time."""
_LEAST_BATCHES = 3
_STOP_GRACE_S = 60.0
"""A stop waits for the batch in hand, which may be all of a topic."""
_LOOK_S = 0.2
_LOG_LINES = 200
_EXCEPTION = re.compile(r"[\w.$]+(Exception|Error): .+")


RunningQuery = ProductQuery | ExerciseQuery


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
        setup=setup,
        query=trial.query,
        changes=dict(trial.changes),
        kind=trial.kind,
        run=trial.run,
        at=at,
        seconds=0.0,
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
    query = _started(known, settings, ["--until-caught-up"])
    records = sum(topic.expected.length.values())
    with UsageMeter([query.child.pid, bench.broker_pid]) as meter:
        try:
            _await_backlog(query, records, bench)
        finally:
            code = query.stop(_STOP_GRACE_S)
    _require_end(query.child, code)
    return backlog_figures(known, query.count(), bench.workload, topic.expected, meter)


def _run_paced(known: TrialResult, settings: Settings, bench: Bench) -> TrialResult:
    kafka = msgspec.structs.replace(settings.kafka, topic=f"paced-{uuid.uuid4().hex[:12]}")
    settings = msgspec.structs.replace(settings, kafka=kafka)
    query = _started(known, settings, ["--await-topic"])
    with UsageMeter([query.child.pid, bench.broker_pid]) as meter:
        try:
            with PacedProducer(kafka, bench.workload.paced_per_s) as producer:
                sent = _await_paced(query, bench, producer)
        finally:
            code = query.stop(_STOP_GRACE_S)
    _require_end(query.child, code)
    return paced_figures(known, query.count(), sent, meter)


def _started(known: TrialResult, settings: Settings, flags: Sequence[str]) -> RunningQuery:
    """Starts the query that a trial is of; `flags` are the product's."""
    if known.query is Query.EXERCISE:
        return start_exercise(settings, options_with(known.changes))
    return start_product(settings, flags)


def _await_backlog(query: RunningQuery, records: int, bench: Bench) -> None:
    """Until the topic's records are counted, or enough of them were."""
    workload, first, warm = bench.workload, 0.0, None
    for now, read, batches in _looks(query, bench):
        if not read:
            continue
        if read >= records:
            return
        first = first or now
        if warm is None and (read >= workload.warm_records or now >= first + workload.warm_s):
            warm = (now, batches)
        if warm is not None:
            took, measured = now - warm[0], batches - warm[1]
            if took >= workload.measure_s * (1 if measured >= _LEAST_BATCHES else _MOST_MEASURED):
                return


def _await_paced(query: RunningQuery, bench: Bench, producer: PacedProducer) -> Sent:
    """Until what was sent in the measuring time is counted."""
    workload, first, since_ms, sends = bench.workload, 0.0, 0, None
    for now, read, _ in _looks(query, bench):
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
    said = reason_in(last_lines(query.child.log_path, _LOG_LINES))
    raise TrialFailed(f"the stream ended by itself: {said}")


def _looks(query: RunningQuery, bench: Bench) -> Iterable[tuple[float, int, int]]:
    """Looks from time to time how far a query is while it runs: the clock, records, batches.

    Raises:
        TrialFailed: nothing was counted for too long.
        Interrupted: a stop was asked for.
    """
    began, seen = time.monotonic(), False
    while query.child.is_running():
        if bench.stop.wait(_LOOK_S):
            raise Interrupted
        now, (read, batches) = time.monotonic(), query.reached()
        seen = seen or read > 0
        if not seen and now > began + FIRST_COMMIT_S:
            raise TrialFailed(f"it counted nothing within {FIRST_COMMIT_S:.0f} s")
        yield now, read, batches


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
