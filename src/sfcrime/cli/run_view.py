"""The view of `sfcrime run`: drawn on a terminal, a line every two seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Event

from rich.console import Console
from rich.live import Live

from sfcrime.cli.live_view import RateMeter, draw, plain_line
from sfcrime.pipeline.later_training import LaterTraining
from sfcrime.pipeline.overview import Overview, OverviewWatch
from sfcrime.pipeline.supervisor import Pipeline

_LOOK_S = 0.5
_LINE_S = 2.0


def supervise(
    pipeline: Pipeline, watch: OverviewWatch, training: LaterTraining, stop: Event, view: View
) -> bool:
    """Shows and supervises until told to stop; True where everything was caught up."""
    while not stop.wait(_LOOK_S):
        pipeline.check()
        done = pipeline.producer_is_done()
        ends = pipeline.topic_ends()
        overview = watch.look()
        view.show(overview, ends)
        if pipeline.until_caught_up and done and overview.is_caught_up(ends):
            return True
        training.look(overview, ends)
    return False


class View:
    """The live view on a terminal, a line every two seconds elsewhere."""

    def __init__(self, console: Console, no_dashboard: bool, steps: list[str]) -> None:
        self._console = console
        self._steps = steps
        self._live = (
            Live(console=console, auto_refresh=False)
            if console.is_terminal and not no_dashboard
            else None
        )
        self._published, self._read = RateMeter(), RateMeter()
        self._printed = 0.0
        self._drawn: object = None

    def __enter__(self) -> View:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, overview: Overview, topic_ends: Mapping[int, int]) -> None:
        """Draws, or prints where it is time to."""
        now = time.monotonic()
        rates = {
            "published": self._published.rate(now, sum(topic_ends.values())),
            "read": self._read.rate(now, overview.accounting.read),
        }
        if self._live is not None:
            shown = (overview, dict(topic_ends), rates, self._steps[-1])
            if (shown, self._console.size) != self._drawn:
                self._drawn = shown, self._console.size
                self._live.update(draw(*shown), refresh=True)
        elif now - self._printed >= _LINE_S:
            self._printed = now
            line = plain_line(overview, topic_ends, self._steps[-1])
            self._console.print(line, soft_wrap=True, highlight=False)
