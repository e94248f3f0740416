"""`sfcrime postgres`: a local PostgreSQL server in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

from shlex import quote

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.postgres.server import DEFAULT_PORT, start_server
from sfcrime.settings import Settings

_LOOK_EVERY_S = 0.5


@click.command(
    epilog="Example:  sfcrime postgres --port 5433",
    short_help="Start a PostgreSQL server on this machine, for a store to be tried in.",
)
@setting_flags("--data-dir")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on loopback; 0 picks a free one.",
)
def command(settings: Settings, port: int) -> None:
    """Run a PostgreSQL server in the foreground, with an empty database for a store.

    It listens on loopback, asks for a password, and keeps its files in the data folder. Its
    programs are an optional part of sfcrime. Ctrl-C or SIGTERM ends it; the next start has the
    same database and password.
    """
    with (
        stop_on_signals() as stop,
        start_server(settings.data_dir, port, lambda step: click.echo(step, err=True)) as server,
    ):
        password_file = server.folder.password_file
        click.echo(f"store url: {server.url}")
        click.echo(f"password file: {password_file}")
        click.echo(
            f"to count into it: SFCRIME_STORE_PASSWORD_FILE={quote(str(password_file))} "
            f"sfcrime run --store-url {server.url}",
            err=True,
        )
        click.echo(f"log: {server.folder.log}   Ctrl-C stops it", err=True)
        while not stop.wait(_LOOK_EVERY_S):
            server.require_running()
    click.echo("stopped", err=True)
