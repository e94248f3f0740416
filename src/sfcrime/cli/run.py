"""`sfcrime run`: everything together, supervised, with a live view."""

from __future__ import annotations

import click
from rich.console import Console

from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK, UsageError
from sfcrime.pipeline.supervisor import Pipeline
from sfcrime.settings import Settings
from sfcrime.sources.source import STANDARD_INPUT

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
        # What shows the numbers is imported once the parts are on their way.
        from sfcrime.cli.live_view import plain_line
        from sfcrime.cli.run_view import View, supervise
        from sfcrime.pipeline.later_training import LaterTraining
        from sfcrime.pipeline.overview import OverviewWatch

        watch = OverviewWatch(settings.data_dir, windows=_WINDOWS, top=_TOP)
        with (
            LaterTraining(settings, step) as training,
            View(console, no_dashboard, steps) as view,
        ):
            caught_up = supervise(pipeline, watch, training, stop, view)
        console.print("stopping producer, stream and broker", style="dim")
    console.print(plain_line(watch.look(), pipeline.last_ends, "stopped"), soft_wrap=True)
    return EXIT_OK if caught_up or not until_caught_up else EXIT_INTERRUPTED
