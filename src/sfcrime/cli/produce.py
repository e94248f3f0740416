"""`sfcrime produce`: a source of calls to the topic."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event

import click
import msgspec

from sfcrime.cli.options import one_a_line, setting_flags
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import stop_on_signals
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.producer import ProducerProgress, Published
from sfcrime.kafka.topic_settings import USUAL_REPLICAS
from sfcrime.machine.own_folder import DATA_FOLDER, take_alone
from sfcrime.pipeline.activity import ProducerActivity, write_activity
from sfcrime.pipeline.publishing import open_source, publish_source
from sfcrime.pipeline.refusals import require_publishable
from sfcrime.settings import Settings


@click.command(epilog="Example:  sfcrime produce calls.json.gz 'more/*.csv' --speed max")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@setting_flags(
    "--data-dir",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--partitions",
    "--speed",
    "--limit",
    "--seed",
    "--start",
)
@click.option("--until-present", is_flag=True, help="End with the last record not in the future.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def command(
    settings: Settings, sources: tuple[str, ...], until_present: bool, as_json: bool
) -> None:
    """Publish SOURCE until its end or Ctrl-C: files (CSV, Parquet, a JSON array or one JSON
    object a line; gzip and zstd are unpacked), patterns, `-` for standard input, or `synthetic`,
    the default.

    Several files are one source, in one order of call times. Run again with the same source, it
    goes on after the last record in the topic.
    """
    if source := one_a_line(sources):
        named = msgspec.structs.replace(settings.source, source=source)
        settings = msgspec.structs.replace(settings, source=named)
    require_publishable(settings)
    data_dir, topic = settings.data_dir, settings.kafka.topic
    is_outside = bool(settings.kafka.bootstrap_servers)
    with (
        stop_on_signals() as stop,
        take_alone(data_dir, DATA_FOLDER, f"producer of {topic}", f"run/{topic}.lock"),
        open_kafka(settings) as settings,
        ProgressBar() as bar,
    ):
        view = _View(settings, bar, stop)
        opened = open_source(settings, view.reading)
        try:
            view.opened(opened.total)
            published = publish_source(
                settings, opened, stop, view.publishing, until_present=until_present
            )
        finally:
            opened.close()
        view.ended(published)
    _print_summary(published, as_json, is_outside=is_outside)


class _View:
    """Progress on the terminal, and in the file that the live view reads."""

    def __init__(self, settings: Settings, bar: ProgressBar, stop: Event) -> None:
        self._stop = stop
        self._data_dir = settings.data_dir
        self._limit = settings.source.limit
        self._bar = bar
        self._bound: int | None = None
        self._written = 0.0

    def reading(self, done: int, total: int) -> None:
        """Takes bytes; a total of 0 is not known. Ends a reading that was asked to stop."""
        if self._stop.is_set():
            raise KeyboardInterrupt
        step = "putting in order" if total and done >= total else "reading"
        done_mb, total_mb = done / 1e6, total / 1e6
        amount = f"{done_mb:,.0f} of {total_mb:,.0f} MB" if total else f"{done_mb:,.0f} MB"
        self._bar.show(step, done_mb, total_mb or None, amount)
        if time.monotonic() - self._written > 0.25:
            self._written = time.monotonic()
            share = f"{done / total:.0%}" if total else f"{amount} of standard input"
            self._write(ProducerActivity(step=f"reading, {share}"))

    def opened(self, total: int | None) -> None:
        bounds = [bound for bound in (total, self._limit or None) if bound is not None]
        self._bound = min(bounds, default=None)
        self._bar.show("publishing", 0, self._bound)
        self._write(ProducerActivity(step="publishing"))

    def publishing(self, progress: ProducerProgress) -> None:
        done = progress.sent + progress.already_there
        amount = f"{done:,}" + ("" if self._bound is None else f" of {self._bound:,}")
        if progress.virtual_ms is not None:
            at = datetime.fromtimestamp(progress.virtual_ms / 1000, UTC)
            amount += f", at {at:%Y-%m-%d %H:%M}"
        self._bar.show("publishing", done, self._bound, amount)
        self._write(
            ProducerActivity(
                sent=progress.sent,
                already_there=progress.already_there,
                virtual_ms=progress.virtual_ms,
                step="publishing",
            )
        )

    def ended(self, published: Published) -> None:
        self._write(
            ProducerActivity(
                sent=published.sent,
                already_there=published.already_there,
                step="done" if published.finished else "stopped",
                finished=published.finished,
            )
        )

    def _write(self, activity: ProducerActivity) -> None:
        write_activity(self._data_dir, activity)


def _print_summary(published: Published, as_json: bool, *, is_outside: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(published).decode())
        return
    end = "to its end" if published.finished else "until it was stopped"
    click.echo(
        f"Published {published.sent:,} records {end}; "
        f"{published.already_there:,} were there already."
    )
    if is_outside and 0 < published.made_replicas < USUAL_REPLICAS:
        click.echo(
            f"Made the topic with replication factor {published.made_replicas}; it is "
            f"{USUAL_REPLICAS} where as many brokers are up."
        )
