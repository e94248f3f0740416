"""Garbage collectors and heap sizes of the driver's JVM, compared on one backlog.

    python benchmarks/jvm_shapes.py --records 2000000 --repeats 3

The trials are the tuning lab's: a fresh `sfcrime stream` each over one full topic of the synthetic
city, interleaved in random order, each checked for exactness; a shape that cannot do the job, say
for want of memory, is a result. The shape in force runs twice a repeat, and every ratio is to
the mean of those two. What the lab does not measure, the pauses, is read from the JVM's own log.
CPU time is of the second half of the records where that is a batch of its own, memory of all. The
start-up cache is in force for all, though parts of it serve some collectors only.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click
import msgspec
from figures import text_of
from rich.console import Console
from rich.table import Table

from sfcrime.machine.description import described_machine
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.tuning.knobs import Query, differing
from sfcrime.tuning.lab import LabHooks, Order, base_of, run_lab
from sfcrime.tuning.plan import BASE_RUNS, Kind, Trial, Workload, plan_trials
from sfcrime.tuning.results import TrialResult

SHIPPED = "Parallel"
_PAUSE = re.compile(r"Pause .*?([\d.]+)ms$", re.MULTILINE)
_LONG_S = 3600.0
"""No trial is cut short."""
_RATIOS = ("warm_per_s", "whole_per_s", "cpu_us", "peak_mb")
_PAUSES = ("pauses", "pause_share", "longest_pause_ms")


@dataclass(frozen=True, slots=True)
class Run:
    """One trial and its pauses."""

    shape: str
    repeat: int
    failure: str
    """Why there are no figures; empty where there are."""
    warm_per_s: float | None
    """Records a second of the second half; None where it is no batch of its own."""
    whole_per_s: float | None
    cpu_us: float | None
    """CPU microseconds a record of all processes but the broker."""
    peak_mb: float | None
    """Likewise, all of them together at one moment."""
    pauses: int
    pause_share: float | None
    """Of the time in which the topic was counted, warm-up included, how much was pauses."""
    longest_pause_ms: float


class Shapes:
    """The shapes by name, as changes of the lab's base; the first is the base itself."""

    def __init__(
        self, settings: Settings, collectors: Sequence[str], heaps: Sequence[str], grid: bool
    ) -> None:
        own = settings.stream
        base = {"heap": own.heap, "jvm_options": own.jvm_options}
        pairs = list(product(collectors, heaps)) if grid else []
        pairs += [(SHIPPED, own.heap)]
        pairs += [(SHIPPED, heap) for heap in heaps] + [(each, own.heap) for each in collectors]
        self.names: dict[tuple[tuple[str, str], ...], str] = {(): _name(SHIPPED, own.heap)}
        for collector, heap in pairs:
            options = f"{own.jvm_options} {_chosen(collector)}".strip()
            changes = differing({"heap": heap, "jvm_options": options}, base)
            self.names.setdefault(tuple(sorted(changes.items())), _name(collector, heap))

    def of(self, changes: Mapping[str, str]) -> str:
        return self.names[tuple(sorted(changes.items()))]


def _name(collector: str, heap: str) -> str:
    return f"{collector} {heap}"


def _chosen(collector: str) -> str:
    if collector == SHIPPED:
        return ""
    name = collector if collector.endswith("GC") else f"{collector}GC"
    return f"-XX:-Use{SHIPPED}GC -XX:+Use{name}"


def _workload(records: int) -> Workload:
    """All of the topic, its first half as warm-up; nothing paced."""
    return Workload(
        records=records,
        warm_records=records // 2,
        warm_s=_LONG_S,
        measure_s=_LONG_S,
        paced_per_s=1.0,
        paced_warm_s=0.0,
        paced_s=0.0,
    )


