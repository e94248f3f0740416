"""`sfcrime run`: everything together, supervised, with a live view."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Event

import click
from rich.console import Console
from rich.live import Live

from sfcrime.cli.live_view import RateMeter, draw, plain_line
from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK, UsageError
from sfcrime.pipeline.overview import Overview, OverviewWatch
from sfcrime.pipeline.supervisor import Pipeline
from sfcrime.settings import Settings
from sfcrime.sources.source import STANDARD_INPUT

_LOOK_S = 0.5
_LINE_S = 2.0
_WINDOWS = 24
_TOP = 10


@click.command(epilog="Example:  sfcrime run --source calls.json.gz --speed max --until-caught-up")
@setting_flags(
    "--source",
    "--speed",
    "--limit",
    "--seed",
    "--start",
    "--data-dir",
    "--port",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--partitions",
    "--window",
    "--lateness-hours",
    "--max-records-per-batch",
    "--ui-port",
)
@click.option("--until-caught-up", is_flag=True, help="End when every record is accounted for.")
@click.option("--no-dashboard", is_flag=True, help="Plain lines in place of the live view.")
def command(settings: Settings, until_caught_up: bool, no_dashboard: bool) -> int:
    """Start broker, producer and stream, and show what they do until Ctrl-C.

    Run again, everything goes on where it stopped.
    """
    if STANDARD_INPUT in settings.source.names:
        raise UsageError(
            "The source is standard input.",
            rule="`sfcrime run` starts its producer again where it has to, and standard input can "
            "be read once.",
            next_step="run `sfcrime produce -` and `sfcrime stream`, or name a file",
        )
    console = Console()
    steps: list[str] = []

    def step(text: str) -> None:
        steps.append(text)
        console.print(text, style="dim")

    with (
        stop_on_signals() as stop,
        Pipeline(settings, step, until_caught_up=until_caught_up) as pipeline,
    ):
        watch = OverviewWatch(settings.data_dir, windows=_WINDOWS, top=_TOP)
        caught_up = _watch(pipeline, watch, stop, View(console, no_dashboard, steps))
        console.print("stopping producer, stream and broker", style="dim")
    console.print(plain_line(watch.look(), pipeline.last_ends, "stopped"), soft_wrap=True)
    return EXIT_OK if caught_up or not until_caught_up else EXIT_INTERRUPTED


def _watch(pipeline: Pipeline, watch: OverviewWatch, stop: Event, view: View) -> bool:
    """Shows and supervises until told to stop; True where everything was caught up."""
    with view:
        while not stop.wait(_LOOK_S):
            pipeline.check()
            done = pipeline.producer_is_done()
            ends = pipeline.topic_ends()
            overview = watch.look()
            view.show(overview, ends)
            if pipeline.until_caught_up and done and overview.is_caught_up(ends):
                return True
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
