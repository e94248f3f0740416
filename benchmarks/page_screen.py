"""How soon a committed batch is on the screen, and how soon the page is there.

    python benchmarks/page_screen.py --seconds 60 --paints 10 --out screen.json

`sfcrime stream` counts 50 records a second, `sfcrime dashboard` serves its store, and Chromium
shows the view Now. The way of a batch is from its commit, as its ledger row says, to the frame that
shows a total of at least what was counted up to it; all clocks are those of one machine. The first
paints are those of a fresh window without a cache, over loopback, while the stream runs.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import msgspec
from backlog import open_broker
from chromium import open_browser, open_page, paints_ms, shown_totals
from page_server import PageServer, page_server
from rich.console import Console
from usage import ROLES, Watch

from sfcrime.errors import StoreUnavailable
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.description import described_machine
from sfcrime.pipeline.part import environment_of_part
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import LedgerRow
from sfcrime.tuning.figures import percentile
from sfcrime.tuning.workload import PacedProducer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GOAL_MEDIAN_MS, GOAL_PAINT_MS = 300.0, 1000.0
_STOP_GRACE_S, _BEGIN_WITHIN_S, _LOOK_S = 30.0, 120.0, 0.5
_ALL = 1_000_000
_ROLES = (
    *ROLES[:3],
    (b"\0sfcrime\0dashboard", "page server"),
    (b"\0sfcrime\0stream", "stream"),
    (b"chromium", "browser"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    rate: float
    """Records a second."""
    warm_s: float
    """Left out first."""
    seconds: float
    paints: int
    """Fresh windows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """From the commit of a batch to the frame that shows it."""

    batches: int
    never: int
    """Batches that no frame showed."""
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


def shown_after(
    ledger: Sequence[LedgerRow],
    counted: int,
    shown: Sequence[tuple[float, int]],
    between_ms: tuple[float, float],
) -> Shown:
    """Each batch's way to the screen.

    Args:
        ledger: the newest batches, oldest first.
        counted: by all batches up to the newest of them.
        shown: each total that was shown, oldest first.
        between_ms: batches committed before or after are left out.
    """
    before = counted - sum(row.accounting.counted for row in ledger)
    totals = accumulate((row.accounting.counted for row in ledger), initial=before)
    next(totals)
    waiting = [
        (row.committed_ms, total)
        for row, total in zip(ledger, totals, strict=True)
        if between_ms[0] <= row.committed_ms <= between_ms[1] and row.accounting.counted
    ]
    times, at = [], 0
    for committed_ms, total in waiting:
        while at < len(shown) and shown[at][1] < total:
            at += 1
        if at < len(shown):
            times.append(shown[at][0] - committed_ms)
    times.sort()
    return Shown(
        batches=len(waiting),
        never=len(waiting) - len(times),
        p50_ms=round(statistics.median(times), 1),
        p90_ms=round(percentile(times, 0.9), 1),
        p99_ms=round(percentile(times, 0.99), 1),
        max_ms=round(times[-1], 1),
    )


def _await_batches(child: Child, store: Path, batches: int) -> None:
    until = time.monotonic() + _BEGIN_WITHIN_S
    while time.monotonic() < until:
        if child.wait(_LOOK_S) is not None:
            raise RuntimeError(f"the stream ended: {last_lines(child.log_path)}")
        try:
            with open_reader(store) as reader:
                if reader.totals().batches >= batches:
                    return
        except StoreUnavailable:
            continue
    raise RuntimeError(f"no {batches} batches within {_BEGIN_WITHIN_S:.0f} s")


def _paints(browser: Browser, server: PageServer, repeats: int) -> dict[str, float]:
    """Medians of the paints of fresh windows."""
    found: list[dict[str, float]] = []
    for _ in range(repeats):
        page = open_page(browser, server.address)
        found.append(paints_ms(page))
        page.context.close()
    names = dict.fromkeys(name for each in found for name in each)
    return {
        f"{name.replace('-', ' ')}, ms": statistics.median(each[name] for each in found)
        for name in names
        if all(name in each for each in found)
    }


def _measured(settings: Settings, plan: Plan) -> dict[str, object]:
    store = settings.data_dir / STORE_FILE
    child = start_child(
        [sys.executable, "-m", "sfcrime", "stream", "--await-topic"],
        settings.data_dir.with_name("stream.log"),
        environment=environment_of_part(settings),
    )
    try:
        with PacedProducer(settings.kafka, plan.rate) as producer:
            _await_batches(child, store, 3)
            log = settings.data_dir.with_name("server.log")
            with page_server(settings.data_dir, log) as server, open_browser() as browser:
                page = open_page(browser, server.address)
                page.wait_for_timeout(plan.warm_s * 1000)
                since_ms = time.time() * 1000
                with Watch([os.getpid()], _ROLES) as watch:
                    page.wait_for_timeout(plan.seconds * 1000)
                producer.check()
                until_ms = time.time() * 1000
                page.wait_for_timeout(2000)
                shown = shown_totals(page)
                page.close()
                first = _paints(browser, server, plan.paints)
    finally:
        child.stop(_STOP_GRACE_S)
    with open_reader(store) as reader:
        counted = reader.totals().accounting.counted
        ledger = sorted(reader.ledger_rows(_ALL), key=lambda row: row.batch_id)
    ways = shown_after(ledger, counted, shown, (since_ms, until_ms))
    return {
        **asdict(ways),
        "first paints": first,
        "others_cpu_share": round(watch.usage.others_share, 3),
    }


@click.command()
@click.option("--rate", default=50.0, show_default=True, help="Records a second.")
@click.option("--warm", default=30.0, show_default=True, help="Seconds left out first.")
@click.option("--seconds", default=60.0, show_default=True, help="Measured.")
@click.option("--paints", default=10, show_default=True, help="Fresh windows.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(rate: float, warm: float, seconds: float, paints: int, out: Path | None) -> None:
    """Measure the way of a batch to the screen."""
    settings = load_settings({"stream": {"ui_port": 0}})
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder:
        broker, at = open_broker(Path(folder) / "broker")
        kafka = msgspec.structs.replace(at, topic=f"paced-{uuid.uuid4().hex[:12]}")
        store = msgspec.structs.replace(settings.store, data_dir=str(Path(folder) / "data"))
        settings = msgspec.structs.replace(settings, kafka=kafka, store=store)
        with broker:
            summary = _measured(settings, Plan(rate, warm, seconds, paints))
    Console(width=100).print(summary)
    if out is not None:
        document = {"machine": described_machine(), "rate": rate, "summary": summary}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