def run_of(result: TrialResult, shape: str, log: Path) -> Run:
    """A trial with what its JVM logged; the log is removed."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    log.unlink(missing_ok=True)
    pauses_ms = [float(found) for found in _PAUSE.findall(text)]
    counted_s = result.read / result.whole_per_s if result.whole_per_s else None
    return Run(
        shape=shape,
        repeat=result.run if result.changes else result.run // BASE_RUNS,
        failure=result.failure,
        warm_per_s=result.warm_per_s,
        whole_per_s=result.whole_per_s,
        cpu_us=result.cpu_us,
        peak_mb=result.peak_mb,
        pauses=len(pauses_ms),
        pause_share=sum(pauses_ms) / 1000 / counted_s if counted_s else None,
        longest_pause_ms=max(pauses_ms, default=0.0),
    )


def summary_of(runs: Sequence[Run], shipped: str) -> dict[str, object]:
    """Ratios to the shape in force, then medians, by shape; shapes that failed say why."""
    by_shape: dict[str, list[Run]] = {}
    for run in runs:
        by_shape.setdefault(run.shape, []).append(run)
    ratios: dict[str, object] = {}
    medians: dict[str, object] = {}
    for shape, mine in by_shape.items():
        medians[shape] = _medians(mine)
        for figure in _RATIOS if shape != shipped else ():
            found = _ratios(mine, by_shape.get(shipped, []), figure)
            if found:
                median = statistics.median(found)
                name = f"{figure}, {shape} to {shipped}"
                ratios[name] = {"median": median, "by_repeat": found}
    return ratios | medians


def _ratios(mine: Sequence[Run], shipped: Sequence[Run], figure: str) -> list[float]:
    found = []
    for run in mine:
        same = [getattr(base, figure) for base in shipped if base.repeat == run.repeat]
        same = [value for value in same if value is not None]
        value = getattr(run, figure)
        if same and value is not None:
            found.append(value / statistics.mean(same))
    return found


def _medians(mine: Sequence[Run]) -> dict[str, object]:
    failures = [run.failure for run in mine if run.failure]
    found: dict[str, object] = {"failed": f"{failures[0][:120]}"} if failures else {}
    for name in (*_RATIOS, *_PAUSES):
        values = [getattr(run, name) for run in mine if not run.failure]
        values = [value for value in values if value is not None]
        if values:
            found[name] = statistics.median(values)
    return found


def _print(summary: Mapping[str, object], shipped: str, console: Console) -> None:
    ratios = Table(title=f"Ratios to {shipped}, medians of the repeats")
    table = Table(title="Medians of the repeats")
    for heading in ("shape", *_RATIOS):
        ratios.add_column(heading)
    for heading in ("shape", *_RATIOS, *_PAUSES, "failed"):
        table.add_column(heading)
    for shape, figures in summary.items():
        if not isinstance(figures, dict) or "by_repeat" in figures:
            continue
        found = [summary.get(f"{each}, {shape} to {shipped}") for each in _RATIOS]
        shown = [f"{each['median']:.3f}" if isinstance(each, dict) else "" for each in found]
        ratios.add_row(shape, *shown)
        values = [figures.get(column.header, "") for column in table.columns[1:]]
        table.add_row(shape, *map(text_of, values))
    console.print(ratios)
    console.print(table)


@click.command()
@click.option("--records", default=2_000_000, show_default=True)
@click.option("--repeats", default=3, show_default=True)
@click.option("--collectors", default="Parallel,G1,Serial,Z", show_default=True)
@click.option("--heaps", default="512m,800m,1200m,2g", show_default=True)
@click.option("--grid", is_flag=True, help="Every collector with every heap too.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(  # noqa: PLR0913 - one parameter a flag
    records: int, repeats: int, collectors: str, heaps: str, grid: bool, out: Path | None
) -> None:
    """Compare collectors and heap sizes."""
    console = Console(width=120)
    with TemporaryDirectory(prefix="sfcrime-shapes-") as folder:
        log = Path(folder) / "gc.log"
        settings = base_of(load_settings({"stream": {"ui_port": 0}}))
        logged = f"{settings.stream.jvm_options} -Xlog:gc,gc+phases:file={log}".strip()
        stream = msgspec.structs.replace(settings.stream, jvm_options=logged)
        settings = msgspec.structs.replace(settings, stream=stream)
        shapes = Shapes(settings, collectors.split(","), heaps.split(","), grid)
        runs = _runs(settings, shapes, _workload(records), repeats, log)
    shipped = shapes.names[()]
    summary = summary_of(runs, shipped)
    _print(summary, shipped, console)
    result = {
        "machine": described_machine(),
        "records": records,
        "summary": summary,
        "runs": [asdict(run) for run in runs],
    }
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _runs(settings: Settings, shapes: Shapes, work: Workload, repeats: int, log: Path) -> list[Run]:
    """Runs all trials, and says how each went."""
    tried = [dict(changes) for changes in shapes.names]
    trials = plan_trials({(Query.PRODUCT, Kind.BACKLOG): tried}, repeats, seed=1)
    runs: list[Run] = []

    def on_plan(waiting: int, seconds: float) -> None:
        click.echo(f"{waiting} trials, about {seconds / 60:.0f} min")

    def on_trial(trial: Trial, waiting: int, left_s: float) -> None:
        shape = shapes.of(dict(trial.changes))
        click.echo(f"{len(trials) - waiting + 1}/{len(trials)} {shape}; {left_s / 60:.0f} min left")

    def on_result(result: TrialResult) -> None:
        run = run_of(result, shapes.of(result.changes), log)
        runs.append(run)
        click.echo(f"  {_line(run)}, others {result.others_share:.0%} of all CPU")

    order = Order(settings, work, trials, log.parent / "lab", budget_s=math.inf)
    run_lab(order, LabHooks(on_plan, click.echo, on_trial, on_result), Event())
    return runs


def _line(run: Run) -> str:
    if run.failure:
        return f"failed: {run.failure}"
    return (
        f"{run.warm_per_s or run.whole_per_s or 0:,.0f}/s, CPU {run.cpu_us or 0:.1f} us a record, "
        f"peak {run.peak_mb or 0:,.0f} MB, {run.pauses} pauses, "
        f"{run.pause_share or 0:.1%} of the time, longest {run.longest_pause_ms:.0f} ms"
    )


if __name__ == "__main__":
    main()
