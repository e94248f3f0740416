"""How long a record takes to be counted, at steady rates, and what a warm batch spends its time on.

    python benchmarks/latency.py --rates 50,1000 --repeats 3 --seconds 60

A latency is wall clock from the send of a record, handed to Kafka's client, to the commit of the
ledger row that covers it. Every run is a fresh `sfcrime stream` with the settings in force on a
new topic of the synthetic city; rates are interleaved. What is measured begins when batch times
are steady: the median of the newest `STEADY_BATCHES` batches with records is no more than
`STEADY_SHARE` below that of as many before them. Every run must be exact.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec
from backlog import open_broker
from rich.console import Console
from rich.table import Table
from usage import Usage, Watch

from sfcrime.errors import StoreUnavailable
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.description import described_machine
from sfcrime.pipeline.part import environment_of_part
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.read_batch import READING_PHASES, STORING_PHASES
from sfcrime.tuning.figures import latencies_ms, percentile, require_exact
from sfcrime.tuning.queries import count_of_store
from sfcrime.tuning.workload import PacedProducer, Sends

STEADY_BATCHES = 20
STEADY_SHARE = 0.05
_STEADY_WITHIN_S = 240.0
_COUNTED_WITHIN_S = 60.0
_STOP_GRACE_S = 30.0
_LOOK_S = 0.5
_ALL = 1_000_000
_AROUND_SINK = "around the sink"
"""Of addBatch: what Spark and the call from the JVM to Python take besides the sink."""


@dataclass(frozen=True, slots=True)
class Run:
    """One rate, once."""

    rate: float
    repeat: int
    warm_s: float
    """From the first send until batch times were steady, the start of the job included."""
    records: int
    """That the latencies are of."""
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    waiting_p50_ms: float
    """Of the same records, from the send to the start of their batch: below 0 where it came
    between the start and the look for new offsets."""
    to_commit_ms: float
    """Median of the batches, from their start to their commit in the store."""
    batches: int
    """With records, begun after the warm-up; the figures below are of them."""
    batch_ms: float
    """Median of Spark's report: with what it writes after the store's commit."""
    fastest_batch_ms: int
    phases_ms: Mapping[str, float]
    """Medians: Spark's phases, the sink's parts of addBatch, and what no phase names."""
    cores_busy: float
    """CPU seconds a second of the stream's processes and the broker."""
    usage: Usage


def measured_run(
    settings: Settings, broker_pid: int, rate: float, repeat: int, seconds: float
) -> Run:
    """Runs the job at a rate, warms it up and measures for `seconds`.

    Raises:
        RuntimeError: it failed, or did not become steady.
        TrialFailed: it was not exact.
    """
    kafka = msgspec.structs.replace(settings.kafka, topic=f"paced-{uuid.uuid4().hex[:12]}")
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder:
        store = msgspec.structs.replace(settings.store, data_dir=folder)
        settings = msgspec.structs.replace(settings, kafka=kafka, store=store)
        child = start_child(
            [sys.executable, "-m", "sfcrime", "stream", "--await-topic"],
            Path(folder) / "stream.log",
            environment=environment_of_part(settings),
        )
        try:
            with Watch([child.pid, broker_pid]) as meter:
                with PacedProducer(kafka, rate) as producer:
                    began_s = time.time()
                    _await_steady(child, settings, producer)
                    since_s = time.time()
                    _send_for(seconds, child, producer)
                    sends = producer.end()
                    until_s = time.time()
                _await_counted(child, settings, sends)
        finally:
            code = child.stop(_STOP_GRACE_S)
        if code:
            raise RuntimeError(f"the stream ended with {code}: {last_lines(child.log_path)}")
        figures = _figures(settings, sends, int(since_s * 1000))
    cpu = meter.cpu_between(since_s, until_s)
    return Run(
        rate=rate,
        repeat=repeat,
        warm_s=round(since_s - began_s, 1),
        cores_busy=round(sum(cpu.values()) / (until_s - since_s), 3),
        usage=meter.usage,
        **figures,
    )


def is_steady(batch_ms: Sequence[int]) -> bool:
    """Whether batches have stopped getting faster.

    Args:
        batch_ms: times of all batches with records, oldest first.
    """
    if len(batch_ms) < 2 * STEADY_BATCHES:
        return False
    newest = statistics.median(batch_ms[-STEADY_BATCHES:])
    before = statistics.median(batch_ms[-2 * STEADY_BATCHES : -STEADY_BATCHES])
    return newest >= (1 - STEADY_SHARE) * before


