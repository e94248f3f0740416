"""`sfcrime broker`: the embedded broker in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.kafka.broker import start_broker
from sfcrime.settings import Settings

_LOOK_EVERY_S = 0.5


@click.command(
    epilog="Example:  sfcrime broker --port 0 --data-dir /tmp/calls",
    short_help="Start the embedded Kafka broker alone.",
)
@setting_flags("--data-dir", "--port")
def command(settings: Settings) -> None:
    """Run the embedded Kafka broker in the foreground.

    It listens on loopback and keeps its topics in the data folder. Ctrl-C or SIGTERM ends it.
    """
    with (
        stop_on_signals() as stop,
        start_broker(settings, lambda step: click.echo(step, err=True)) as broker,
    ):
        click.echo(f"bootstrap servers: {broker.bootstrap_servers}")
        click.echo(f"log: {broker.log_path}   Ctrl-C stops it", err=True)
        while not stop.wait(_LOOK_EVERY_S):
            broker.require_running()
    click.echo("stopped", err=True)
