"""How fast the job counts a backlog, against what Spark's bare Kafka read reaches in the same run.

    python benchmarks/throughput.py --records 4000000 --partitions 2 --repeats 3 --stages a,d

Stages, each a fresh query in a fresh driver, over the same records in the same broker:
a: Spark's Kafka source with its default options into the noop sink; b: and judged; d: the whole
job, exactly `sfcrime stream --until-caught-up`, by the clock from the start of its first batch to
its last commit; p: the same with the page over its store, shown by Chromium; v: the same of another
checkout of this project, whose `src` --other names; q: the same into PostgreSQL; 1 and 2: the same
on a Spark cluster with so many executors of one core (with --partitions 2, so that both have
work). And h: the loop that one would write by hand
(peers/hand_written.py); e: the exercise as it is usually configured (peers/typical_exercise.py),
100 batches after 10 of warm-up, no more of the backlog; f: the same job in Flink SQL, into
PostgreSQL (peers/flink_sql.py; both come by `make peers`); g: without its mini-batches. Repeats are
interleaved (a d a d ...), figures are medians, and the ratio is taken within each repeat.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
import psycopg
from backlog import SHIPPED_PARTITIONS, Expected, fill_topic, open_backlog, open_broker, topic_name
from chromium import browser_is_there, open_browser, open_page
from executors import Executors, open_executors
from page_server import page_server
from peers.flink_jars import flink_is_there
from peers.postgres import Server, open_postgres, postgres_is_there
from rich.console import Console
from rich.table import Table
from usage import ROLES, Usage, Watch

from sfcrime.jvm.jars import jar_paths
from sfcrime.machine.child import last_lines
from sfcrime.machine.description import described_machine
from sfcrime.machine.priority import lower
from sfcrime.machine.usage import UsageMeter
from sfcrime.pipeline.kept_dashboard import PRIORITY
from sfcrime.postgres.server import url_of
from sfcrime.settings import KafkaSettings
from sfcrime.settings_loading import load_settings
from sfcrime.store import STORE_FILE
from sfcrime.store.records import BatchProgress

STAGES = {
    "a": "read",
    "b": "judge",
    "d": "job",
    "p": "job, page watched",
    "q": "job, PostgreSQL",
    "1": "job, 1 executor",
    "2": "job, 2 executors",
    "e": "exercise",
    "f": "Flink SQL",
    "g": "Flink SQL, no mini-batch",
    "h": "hand-written",
}
_OTHER_VERSION = "v"
_WATCHED = "p"
_INTO_POSTGRES = "q"
_ON_EXECUTORS = ("1", "2")
_ROLES = (
    (b"CoarseGrainedExecutorBackend", "executors"),
    (b"spark.deploy.master", "Spark's daemons"),
    (b"spark.deploy.worker", "Spark's daemons"),
    (b"\0sfcrime\0dashboard", "page server"),
    (b"chromium", "browser"),
    (b"playwright", "browser"),
    ROLES[0],
    (b"py4j.GatewayServer", "Flink"),
    (b"postgres", "PostgreSQL"),
    *ROLES[1:],
)
_FLINK = {"f": [], "g": ["--mini-batch", ""]}
"""Stages of Flink, with the flags of peers/flink_sql.py."""
_JOBS = ("d", _WATCHED, _OTHER_VERSION, _INTO_POSTGRES, *_ON_EXECUTORS)
_PEER_STORE = "peer.db"
WARM_FROM = 2_000_000
"""From this record on the JVM has compiled what it runs: figures "warm" begin here."""


@dataclass(frozen=True, slots=True)
class Run:
    """One stage run once."""

    stage: str
    repeat: int
    records: int
    warm_per_s: float | None
    """Records a second of the batches that start at `WARM_FROM` or later; None: there are none."""
    all_per_s: float
    phases_ms: dict[str, float]
    """Milliseconds a batch, mean over the warm batches (all, where none are warm)."""
    warm_cpu_us: dict[str, float]
    """CPU microseconds a record, by process, over the same batches."""
    usage: Usage
    exact: bool | None
    """Of the whole job: counted and duplicate as expected, nothing else, nothing dropped."""

    @property
    def with_start_per_s(self) -> float:
        """Records a second of everything, from the start of its first process to its end."""
        return self.records / self.usage.seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """What all stages are run with."""

    kafka: KafkaSettings
    broker_pid: int
    want: Expected
    other: Path | None
    """The folder `src` of another checkout."""


def run_stage(name: str, repeat: int, bench: Bench) -> Run:
    """Runs a stage of `STAGES` in processes of its own.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    with (
        TemporaryDirectory(prefix="sfcrime-bench-") as folder,
        _sink(name) as server,
        _page(name, Path(folder)) as watchers,
        _executors(name) as executors,
    ):
        data_dir = Path(folder)
        command = _command(name, bench.kafka, data_dir)
        environment = os.environ | (server.environment if server else {}) | executors.environment
        if name == _INTO_POSTGRES and server is not None:
            environment["SFCRIME_STORE_URL"] = url_of(server.port)
        if name == _OTHER_VERSION:
            environment["PYTHONPATH"] = str(bench.other)
        servers = [bench.broker_pid, *([server.pid] if server else [])]
        servers += [*watchers, *executors.pids]
        with (data_dir / "errors.log").open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=environment
            )
            try:
                with Watch([process.pid, *servers], _ROLES) as meter:
                    output, _ = process.communicate()
            finally:
                process.kill()
            if process.returncode != 0:
                said = [last_lines(log) for log in sorted(data_dir.rglob("*.log"))]
                raise RuntimeError("\n".join([f"stage {name} failed", *said]))
        batches = _batches(output)
        warm_per_s, all_per_s = _rates(name, batches, data_dir, server)
        return Run(
            stage=name,
            repeat=repeat,
            records=sum(batch.input_rows for batch in batches),
            warm_per_s=warm_per_s,
            all_per_s=all_per_s,
            phases_ms=_phases(_warm(batches) or batches),
            warm_cpu_us=_cpu_per_record(_warm(batches) or batches, meter),
            usage=meter.usage,
            exact=_is_exact(name, data_dir, server, bench.want),
        )


