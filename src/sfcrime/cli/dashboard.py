"""`sfcrime dashboard`: the page and its API in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sfcrime.cli.browser import open_browser
from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_OK
from sfcrime.settings import Settings


@click.command("dashboard", epilog="Example:  sfcrime dashboard --dashboard-port 0 --open")
@setting_flags(
    "--data-dir",
    "--store-url",
    "--bootstrap-servers",
    "--kafka-config",
    "--dashboard-port",
    "--host",
    "--token-file",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
def command(settings: Settings, opens: bool) -> None:
    """Serve the page, its API and its metrics.

    Everything comes from the store of the data folder, whether a job writes to it or not. The
    address is printed once it answers. Only this machine can reach it, unless --host says
    otherwise; then a token is asked for. Ctrl-C or SIGTERM ends it.
    """

    def answering(url: str) -> None:
        click.echo(f"page: {url}")
        click.echo("Ctrl-C stops it", err=True)
        if opens:
            open_browser(url, Path(os.devnull))

    with stop_on_signals() as stop:
        from sfcrime.dashboard.serving.server import leave_soon, serve

        serve(settings, stop, answering)
    click.echo("stopped", err=True)
    leave_soon(EXIT_OK)
