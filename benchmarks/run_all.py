"""Every benchmark, one after another; their figures as one JSON file and one Markdown table.

    python benchmarks/run_all.py --out bench --quick

writes bench.json and bench.md. Each benchmark is a program of its own, told here what to measure;
run alone it takes other values by its own flags. One that fails is named and the others go on; a
peer that is not installed is left out and named as well. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from backlog import REAL_FILE
from figures import Outcome, as_markdown, figures_of, growth
from throughput import STAGES

from sfcrime.machine.description import described_machine

SMALL, LARGE = "backlog, small", "backlog, large"
"""The same job over eight times as many records."""
TRAPS = "the exercise's traps"
_ONCE = "e"
"""The stage that takes longest by far, at a rate that no repeat is needed to tell apart."""
_PAGE = "p"
"""Compared with the job alone, by itself."""
FULL = """
stages               | 24 | throughput.py --records 4000000 --partitions 2 --stages {stages}
as shipped           |  7 | throughput.py --records 4000000 --stages a,d
the exercise         | 14 | throughput.py --records 4000000 --stages d,e --repeats 1
backlog, small       |  3 | throughput.py --records 1000000 --stages d
backlog, large       |  8 | throughput.py --records 8000000 --stages d
page watched         | 14 | throughput.py --records 4000000 --stages d,p
page, API            |  5 | page_api.py
page, events         |  3 | page_events.py
page, on the screen  |  3 | page_screen.py
latency              | 12 | latency.py
first statistic      |  2 | first_statistic.py
idle                 | 14 | idle.py
JVM shapes           | 18 | jvm_shapes.py
audit                |  2 | audit_speed.py
audit, large         | 10 | audit_speed.py --records 10000000 --repeats 1
reading files        |  3 | source_order.py --records 2000000
the exercise's traps |  5 | traps.py {real_file}
"""
"""Name, minutes on two cores, command."""
QUICK = """
stages          |   2 | throughput.py --records 100000 --partitions 2 --stages {stages} --repeats 1
as shipped      |   1 | throughput.py --records 100000 --stages a,d --repeats 1
the exercise    |   2 | throughput.py --records 100000 --stages d,e --repeats 1
backlog, small  | 0.5 | throughput.py --records 50000 --stages d --repeats 1
backlog, large  | 0.7 | throughput.py --records 400000 --stages d --repeats 1
page watched    |   1 | throughput.py --records 100000 --stages d,p --repeats 1
page, API       | 0.5 | page_api.py --cells 100000 --requests 5
page, events    | 0.5 | page_events.py --clients 50 --stalled 5 --seconds 5 --cells 20000
page, on the screen | 1 | page_screen.py --seconds 10 --warm 5 --paints 2
latency         | 2.5 | latency.py --seconds 10 --repeats 1
first statistic | 0.3 | first_statistic.py --repeats 1
idle            |   3 | idle.py --minutes 0.3 --settle 10 --records 10000
JVM shapes      |   3 | jvm_shapes.py --records 100000 --heaps 512m --repeats 1
audit           | 0.7 | audit_speed.py --records 50000 --repeats 1
reading files   | 0.3 | source_order.py --records 50000
"""
_REPEATED = tuple(name for name in STAGES if name not in (_ONCE, _PAGE))
_QUICK_ENVIRONMENT = {"EXERCISE_BATCHES": "10"}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One program, and how long it takes on two cores."""

    name: str
    minutes: float
    arguments: Sequence[str]
    """The script in this folder, and its flags."""


def benchmarks(listed: str) -> list[Benchmark]:
    """What a list above says, in its order."""
    found = []
    for line in listed.strip().splitlines():
        name, minutes, command = (part.strip() for part in line.split("|"))
        filled = command.format(stages=",".join(_REPEATED), real_file=shlex.quote(str(REAL_FILE)))
        found.append(Benchmark(name, float(minutes), shlex.split(filled)))
    return found


