"""What `sfcrime tune` shows while it runs."""

from __future__ import annotations

from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.tuning.effects import MEASURES
from sfcrime.tuning.plan import Trial
from sfcrime.tuning.report_text import QUERIES, figure
from sfcrime.tuning.results import TrialResult


class TuneProgress:
    """The trial under way, what came out of the last ones, and the time left; lines in a log."""

    def __init__(self, bar: ProgressBar, total: int) -> None:
        self._bar = bar
        self._total = total

    def step(self, text: str) -> None:
        """Says what is being prepared."""
        self._bar.tell(text, "dim")

    def trial(self, trial: Trial, waiting: int, left_s: float) -> None:
        """A trial begins."""
        done = self._total - waiting
        line = f"trial {done + 1} of {self._total}: {trial.name}, "
        line += f"{trial.kind} of {QUERIES[trial.query]}"
        left = f"{minutes_text(left_s)} left"
        self._bar.show(line, done, self._total, left)
        if not self._bar.is_drawn:
            self._bar.tell(f"{line}; {left}")

    def result(self, result: TrialResult) -> None:
        """A trial is over."""
        said = f"failed: {result.failure.splitlines()[0]}" if result.failure else _said(result)
        line = f"  {QUERIES[result.query]}, {result.name}, {result.kind}: {said}"
        self._bar.tell(line, "red" if result.failure else "")


def _said(result: TrialResult) -> str:
    own = [each for each in MEASURES if each.kind is result.kind]
    return ", ".join(f"{each.name} {figure(each.of(result), each.unit)}" for each in own)


def minutes_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
