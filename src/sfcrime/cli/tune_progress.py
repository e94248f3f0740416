"""What `sfcrime tune` shows while it runs."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sfcrime.tuning.effects import LATENCY_P50, LATENCY_P99, THROUGHPUT
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.report_text import QUERIES, figure
from sfcrime.tuning.results import TrialResult


class TuneProgress:
    """The trial under way, what came out of the last ones, and the time left; lines in a log."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._line = ""
        self._over_at = 0.0
        self._live = Live(console=console, get_renderable=self._view)

    def __enter__(self) -> TuneProgress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._console.is_terminal:
            self._line = ""
            self._live.stop()

    def step(self, text: str) -> None:
        """Says what is being prepared."""
        self._console.print(Text(text, style="dim"))

    def trial(self, trial: Trial, waiting: int, left_s: float) -> None:
        """A trial begins."""
        self._over_at = time.monotonic() + left_s
        self._line = f"trial {self._total - waiting + 1} of {self._total}: {trial.name}, "
        self._line += f"{trial.kind} of {QUERIES[trial.query]}"
        if not self._console.is_terminal:
            self._console.print(Text(f"{self._line}; {minutes_text(left_s)} left"))

    def result(self, result: TrialResult) -> None:
        """A trial is over."""
        said = f"failed: {result.failure.splitlines()[0]}" if result.failure else _said(result)
        self._console.print(
            Text(f"  {QUERIES[result.query]}, {result.name}, {result.kind}: {said}"),
            style="red" if result.failure else "",
        )

    def _view(self) -> Table:
        view = Table.grid(padding=(0, 2))
        left = minutes_text(max(0.0, self._over_at - time.monotonic()))
        view.add_row(Text(self._line, style="bold"), Text(f"{left} left" if self._line else ""))
        return view


def _said(result: TrialResult) -> str:
    if result.kind is Kind.BACKLOG:
        return figure(THROUGHPUT.of(result), THROUGHPUT.unit)
    p50, p99 = (figure(each.of(result), each.unit) for each in (LATENCY_P50, LATENCY_P99))
    return f"p50 {p50}, p99 {p99}"


def minutes_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