def _sink(name: str) -> AbstractContextManager[Server | None]:
    """The database that a stage writes to, where that is a server; it runs before the watch
    begins."""
    return open_postgres() if name in (*_FLINK, _INTO_POSTGRES) else nullcontext()


def _executors(name: str) -> AbstractContextManager[Executors]:
    """The cluster that a stage runs on, where it has one."""
    return open_executors(int(name)) if name in _ON_EXECUTORS else nullcontext(Executors({}, []))


@contextmanager
def _page(name: str, data_dir: Path) -> Iterator[list[int]]:
    """Of the stage that has one: the page over the job's store, shown by a browser. The roots of
    all processes that it takes."""
    if name != _WATCHED:
        yield []
        return
    with (
        TemporaryDirectory(prefix="sfcrime-bench-") as folder,
        page_server(data_dir, Path(folder) / "server.log", await_cells=False) as page,
        open_browser() as browser,
    ):
        lower(page.pid, PRIORITY)  # as a run does
        open_page(browser, page.address, await_total=False)
        yield [os.getpid()]


def _command(name: str, kafka: KafkaSettings, data_dir: Path) -> list[str]:
    servers, topic = kafka.bootstrap_servers, kafka.topic
    if name in _FLINK:
        script = str(Path(__file__).parent / "peers" / "flink_sql.py")
        return [sys.executable, script, servers, topic, str(data_dir), *_FLINK[name]]
    if name == "h":
        script = str(Path(__file__).parent / "peers" / "hand_written.py")
        return [sys.executable, script, servers, topic, str(data_dir / _PEER_STORE)]
    if name == "e":
        jars = ",".join(map(str, jar_paths("spark", load_settings().jvm)))
        script = str(Path(__file__).parent / "peers" / "typical_exercise.py")
        submit = (sys.executable, "-m", "sfcrime", "spark-submit", "--conf", "spark.ui.port=0")
        return [*submit, "--jars", jars, script, servers, topic]
    if name not in _JOBS:
        script = str(Path(__file__).with_name("stage.py"))
        return [sys.executable, script, STAGES[name], servers, topic, str(data_dir / "work")]
    return [
        *(sys.executable, "-m", "sfcrime", "stream", "--until-caught-up", "--json"),
        *("--bootstrap-servers", servers, "--topic", topic),
        *("--data-dir", str(data_dir), "--ui-port", "0"),
    ]


def _batches(output: bytes) -> list[BatchProgress]:
    """Batches with data, in order; Spark reports a batch once."""
    lines = [line for line in output.splitlines() if line.startswith(b"{")]
    found = [msgspec.json.decode(line, type=BatchProgress) for line in lines]
    return sorted((b for b in found if b.input_rows), key=lambda batch: batch.batch_id)


def _warm(batches: Sequence[BatchProgress]) -> list[BatchProgress]:
    before, found = 0, []
    for batch in batches:
        if before >= WARM_FROM:
            found.append(batch)
        before += batch.input_rows
    return found


