"""What `sfcrime run` costs when nothing happens, beside an idle broker and an empty driver.

    python benchmarks/idle.py --minutes 3 --out idle.json

One after the other, each in a folder of its own: the embedded broker alone; a driver with a Spark
session and no query; and `sfcrime run` in a pseudo-terminal, whose source ended and was counted.
Each is left alone for a while, then watched. Memory is that of the last moment; of the run, the
highest mark on the way there is reported as well, looked for once a second.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import click
from rich.console import Console
from rich.table import Table
from usage import PARTS, Memory, Watch, memory_by_role

from sfcrime.errors import StoreUnavailable
from sfcrime.kafka.broker_record import running_bootstrap_servers
from sfcrime.machine.description import described_machine
from sfcrime.settings_loading import load_settings
from sfcrime.spark.session import start_spark
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader

SUBJECTS = ("broker alone", "empty driver", "sfcrime run")
GIVE_UP_S = 600.0
_STOP_S = 60.0
_READY = "session.ready"
_LONG_AGO = "2018-10-01"
"""Where the city starts, so that it does not reach the present."""
_EMPTY_DRIVER = "--empty-driver"
"""How this program starts itself again, to be the process around an empty driver."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What was seen of one of the three."""

    name: str
    cpu_s_a_minute: Mapping[str, float]
    memory: Mapping[str, Memory]
    peak_pss_mb: float
    """Of all its processes together at one moment, from its start until it was quiet."""
    others_share: float
    """How much of the machine's CPU time was somebody else's meanwhile."""
    stop_s: float
    """From the signal to its end."""


def watched(
    name: str, command: Sequence[str], is_quiet: Callable[[], bool], settle_s: float, watch_s: float
) -> Idle:
    """Starts a command, waits until it is quiet and `settle_s` longer, and watches it.

    Raises:
        TimeoutError: it is not quiet within `GIVE_UP_S`.
    """
    with _in_terminal(command) as process:
        peak_mb = _peak_until(is_quiet, process)
        time.sleep(settle_s)
        with Watch([process.pid], PARTS) as meter:
            time.sleep(watch_s)
        memory = memory_by_role([process.pid], PARTS)
        stopping = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(_STOP_S)
    usage = meter.usage
    return Idle(
        name=name,
        cpu_s_a_minute={
            role: round(cpu_s * 60 / usage.seconds, 2)
            for role, cpu_s in usage.cpu_s_by_role.items()
        },
        memory=memory,
        peak_pss_mb=peak_mb,
        others_share=round(usage.others_share, 2),
        stop_s=round(time.monotonic() - stopping, 2),
    )


def _peak_until(is_quiet: Callable[[], bool], process: subprocess.Popen[bytes]) -> float:
    peak_mb, deadline = 0.0, time.monotonic() + GIVE_UP_S
    while not is_quiet():
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError(f"it ended ({process.poll()}), or is not quiet")
        held = memory_by_role([process.pid], PARTS)
        peak_mb = max(peak_mb, sum(each.pss_mb for each in held.values()))
        time.sleep(1)
    return peak_mb


@contextmanager
def _in_terminal(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command at a terminal of 120 columns, whose output is read and thrown away."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "50"},
    )
    os.close(theirs)
    Thread(target=_drain, args=(terminal,), daemon=True).start()
    try:
        yield process
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_S)
        process.kill()
        process.wait()


def _drain(terminal: int) -> None:
    with suppress(OSError):  # the other side is closed
        while os.read(terminal, 65536):
            continue
    os.close(terminal)


def _read_records(data_dir: Path) -> int:
    try:
        with open_reader(data_dir / STORE_FILE) as reader:
            return reader.totals().accounting.read
    except StoreUnavailable:
        return 0


def _empty_driver(work_dir: Path) -> None:
    """A session without a query, until Ctrl-C."""
    spark = start_spark(load_settings({"stream": {"ui_port": 0}}), work_dir)
    # A shell starts what it runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    (work_dir / _READY).touch()
    with suppress(KeyboardInterrupt):
        signal.pause()
    spark.stop()


def _subjects(folder: Path, records: int) -> Iterator[tuple[str, list[str], Callable[[], bool]]]:
    """Name, command, and whether it is quiet."""
    sfcrime = [sys.executable, "-m", "sfcrime"]
    broker, driver, run = folder / "broker", folder / "driver", folder / "run"
    yield (
        SUBJECTS[0],
        [*sfcrime, "broker", "--port", "0", "--data-dir", str(broker)],
        lambda: running_bootstrap_servers(broker) is not None,
    )
    yield (
        SUBJECTS[1],
        [sys.executable, str(Path(__file__).resolve()), _EMPTY_DRIVER, str(driver)],
        (driver / _READY).exists,
    )
    yield (
        SUBJECTS[2],
        [
            *(*sfcrime, "run", "--source", "synthetic", "--start", _LONG_AGO, "--speed", "max"),
            *("--limit", str(records), "--data-dir", str(run), "--port", "0", "--ui-port", "0"),
            *("--dashboard-port", "0"),
        ],
        lambda: _read_records(run) >= records,
    )


def _table(results: Sequence[Idle]) -> Table:
    table = Table("", "Process", "CPU s a minute", "RSS MB", "PSS MB")
    for each in results:
        for role in each.memory:
            held, cpu_s = each.memory[role], each.cpu_s_a_minute.get(role, 0.0)
            figures = f"{cpu_s:.2f}", f"{held.rss_mb:,.0f}", f"{held.pss_mb:,.0f}"
            table.add_row(each.name, role, *figures)
        held = each.memory.values()
        table.add_row(
            each.name,
            "all together",
            f"{sum(each.cpu_s_a_minute.values()):.2f}",
            f"{sum(one.rss_mb for one in held):,.0f}",
            f"{sum(one.pss_mb for one in held):,.0f}",
            end_section=True,
        )
    return table


@click.command()
@click.option("--minutes", default=3.0, show_default=True, help="How long each is watched.")
@click.option("--settle", default=60.0, show_default=True, help="Seconds each is left alone first.")
@click.option("--records", default=200_000, show_default=True, help="Of the source of the run.")
@click.option("--only", type=click.Choice(SUBJECTS), help="Leave out the other two.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(minutes: float, settle: float, records: int, only: str | None, out: Path | None) -> None:
    """Measure what nothing costs."""
    results = []
    with TemporaryDirectory(prefix="sfcrime-idle-") as folder:
        for name, command, is_quiet in _subjects(Path(folder), records):
            if only not in (None, name):
                continue
            results.append(watched(name, command, is_quiet, settle, minutes * 60))
            click.echo(
                f"{name}: stopped within {results[-1].stop_s:.1f} s; until it was quiet, at most "
                f"{results[-1].peak_pss_mb:,.0f} MB; {results[-1].others_share:.0%} of the CPU "
                "time meanwhile was that of others"
            )
    Console(width=100).print(_table(results))
    if out is not None:
        found = {
            "machine": described_machine(),
            "minutes": minutes,
            "settle_s": settle,
            "records": records,
            "results": [asdict(each) for each in results],
        }
        out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == [_EMPTY_DRIVER]:
        _empty_driver(Path(sys.argv[2]))
    else:
        main()
