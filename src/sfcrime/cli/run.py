"""`sfcrime run`: everything together, supervised, with a live view."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import note
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK
from sfcrime.pipeline.supervisor import Pipeline
from sfcrime.settings import Settings

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
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser once it answers.")
@click.option("--no-dashboard", is_flag=True, help="Leave the page out.")
@click.option("--plain", is_flag=True, help="Plain lines in place of the live view.")
def command(
    settings: Settings, until_caught_up: bool, opens: bool, no_dashboard: bool, plain: bool
) -> int:
    """Start broker, producer, stream and page, and show what they do until Ctrl-C.

    Run again, everything goes on where it stopped.
    """
    console = Console()
    steps: list[str] = []

    def step(text: str) -> None:
        steps.append(text)
        note(text, "dim", console)

    with (
        stop_on_signals() as stop,
        Pipeline(
            settings, step, until_caught_up=until_caught_up, with_dashboard=not no_dashboard
        ) as pipeline,
    ):
        # What shows the numbers is imported once the parts are on their way.
        from sfcrime.cli.live_view import View, plain_line
        from sfcrime.pipeline.later_training import LaterTraining
        from sfcrime.pipeline.overview import Overview, OverviewWatch

        watch = OverviewWatch(settings.data_dir, windows=_WINDOWS, top=_TOP)
        with (
            LaterTraining(settings, step) as training,
            View(console, plain, steps) as view,
        ):

            def look(overview: Overview, topic_ends: Mapping[int, int]) -> None:
                view.show(overview, topic_ends)
                training.look(overview, topic_ends)

            caught_up = pipeline.supervise(watch, stop, look)
        note("stopping producer, stream and broker", "dim", console)
    note(plain_line(watch.look(), pipeline.last_ends, "stopped"), console=console)
    return EXIT_OK if caught_up or not until_caught_up else EXIT_INTERRUPTED
