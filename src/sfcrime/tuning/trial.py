"""Runs one trial: a query in a process of its own, on a data folder of its own."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import SfcrimeError
from sfcrime.kafka.broker import RunningBroker
from sfcrime.machine.child import Child, last_lines
from sfcrime.machine.clock import now_ms
from sfcrime.machine.usage import UsageMeter
from sfcrime.settings import Settings
from sfcrime.tuning.figures import OWN, TrialFailed, backlog_figures, paced_figures
from sfcrime.tuning.knobs import Query, options_with, settings_with
from sfcrime.tuning.plan import Kind, Trial, Workload
from sfcrime.tuning.queries import LEDGER_ROWS, RunningQuery, start_exercise, start_product
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.workload import PacedProducer, Sends, backlog_topic

FIRST_COMMIT_S = 180.0
"""A trial that has counted nothing by then has failed."""
_MOST_MEASURED = 6
"""A backlog trial of no more than `_LEAST_BATCHES` may take so many times its time."""
_LEAST_BATCHES = 3
_STOP_GRACE_S = 60.0
"""A stop waits for the batch in hand, which may be all of a topic."""
_LOOK_S = 0.2
_LOG_LINES = 40
"""A Java error stands above its some twenty frames."""


class Interrupted(Exception):
    """The lab is to stop: the trial under way does not count."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials are run with."""

    settings: Settings
    """The base, with the lab's own broker."""
    workload: Workload
    work_dir: Path
    broker: RunningBroker
    topics: Mapping[int, Sends]
    """What the full topics hold, by how many partitions they have."""
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
        settings = _on(settings_with(bench.settings, known.changes), data_dir)
        run = _run_backlog if trial.kind is Kind.BACKLOG else _run_paced
        result = run(known, settings, bench)
    except TrialFailed as error:
        result = msgspec.structs.replace(known, failure=str(error), log=error.log)
    except SfcrimeError as error:
        result = msgspec.structs.replace(known, failure=str(error))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    return msgspec.structs.replace(result, seconds=round(time.monotonic() - began, 1))


def _on(settings: Settings, data_dir: Path) -> Settings:
    replace = msgspec.structs.replace
    settings = settings.in_folder(data_dir)
    store = replace(settings.store, progress_rows=LEDGER_ROWS)
    return replace(settings, store=store, stream=replace(settings.stream, ui_port=0))


def _run_backlog(known: TrialResult, settings: Settings, bench: Bench) -> TrialResult:
    partitions, workload = settings.kafka.partitions, bench.workload
    settings = settings.of_topic(backlog_topic(workload.records, partitions))
    query = _started(known, settings, ["--until-caught-up"])
    with _metered(query, bench) as meter:
        _await_backlog(query, bench)
    return backlog_figures(known, query.count(), workload, bench.topics[partitions], meter)


def _run_paced(known: TrialResult, settings: Settings, bench: Bench) -> TrialResult:
    settings = settings.of_topic(f"paced-{uuid.uuid4().hex[:12]}")
    query = _started(known, settings, ["--await-topic"])
    with (
        _metered(query, bench) as meter,
        PacedProducer(settings.kafka, bench.workload.paced_per_s) as producer,
    ):
        sends = _await_paced(query, bench, producer)
    return paced_figures(known, query.count(), sends, meter)


def _started(known: TrialResult, settings: Settings, flags: Sequence[str]) -> RunningQuery:
    """Starts the query that a trial is of; `flags` are the product's."""
    if known.query is Query.EXERCISE:
        return start_exercise(settings, options_with(known.changes))
    return start_product(settings, flags)


@contextmanager
def _metered(query: RunningQuery, bench: Bench) -> Iterator[UsageMeter]:
    """Watches a query while the block runs, and ends it with the block.

    Raises:
        TrialFailed: it did not end well.
    """

    def role_of(pid: int) -> str:
        return "broker" if pid == bench.broker.pid else OWN

    with UsageMeter([query.child.pid, bench.broker.pid], role_of) as meter:
        try:
            yield meter
        finally:
            code = query.stop(_STOP_GRACE_S)
    if code != 0:
        raise _ended(query.child)


def _ended(child: Child) -> TrialFailed:
    reason = f"The stream ended with exit code {child.exit_code}."
    return TrialFailed(reason, last_lines(child.log_path, _LOG_LINES))


def _await_backlog(query: RunningQuery, bench: Bench) -> None:
    """Until the topic's records are counted, or enough of them were."""
    enough_s = bench.workload.warm_s + bench.workload.measure_s
    for passed_s, read, batches in _looks(query, bench):
        most = 1 if batches > _LEAST_BATCHES else _MOST_MEASURED
        if read >= bench.workload.records or passed_s >= most * enough_s:
            return


def _await_paced(query: RunningQuery, bench: Bench, producer: PacedProducer) -> Sends:
    """Until what was sent in the measuring time is counted.

    Raises:
        TrialFailed: the query ended by itself, or did not count what was sent.
    """
    workload, sends = bench.workload, None
    for passed_s, read, _ in _looks(query, bench):
        producer.check()
        if not producer.sends.since_ms and passed_s >= workload.paced_warm_s:
            producer.sends.since_ms = now_ms()
        if sends is None and passed_s >= workload.paced_warm_s + workload.paced_s:
            sends, ended_s = producer.end(), passed_s
        if sends is not None:
            missing = sends.records - read
            if missing <= 0:
                return sends
            if passed_s > ended_s + FIRST_COMMIT_S:
                raise TrialFailed(f"{missing} records sent were never counted")
    raise _ended(query.child)


def _looks(query: RunningQuery, bench: Bench) -> Iterator[tuple[float, int, int]]:
    """Looks from time to time how far a query is while it runs.

    Returns:
        Seconds since something was first seen to be counted, records and batches by now.

    Raises:
        TrialFailed: nothing was counted for too long.
        Interrupted: a stop was asked for.
    """
    began, first = time.monotonic(), 0.0
    while not bench.stop.wait(_LOOK_S):
        if not query.child.is_running():
            return
        now, (read, batches) = time.monotonic(), query.reached()
        if read:
            first = first or now
            yield now - first, read, batches
        elif now > began + FIRST_COMMIT_S:
            raise TrialFailed(f"it counted nothing within {FIRST_COMMIT_S:.0f} s")
    raise Interrupted
