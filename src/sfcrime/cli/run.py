"""`sfcrime run`: everything together, supervised, with a live view."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from sfcrime.cli.browser import open_browser
from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import note
from sfcrime.cli.signals import stop_on_signals
from sfcrime.dashboard.serving.binding import binding_of
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK
from sfcrime.machine.child import Child
from sfcrime.pipeline.supervisor import Pipeline
from sfcrime.settings import Settings

if TYPE_CHECKING:
    # It reads the database, whose import would delay the parts.
    from sfcrime.pipeline.overview import Overview

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
    "--store-url",
    "--port",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--partitions",
    "--window",
    "--lateness-hours",
    "--max-records-per-batch",
    "--ui-port",
    "--master",
    "--dashboard-port",
)
@click.option("--until-caught-up", is_flag=True, help="End when every record is accounted for.")
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
@click.option("--no-dashboard", is_flag=True, help="Leave the page out.")
@click.option("--plain", is_flag=True, help="Plain lines in place of the live view.")
def command(
    settings: Settings, until_caught_up: bool, opens: bool, no_dashboard: bool, plain: bool
) -> int:
    """Start broker, producer, stream and page, and show what they do until Ctrl-C.

    Run again, everything goes on where it stopped.
    """
    if not no_dashboard:
        binding_of(settings.dashboard)
    elif opens:
        raise click.UsageError("--open opens the page, and --no-dashboard leaves it out.")
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
        from sfcrime.pipeline.overview import OverviewWatch
        from sfcrime.store.address import store_address

        watch = OverviewWatch(
            settings.data_dir, store_address(settings), windows=_WINDOWS, top=_TOP
        )
        page = _PageAddress(settings.data_dir, console, opens=opens)
        with (
            LaterTraining(settings, step) as training,
            View(console, plain, steps) as view,
        ):

            def look(overview: Overview, topic_ends: Mapping[int, int]) -> None:
                page.look(overview)
                view.show(overview, topic_ends)
                training.look(overview, topic_ends)

            caught_up = pipeline.supervise(watch, stop, look)
        note("stopping all parts", "dim", console)
    note(plain_line(watch.look(), pipeline.topic_ends, "stopped"), console=console)
    return EXIT_OK if caught_up or not until_caught_up else EXIT_INTERRUPTED


class _PageAddress:
    """Says where the page answers, and opens it in a browser where that was asked for."""

    def __init__(self, data_dir: Path, console: Console, *, opens: bool) -> None:
        self._log_path = data_dir / "run" / "browser.log"
        self._console = console
        self._opens = opens
        self._opening: Child | None = None
        self._said = ""

    def look(self, overview: Overview) -> None:
        """Says each address once; cheap."""
        url = overview.dashboard.url
        if not url or url == self._said:
            return
        self._said = url
        note(f"the page: {url}", console=self._console)
        if self._opens and self._opening is None:
            self._opening = open_browser(url, self._log_path)
