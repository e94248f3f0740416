"""Runs one trial: `sfcrime stream` in a process of its own, on a data folder of its own."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
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
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import CellCount, Totals
from sfcrime.tuning.knobs import settings_with
from sfcrime.tuning.measure import (
    Expected,
    Stretch,
    inexactness,
    latencies_ms,
    percentile,
    warm_stretch,
    whole_stretch,
)
from sfcrime.tuning.plan import Kind, Trial, Workload
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.workload import FrozenTopic, PacedProducer, Sends

FIRST_COMMIT_S = 180.0
"""A trial that has committed nothing by then has failed."""
_MOST_MEASURED = 6
"""A backlog trial with fewer than `_LEAST_BATCHES` may take so many times its measuring time."""
_LEAST_BATCHES = 3
_STOP_GRACE_S = 60.0
"""A stop waits for the batch in hand, which may be all of a topic."""
_LOOK_S = 0.2
_LEDGER_ROWS = 1_000_000
_LOG_LINES = 200
_EXCEPTION = re.compile(r"[\w.$]+(Exception|Error): .+")


class TrialFailed(Exception):
    """A trial that gives no figures; becomes a result."""


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


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a paced trial was fed with."""

    sends: Sends
    since_ms: int
    """Records sent before belong to the warm-up."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the store and the process tree tell."""

    totals: Totals
    warm: Stretch | None
    whole: Stretch
    latencies: list[int]
    cells: str


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
    store = replace(settings.store, data_dir=str(data_dir), progress_rows=_LEDGER_ROWS)
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
    found = _measured(settings, bench.workload, topic.expected, None)
    return _with_usage(_with_rates(known, found), meter, found.warm or found.whole)


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
    found = _measured(settings, bench.workload, sent.sends.expected, sent)
    if not found.latencies:
        raise TrialFailed("no record was sent and counted behind the warm-up")
    start_s = sent.since_ms / 1000
    end_s = max(times[-1] for times in sent.sends.at_ms.values()) / 1000
    return msgspec.structs.replace(
        _with_usage(known, meter, None),
        read=found.totals.accounting.read,
        batches=found.totals.batches,
        p50_ms=percentile(found.latencies, 0.5),
        p99_ms=percentile(found.latencies, 0.99),
        latencies=len(found.latencies),
        cpu_share=round(_own(meter.cpu_between(start_s, end_s)) / (end_s - start_s or 1.0), 3),
    )


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


def _await_paced(child: Child, settings: Settings, bench: Bench, producer: PacedProducer) -> _Sent:
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
                return _Sent(sends, since_ms)
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
        with open_reader(settings.data_dir / STORE_FILE) as reader:
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


def _measured(
    settings: Settings,
    workload: Workload,
    expected: Expected,
    sent: _Sent | None,
) -> _Measured:
    """What the store tells, once it is known to be exact.

    Raises:
        TrialFailed: it is not.
    """
    with open_reader(settings.data_dir / STORE_FILE) as reader:
        totals, ledger = reader.totals(), reader.partition_ledger()
        cells = list(reader.cells())
        calls = sum(cell.calls for cell in cells)
        wrong = inexactness(ledger, totals.accounting, calls, expected)
        if wrong:
            raise TrialFailed(f"not exact: {wrong}")
        rows = reader.ledger_rows(_LEDGER_ROWS)
        committed = {row.batch_id: row.committed_ms for row in rows}
        latencies = []
        if sent is not None:
            latencies = latencies_ms(
                sent.sends.at_ms, reader.batch_ranges(), committed, sent.since_ms
            )
        whole = totals.accounting.read == sum(expected.length.values())
        return _Measured(
            totals=totals,
            warm=warm_stretch(rows, workload),
            whole=whole_stretch(rows, _first_batch_began_ms(reader)),
            latencies=latencies,
            cells=_digest(cells) if whole and sent is None else "",
        )


def _first_batch_began_ms(reader: StoreReader) -> int:
    """By Spark's report; where it did not come any more, the query's own beginning."""
    first = [report for report in reader.progress() if report.batch_id == 0]
    return first[0].started_ms if first else reader.generation().created_ms


def _digest(cells: Iterable[CellCount]) -> str:
    hashed = hashlib.sha256()
    for cell in cells:
        hashed.update(f"{tuple(cell)}\n".encode())
    return hashed.hexdigest()[:16]


def _with_rates(known: TrialResult, found: _Measured) -> TrialResult:
    return msgspec.structs.replace(
        known,
        read=found.totals.accounting.read,
        batches=found.totals.batches,
        warm_per_s=round(found.warm.per_s, 1) if found.warm else None,
        whole_per_s=round(found.whole.per_s, 1),
        cells=found.cells,
    )


def _with_usage(known: TrialResult, meter: UsageMeter, over: Stretch | None) -> TrialResult:
    """With memory, and CPU time a record where a stretch is given."""
    usage, cpu_us = meter.usage, None
    if over is not None and over.records:
        cpu_s = _own(meter.cpu_between(over.start_ms / 1000, over.end_ms / 1000))
        cpu_us = round(cpu_s * 1e6 / over.records, 2)
    return msgspec.structs.replace(
        known,
        cpu_us=cpu_us,
        peak_mb=round(_own(usage.peak_rss_mb_by_role), 1),
        others_share=round(usage.others_share, 3),
    )


def _own(by_role: Mapping[str, float]) -> float:
    """The sum without the broker, which all trials share."""
    return sum(value for role, value in by_role.items() if role != "broker")