def run(benchmark: Benchmark, environment: Mapping[str, str]) -> Outcome:
    """Runs one to its end; what it prints goes where ours does."""
    began = time.monotonic()
    script, *flags = benchmark.arguments
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder:
        out = Path(folder) / "out.json"
        code = subprocess.call(
            [sys.executable, str(Path(__file__).with_name(script)), *flags, "--out", str(out)],
            env={**os.environ, **environment},
        )
        ended = out.is_file() and code == 0
        return Outcome(
            command=shlex.join(["python", f"benchmarks/{script}", *flags]),
            seconds=round(time.monotonic() - began, 1),
            failure="" if ended else f"exit code {code}",
            document=json.loads(out.read_text(encoding="utf-8")) if ended else {},
        )


@click.command()
@click.option("--quick", is_flag=True, help="Few records, one repeat: whether everything runs.")
@click.option("--only", default="", help="Names of benchmarks, with semicolons between.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("bench"),
    show_default=True,
    help="Takes the result, as .json and .md.",
)
def main(quick: bool, only: str, out: Path) -> None:
    """Run all benchmarks."""
    waiting, not_run = benchmarks(QUICK if quick else FULL), {}
    if not REAL_FILE.is_file() and not quick:
        waiting = [each for each in waiting if each.name != TRAPS]
        not_run[TRAPS] = "the real file does not lie beside the project"
        click.echo(f"left out: {TRAPS} ({not_run[TRAPS]})")
    if only:
        waiting = _chosen(waiting, only.split(";"))
    outcomes: dict[str, Outcome] = {}
    for number, benchmark in enumerate(waiting):
        left = _minutes_left(waiting, list(outcomes.values()))
        click.echo(f"[{number + 1}/{len(waiting)}] {benchmark.name}; about {left:.0f} min left")
        outcomes[benchmark.name] = run(benchmark, _QUICK_ENVIRONMENT if quick else {})
        if benchmark.name == "stages":
            not_run |= stages_left_out(outcomes[benchmark.name])
        _write(out, outcomes, not_run)
    click.echo(f"written: {out.with_suffix('.json')}, {out.with_suffix('.md')}")
    failed = [name for name, outcome in outcomes.items() if outcome.failure]
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


def _chosen(benchmarks: Sequence[Benchmark], names: Sequence[str]) -> list[Benchmark]:
    """Those of the names, in their own order.

    Raises:
        click.UsageError: a name is none of theirs.
    """
    known = [benchmark.name for benchmark in benchmarks]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"there is no {', '.join(unknown)}, but: {'; '.join(known)}")
    return [benchmark for benchmark in benchmarks if benchmark.name in names]


def stages_left_out(outcome: Outcome) -> dict[str, str]:
    """The peers that are not installed; throughput.py says so when it begins."""
    ran = outcome.document.get("summary", STAGES)
    missing = [stage for stage in _REPEATED if stage not in ran]
    return {f"stage {stage}, {STAGES[stage]}": "it is not installed" for stage in missing}


def _minutes_left(all_of_them: Sequence[Benchmark], done: Sequence[Outcome]) -> float:
    """By what is listed, at the pace of those that are done."""
    listed = sum(benchmark.minutes for benchmark in all_of_them[: len(done)])
    spent = sum(outcome.seconds for outcome in done) / 60
    rest = sum(benchmark.minutes for benchmark in all_of_them[len(done) :])
    return rest * (spent / listed if listed else 1.0)


def _write(out: Path, outcomes: Mapping[str, Outcome], not_run: Mapping[str, str]) -> None:
    """Again after every benchmark, so that a long run that is ended leaves what it has."""
    machine = described_machine()
    figures = []
    if {SMALL, LARGE} <= outcomes.keys():
        figures += growth(outcomes[SMALL].document, outcomes[LARGE].document)
    for name, outcome in outcomes.items():
        figures += figures_of(name, outcome.document)
    document = {
        "machine": machine,
        "figures": [asdict(figure) for figure in figures],
        "benchmarks": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "not_run": dict(not_run),
    }
    out.with_suffix(".json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    table = as_markdown(machine, figures, outcomes, not_run)
    out.with_suffix(".md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