def _await_steady(child: Child, settings: Settings, producer: PacedProducer) -> None:
    times: list[int] = []
    for reader in _looks(child, settings, _STEADY_WITHIN_S, "had no steady batch times"):
        producer.check()
        newest = reader.progress(4 * STEADY_BATCHES) if reader else []
        times = [batch.duration_ms for batch in reversed(newest) if batch.input_rows]
        if is_steady(times):
            return


def _send_for(seconds: float, child: Child, producer: PacedProducer) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.wait(_LOOK_S) is not None:
            raise RuntimeError(f"the stream ended: {last_lines(child.log_path)}")
        producer.check()


def _await_counted(child: Child, settings: Settings, sends: Sends) -> None:
    for reader in _looks(child, settings, _COUNTED_WITHIN_S, "had not counted all that was sent"):
        if reader is not None and reader.totals().accounting.read >= sends.records:
            return


def _looks(
    child: Child, settings: Settings, within_s: float, else_said: str
) -> Iterator[StoreReader | None]:
    """The store from time to time, None before it is made.

    Raises:
        RuntimeError: the stream ended, or the time is over.
    """
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if child.wait(_LOOK_S) is not None:
            raise RuntimeError(f"the stream ended: {last_lines(child.log_path)}")
        try:
            with open_reader(settings.data_dir / STORE_FILE) as reader:
                yield reader
        except StoreUnavailable:
            yield None
    raise RuntimeError(f"the stream {else_said} within {within_s:.0f} s")


def _figures(settings: Settings, sends: Sends, since_ms: int) -> dict[str, Any]:
    """What the store tells about the records that were sent from a moment on.

    Raises:
        TrialFailed: it is not exact.
    """
    store = settings.data_dir / STORE_FILE
    count = count_of_store(store)
    require_exact(count, sends)
    with open_reader(store) as reader:
        reports = reader.progress()
    started_ms = {report.batch_id: report.started_ms for report in reports}
    # A new store's batches are numbered from 0 on, without holes.
    committed_ms = {number: batch.done_ms for number, batch in enumerate(count.batches)}
    begun = [
        replace(batch, done_ms=started_ms[number])
        for number, batch in enumerate(count.batches)
        if number in started_ms
    ]
    latencies = latencies_ms(sends.at_ms, count.batches, since_ms)
    waiting = latencies_ms(sends.at_ms, begun, since_ms)
    batches = [each for each in reports if each.input_rows and each.started_ms >= since_ms]
    to_commit = [committed_ms[each.batch_id] - each.started_ms for each in batches]
    return {
        "records": len(latencies),
        "p50_ms": percentile(latencies, 0.5),
        "p90_ms": percentile(latencies, 0.9),
        "p99_ms": percentile(latencies, 0.99),
        "max_ms": latencies[-1],
        "waiting_p50_ms": percentile(waiting, 0.5),
        "to_commit_ms": statistics.median(to_commit),
        "batches": len(batches),
        "batch_ms": statistics.median(each.duration_ms for each in batches),
        "fastest_batch_ms": min(each.duration_ms for each in batches),
        "phases_ms": phases_ms(batches),
    }


def phases_ms(batches: Sequence[BatchProgress]) -> dict[str, float]:
    """Medians: Spark's own phases, parts of its addBatch, then what follows while Spark goes on;
    each kind by size, and what no phase names."""
    own = {*READING_PHASES, *STORING_PHASES}
    names = {name for batch in batches for name in batch.phases_ms} - {"triggerExecution"}
    medians = {
        name: statistics.median(batch.phases_ms.get(name, 0) for batch in batches) for name in names
    }
    ordered = sorted(
        medians.items(),
        key=lambda each: (each[0] in own, each[0] in STORING_PHASES, -each[1]),
    )
    return {
        **dict(ordered),
        _AROUND_SINK: statistics.median(
            batch.phases_ms.get("addBatch", 0) - _sum(batch, names.intersection(READING_PHASES))
            for batch in batches
        ),
        "unnamed": statistics.median(
            batch.duration_ms - _sum(batch, names - own) for batch in batches
        ),
    }


