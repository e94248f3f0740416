"""`sfcrime produce`: a source of calls to the topic."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sfcrime.cli.options import setting_flags
from sfcrime.cli.signals import stop_on_signals
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.producer import ProducerProgress, Published
from sfcrime.pipeline.activity import ProducerActivity, write_activity
from sfcrime.pipeline.publishing import UntilPresent, open_source, publish_source
from sfcrime.settings import Settings


@click.command(epilog="Example:  sfcrime produce calls.json.gz --speed max")
@click.argument("source", required=False)
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
def command(settings: Settings, source: str | None, until_present: bool, as_json: bool) -> None:
    """Publish SOURCE (a file, or `synthetic`, the default) until its end or Ctrl-C.

    Run again, it goes on behind the last record in the topic.
    """
    if source is not None:
        named = msgspec.structs.replace(settings.source, source=source)
        settings = msgspec.structs.replace(settings, source=named)
    with (
        stop_on_signals() as stop,
        open_kafka(settings.kafka, settings.jvm, settings.data_dir) as kafka,
        _progress_bar() as bar,
    ):
        view = _View(settings, bar)
        opened = open_source(settings, kafka, view.reading)
        if until_present:
            opened = UntilPresent(opened)
        try:
            view.opened(opened.total)
            published = publish_source(settings, kafka, opened, stop, view.publishing)
        finally:
            opened.close()
        view.ended(published)
    _print_summary(published, as_json)


class _View:
    """Progress on the terminal, and in the file that the live view reads."""

    def __init__(self, settings: Settings, bar: Progress) -> None:
        self._data_dir = settings.data_dir
        self._limit = settings.source.limit
        self._bar = bar
        self._task = bar.add_task("reading", total=None, virtual="")
        self._written = 0.0

    def reading(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)
        if time.monotonic() - self._written > 0.25:
            self._written = time.monotonic()
            share = done / total if total else 1.0
            self._write(ProducerActivity(step=f"reading the file, {share:.0%}"))

    def opened(self, total: int | None) -> None:
        bounds = [bound for bound in (total, self._limit or None) if bound is not None]
        self._bar.reset(self._task, description="publishing", total=min(bounds, default=None))
        self._write(ProducerActivity(step="publishing"))

    def publishing(self, progress: ProducerProgress) -> None:
        virtual = ""
        if progress.virtual_ms is not None:
            virtual = f"{datetime.fromtimestamp(progress.virtual_ms / 1000, UTC):%Y-%m-%d %H:%M}"
        done = progress.sent + progress.already_there
        self._bar.update(self._task, completed=done, virtual=virtual)
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


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[virtual]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )


def _print_summary(published: Published, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(published).decode())
        return
    end = "to its end" if published.finished else "until it was stopped"
    click.echo(
        f"Published {published.sent:,} records {end}; "
        f"{published.already_there:,} were there already."
    )