def _rates(
    name: str, batches: Sequence[BatchProgress], data_dir: Path, server: Server | None
) -> tuple[float | None, float]:
    """Records a second, warm (None: nothing is) and over all."""
    if name not in _JOBS:
        return _rate(_warm(batches)), _rate(batches) or 0.0
    # The job stores a batch while it reads the next, so only the clock on the wall tells.
    commits = _asked(
        "SELECT read, committed_ms FROM batch WHERE read > 0 ORDER BY batch_id", data_dir, server
    )
    before, warm_records, warm_ms = 0, 0, 0
    for (read, committed_ms), (_, previous_ms) in zip(commits[1:], commits, strict=False):
        before += read
        if before >= WARM_FROM:
            warm_records, warm_ms = warm_records + read, warm_ms + committed_ms - previous_ms
    took_ms = commits[-1][1] - batches[0].started_ms
    every = sum(read for read, _ in commits)
    return (warm_records * 1000 / warm_ms if warm_ms else None), every * 1000 / took_ms


def _asked(statement: str, data_dir: Path, server: Server | None) -> list[tuple[int, ...]]:
    """Rows of the job's store, a file or a server's database."""
    if server is None:
        with closing(sqlite3.connect(data_dir / STORE_FILE)) as file:
            return file.execute(statement).fetchall()
    with psycopg.connect(server.conninfo) as database:
        return database.execute(statement).fetchall()


def _rate(batches: Sequence[BatchProgress]) -> float | None:
    spent_ms = sum(batch.duration_ms for batch in batches)
    return sum(batch.input_rows for batch in batches) / spent_ms * 1000 if spent_ms else None


def _cpu_per_record(batches: Sequence[BatchProgress], meter: UsageMeter) -> dict[str, float]:
    start_s = batches[0].started_ms / 1000
    end_s = (batches[-1].started_ms + batches[-1].duration_ms) / 1000
    records = sum(batch.input_rows for batch in batches)
    cpu = meter.cpu_between(start_s, end_s)
    return {role: round(seconds * 1e6 / records, 2) for role, seconds in cpu.items()}


def _phases(batches: Sequence[BatchProgress]) -> dict[str, float]:
    names = sorted({name for batch in batches for name in batch.phases_ms})
    return {
        name: round(statistics.mean(batch.phases_ms.get(name, 0) for batch in batches), 1)
        for name in names
    }


def _is_exact(name: str, data_dir: Path, server: Server | None, want: Expected) -> bool | None:
    if name in _JOBS:
        return _job_is_exact(data_dir, server, want)
    if server is not None:
        return _asked("SELECT sum(calls) FROM cell", data_dir, server) == [(want.counted,)]
    return _is_exact_by_hand(data_dir, want) if name == "h" else None


def _job_is_exact(data_dir: Path, server: Server | None, want: Expected) -> bool:
    statement = (
        "SELECT counted, duplicate, late + rejected + gaps, (SELECT sum(calls) FROM cell) "
        "FROM totals"
    )
    return _asked(statement, data_dir, server) == [(want.counted, want.duplicate, 0, want.counted)]


def _is_exact_by_hand(data_dir: Path, want: Expected) -> bool:
    with closing(sqlite3.connect(data_dir / _PEER_STORE)) as database:
        totals = database.execute("SELECT counted, duplicate FROM total").fetchone()
        calls = database.execute("SELECT sum(calls) FROM cell").fetchone()
    return (*totals, *calls) == (want.counted, want.duplicate, want.counted)


def report(runs: Sequence[Run], console: Console) -> dict[str, object]:
    """Prints medians and ratios; the same as plain values."""
    table = Table(title="Records a second, CPU microseconds a record; medians of the repeats")
    for heading in (
        "stage",
        "warm /s",
        "all /s",
        "with start",
        "warm CPU",
        "peak MB",
        "others' CPU",
        "exact",
    ):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    summary: dict[str, object] = {}
    for name in sorted({run.stage for run in runs}):
        mine = [run for run in runs if run.stage == name]
        warm = [run.warm_per_s for run in mine if run.warm_per_s is not None]
        figures = {
            "warm_per_s": statistics.median(warm) if warm else None,
            "all_per_s": statistics.median(run.all_per_s for run in mine),
            "with_start_per_s": statistics.median(run.with_start_per_s for run in mine),
            "warm_cpu_us": statistics.median(sum(run.warm_cpu_us.values()) for run in mine),
            "peak_rss_mb": max(run.usage.peak_rss_mb for run in mine),
            "others_cpu_share": statistics.median(run.usage.others_share for run in mine),
            "exact": None if mine[0].exact is None else all(run.exact for run in mine),
        }
        summary[name] = figures
        table.add_row(
            f"{name} {STAGES.get(name, 'job, other version')}",
            f"{figures['warm_per_s']:,.0f}" if figures["warm_per_s"] else "-",
            f"{figures['all_per_s']:,.0f}",
            f"{figures['with_start_per_s']:,.0f}",
            f"{figures['warm_cpu_us']:.1f}",
            f"{figures['peak_rss_mb']:,.0f}",
            f"{figures['others_cpu_share']:.0%}",
            "" if figures["exact"] is None else str(figures["exact"]),
        )
    console.print(table)
    for other in (*(each for each in STAGES if each not in "bd"), _OTHER_VERSION):
        # What the exercise prints leaves its warm-up out, and its seconds do not.
        for kind in ("warm", "all", *(["with_start"] if other != "e" else [])):
            ratios = _ratios(runs, other, kind)
            if ratios:
                median = statistics.median(ratios)
                summary[f"d_to_{other}_{kind}"] = {"median": median, "by_repeat": ratios}
                shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
                console.print(f"(d)/({other}), {kind}, by repeat: {shown}; median {median:.3f}")
    return summary


