"""`sfcrime cluster`: brokers, a Spark cluster and PostgreSQL on this machine, until Ctrl-C."""

from __future__ import annotations

from shlex import quote

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import note
from sfcrime.cli.signals import stop_on_signals
from sfcrime.pipeline.local_cluster import ClusterPlan, LocalCluster, local_cluster
from sfcrime.settings import MOST_REPLICAS, Settings

_LOOK_EVERY_S = 0.5
_MOST_WORKERS = 16


@click.command(
    epilog="Example:  sfcrime cluster --workers 2 --brokers 3",
    short_help="Start Kafka brokers, a Spark cluster and PostgreSQL here, to be tried.",
)
@setting_flags("--data-dir")
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=2,
    show_default=True,
    help="Spark workers of one core, each with one executor while a job runs.",
)
@click.option(
    "--brokers",
    type=click.IntRange(1, MOST_REPLICAS),
    default=3,
    show_default=True,
    help="Kafka brokers; decided by the first start.",
)
def command(settings: Settings, workers: int, brokers: int) -> None:
    """Run a cluster on this machine, to learn on and to try: Kafka brokers, a Spark master with
    workers, and PostgreSQL where its programs are installed.

    Everything listens on loopback. It prints the command that counts on it. Kill a part of it to
    see what a job does: it is started again after 10 s. Ctrl-C or SIGTERM ends all; the next start
    has the same topics and the same database.

    By default it takes 0.9 GB of memory, and a job on it up to 2 GB more.
    """

    def step(text: str) -> None:
        note(text, "dim")

    with (
        stop_on_signals() as stop,
        local_cluster(ClusterPlan(settings, workers, brokers), step) as cluster,
    ):
        _show(cluster)
        while not stop.wait(_LOOK_EVERY_S):
            cluster.keep_up()
        step("stopping all of it")
    note("stopped")


def _show(cluster: LocalCluster) -> None:
    """Where everything is, and how it is counted on."""
    spark, database = cluster.spark, cluster.database
    click.echo(f"bootstrap servers: {cluster.brokers.bootstrap_servers}")
    click.echo(f"Spark master: {spark.url}")
    click.echo(f"the master's page: {spark.pages[0]}")
    for number, page in enumerate(spark.pages[1:], start=1):
        click.echo(f"page of worker {number}: {page}")
    if database is not None:
        click.echo(f"store url: {database.url}")
        click.echo(f"password file: {database.folder.password_file}")
    config = f"SFCRIME_CONFIG={quote(str(cluster.settings_file))}"
    click.echo(f"to count on it: {config} sfcrime run")
    note(f"one by one: export {config}, then sfcrime produce, sfcrime stream, sfcrime audit, ...")
    logs = cluster.settings_file.parent
    note(f"logs: {quote(str(logs))}/broker-*/broker.log, spark/*.log   Ctrl-C ends all")