def _sum(batch: BatchProgress, names: Iterable[str]) -> int:
    return sum(batch.phases_ms.get(name, 0) for name in names)


def report(runs: Sequence[Run], console: Console) -> dict[str, object]:
    """Prints medians of the repeats; the same as plain values, by rate."""
    table = Table(title="From send to commit, ms; medians of the repeats, their greatest maximum")
    names = ("p50", "p90", "p99", "max", "records", "waiting p50", "batch", "fastest", "cores")
    for heading in ("rate", *names):
        table.add_column(heading, justify="right")
    summary: dict[str, object] = {}
    phases: dict[str, Mapping[str, float]] = {}
    for rate in sorted({run.rate for run in runs}):
        mine = [run for run in runs if run.rate == rate]
        medians = {name: statistics.median(getattr(run, name) for run in mine) for name in _MEDIANS}
        phases[f"{rate:g}/s"] = {
            name: statistics.median(run.phases_ms.get(name, 0) for run in mine)
            for name in mine[0].phases_ms
        }
        figures = {
            **medians,
            "max_ms": max(run.max_ms for run in mine),
            "records": sum(run.records for run in mine),
            "batches": sum(run.batches for run in mine),
            "fastest_batch_ms": min(run.fastest_batch_ms for run in mine),
            "peak_rss_mb": max(run.usage.peak_rss_mb for run in mine),
            "others_cpu_share": statistics.median(run.usage.others_share for run in mine),
        }
        summary[f"{rate:g}/s"] = figures
        table.add_row(
            f"{rate:g}/s",
            *(f"{medians[name]:,.0f}" for name in ("p50_ms", "p90_ms", "p99_ms")),
            f"{figures['max_ms']:,.0f}",
            f"{figures['records']:,}",
            *(f"{medians[name]:,.0f}" for name in ("waiting_p50_ms", "batch_ms")),
            f"{figures['fastest_batch_ms']:,}",
            f"{medians['cores_busy']:.2f}",
        )
    console.print(table)
    console.print(_phase_table(phases))
    return {**summary, **{f"phases at {rate}, ms": found for rate, found in phases.items()}}


_MEDIANS = (
    *("p50_ms", "p90_ms", "p99_ms", "waiting_p50_ms", "to_commit_ms", "batch_ms"),
    *("cores_busy", "warm_s"),
)


def _phase_table(phases: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title="A warm batch by phase, ms; indented: the sink's parts of addBatch")
    table.add_column("phase")
    for rate in phases:
        table.add_column(rate, justify="right")
    for name in dict.fromkeys(name for found in phases.values() for name in found):
        shown = f"  {name}" if name in (*READING_PHASES, *STORING_PHASES, _AROUND_SINK) else name
        table.add_row(shown, *(f"{found.get(name, 0):,.0f}" for found in phases.values()))
    return table


@click.command()
@click.option("--rates", default="50,1000", show_default=True, help="Records a second.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="Measured, after the warm-up.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(rates: str, repeats: int, seconds: float, out: Path | None) -> None:
    """Measure latency at steady rates."""
    console = Console(width=120)
    runs: list[Run] = []
    settings = load_settings({"stream": {"ui_port": 0}})
    with TemporaryDirectory(prefix="sfcrime-broker-") as folder:
        broker, kafka = open_broker(Path(folder))
        settings = msgspec.structs.replace(settings, kafka=kafka)
        with broker:
            for repeat in range(repeats):
                for rate in map(float, rates.split(",")):
                    run = measured_run(settings, broker.pid, rate, repeat, seconds)
                    runs.append(run)
                    console.print(_line(run), highlight=False)
    result = {
        "machine": described_machine(),
        "settings": msgspec.to_builtins(settings.stream),
        "summary": report(runs, console),
        "runs": [asdict(run) for run in runs],
    }
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _line(run: Run) -> str:
    return (
        f"{run.rate:g}/s {run.repeat}: p50 {run.p50_ms:,.0f} ms, p99 {run.p99_ms:,.0f}, "
        f"max {run.max_ms:,.0f} of {run.records:,} records; a batch {run.batch_ms:,.0f} ms; "
        f"warm after {run.warm_s:.0f} s; {run.cores_busy:.2f} cores busy, "
        f"others {run.usage.others_share:.0%} of all CPU"
    )


if __name__ == "__main__":
    main()