def _ratios(runs: Sequence[Run], other: str, kind: str) -> list[float]:
    """The job's rate by another stage's in each repeat that has both."""
    by_repeat: dict[int, dict[str, float]] = {}
    for run in runs:
        rate: float | None = getattr(run, f"{kind}_per_s")
        if rate is not None:
            by_repeat.setdefault(run.repeat, {})[run.stage] = rate
    return [each["d"] / each[other] for each in by_repeat.values() if {"d", other} <= each.keys()]


@click.command()
@click.option("--records", default=4_000_000, show_default=True)
@click.option("--partitions", default=SHIPPED_PARTITIONS, show_default=True)
@click.option("--repeats", default=3, show_default=True)
@click.option("--stages", default="a,b,d", show_default=True)
@click.option("--compact", is_flag=True, help="Values without the real file's indentation.")
@click.option("--keep", type=click.Path(path_type=Path), help="The broker's folder, kept.")
@click.option("--other", type=click.Path(path_type=Path), help="`src` of another checkout.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(  # noqa: PLR0913 - one parameter a flag
    records: int,
    partitions: int,
    repeats: int,
    stages: str,
    compact: bool,
    keep: Path | None,
    other: Path | None,
    out: Path | None,
) -> None:
    """Measure stages over one backlog."""
    console = Console(width=100)
    backlog = open_backlog(records, compact=compact)
    runs: list[Run] = []
    with TemporaryDirectory(prefix="sfcrime-broker-") as folder:
        broker, at = open_broker(keep or Path(folder))
        topic = topic_name(records, partitions, compact=compact)
        kafka = msgspec.structs.replace(at, topic=topic, partitions=partitions)
        with broker:
            rate = fill_topic(kafka, backlog)
            console.print(f"{topic}: {backlog.origin}, published at {rate:,.0f} records/s")
            names = runnable(stages.split(","), console)
            bench = Bench(kafka, broker.pid, backlog.expected, other)
            for repeat in range(repeats):
                for name in names:
                    run = run_stage(name, repeat, bench)
                    runs.append(run)
                    console.print(_line(run), highlight=False)
    result = {
        "machine": described_machine(),
        "backlog": {"origin": backlog.origin, "records": records, "partitions": partitions},
        "summary": report(runs, console),
        "runs": [asdict(run) for run in runs],
    }
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


def runnable(stages: Sequence[str], console: Console) -> list[str]:
    """The stages without those whose programs are not installed."""
    if _WATCHED in stages and not browser_is_there():
        console.print(f"without {_WATCHED}: install chromium, and run: make dev")
        stages = [name for name in stages if name != _WATCHED]
    wanted = [name for name in stages if name in _FLINK]
    if wanted and not (flink_is_there() and postgres_is_there()):
        left_out = ", ".join(wanted)
        console.print(f"without {left_out}: Flink, PostgreSQL are not installed; run: make peers")
        return [name for name in stages if name not in _FLINK]
    return list(stages)


def _line(run: Run) -> str:
    warm = f"{run.warm_per_s:,.0f}" if run.warm_per_s else "-"
    usage = run.usage
    return (
        f"{run.stage}{run.repeat}: warm {warm}/s, all {run.all_per_s:,.0f}/s, "
        f"{usage.seconds:.0f} s, CPU {sum(run.warm_cpu_us.values()):.1f} us a record, "
        f"peak {usage.peak_rss_mb:,.0f} MB, others {usage.others_share:.0%} of all CPU, "
        f"load {usage.load_average:.1f}" + ("" if run.exact is None else f", exact {run.exact}")
    )


if __name__ == "__main__":
    main()
