"""How long after `sfcrime run` the first statistic is there, and where the time goes.

    python benchmarks/first_statistic.py --repeats 5
    python benchmarks/first_statistic.py --repeats 9 --page both

Each run gets an empty data folder, and begins with the start of the process on a machine that is
set up (`sfcrime setup --train`). The end is the commit of the first batch with a counted call; what
the live view needs to show it is measured as well. Moments in between are taken from the times of
the files that the parts leave behind. With `--page both`, runs with the page and without it take
turns, so that what else the machine does meets both alike.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from backlog import REAL_FILE

from sfcrime.errors import StoreUnavailable
from sfcrime.machine.description import described_machine
from sfcrime.pipeline.activity import DashboardActivity, activity_file
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader

GIVE_UP_S = 120.0
_SHOWN = re.compile(rb"([\d,]+) counted")
_STYLE = re.compile(rb"\x1b\[[\d;]*m")


def measured_start(source: str, data_dir: Path, *, with_page: bool) -> dict[str, float]:
    """Seconds from the start of the process to each moment, in a pseudo-terminal.

    Raises:
        TimeoutError: nothing was shown within `GIVE_UP_S`.
    """
    terminal, theirs = pty.openpty()
    began = time.time()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sfcrime", "run", "--source", source),
            *("--data-dir", str(data_dir), "--port", "0", "--ui-port", "0"),
            *(("--dashboard-port", "0") if with_page else ("--no-dashboard",)),
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "50"},
    )
    os.close(theirs)
    try:
        shown = _await_statistic(terminal) - began
        if with_page:
            _await_page(terminal, data_dir)
        moments = {name: at - began for name, at in _moments(data_dir).items()}
        return {**dict(sorted(moments.items(), key=lambda each: each[1])), "shown": shown}
    finally:
        process.send_signal(signal.SIGINT)
        _drain(terminal, process)
        os.close(terminal)


def _await_statistic(terminal: int) -> float:
    """When the view first showed a count above 0."""
    seen = b""
    deadline = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        seen = (seen + os.read(terminal, 65536))[-100_000:]
        found = _SHOWN.findall(_STYLE.sub(b"", seen))
        if any(int(number.replace(b",", b"")) for number in found):
            return time.time()
    raise TimeoutError(f"no statistic within {GIVE_UP_S} s; the view said: {seen[-2000:]!r}")


def _await_page(terminal: int, data_dir: Path) -> None:
    """Until the page says that it answers."""
    deadline = time.monotonic() + GIVE_UP_S
    while not activity_file(data_dir, DashboardActivity).is_file():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page does not answer after {GIVE_UP_S} s")
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 65536)


def _drain(terminal: int, process: subprocess.Popen[bytes]) -> None:
    """Reads on until the run has ended, so that it is never held up by a full terminal."""
    while process.poll() is None:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:  # the other side is closed
                process.wait()


def _moments(data_dir: Path) -> dict[str, float]:
    """By name, seconds since 1970."""
    found = {
        name: file.stat().st_mtime
        for name, pattern in (  # files that are written once
            ("stream process runs", "stream.lock"),
            ("driver JVM starts", "spark/driver.properties"),
            ("broker's storage made", "kafka/log/bootstrap.checkpoint"),
            ("topic made", "kafka/log/*-0/partition.metadata"),
            ("Spark context made", "spark/shuffle/spark-*/userFiles-*"),
            ("page answers", f"run/{DashboardActivity.__name__}.json"),
        )
        for file in sorted(data_dir.glob(pattern))[:1]
    }
    try:
        with open_reader(data_dir / STORE_FILE) as reader:
            first = next(row for row in reader.ledger_rows(1000)[::-1] if row.accounting.counted)
    except StoreUnavailable:
        return found
    return {**found, "first statistic": first.committed_ms / 1000}


@click.command()
@click.option("--repeats", default=5, show_default=True)
@click.option("--source", default="synthetic", show_default=True, help="A file, or `synthetic`.")
@click.option("--real", is_flag=True, help="The real file beside the project.")
@click.option(
    "--page",
    type=click.Choice(["with", "without", "both"]),
    default="with",
    show_default=True,
    help="Runs with the page, without it, or both in turns.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(repeats: int, source: str, real: bool, page: str, out: Path | None) -> None:
    """Start the whole pipeline again and again."""
    if real:
        source = str(REAL_FILE)
    turns = ("with", "without") if page == "both" else (page,)
    runs: dict[str, list[dict[str, float]]] = {turn: [] for turn in turns}
    for _ in range(repeats):
        for turn in turns:
            with TemporaryDirectory(prefix="sfcrime-first-") as folder:
                load = os.getloadavg()[0]
                run = measured_start(source, Path(folder), with_page=turn == "with")
            runs[turn].append(run)
            shown = ", ".join(f"{name} {seconds:.1f}" for name, seconds in run.items())
            click.echo(f"{turn} the page, load {load:.1f}: {shown}")
    summaries = {turn: medians(each) for turn, each in runs.items()}
    for turn, summary in summaries.items():
        click.echo(f"medians of {repeats} {turn} the page: {json.dumps(summary)}")
    if out is not None:
        summary = summaries if page == "both" else summaries[page]
        result = {"machine": described_machine(), "source": source, "summary": summary}
        out.write_text(json.dumps({**result, "runs": runs}, indent=1), encoding="utf-8")


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Of each moment, the median second."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {
        name: round(statistics.median(run[name] for run in runs if name in run), 2)
        for name in names
    }


if __name__ == "__main__":
    main()
