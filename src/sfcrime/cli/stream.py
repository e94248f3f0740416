"""`sfcrime stream`: the query alone, against any cluster."""

from __future__ import annotations

import click
import msgspec

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import note, print_nowhere, source_title
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_OK
from sfcrime.pipeline.activity import StreamActivity, write_activity
from sfcrime.pipeline.kept_stream import RUNNING
from sfcrime.pipeline.stream import StreamHooks, StreamRequest, stream_topic
from sfcrime.pipeline.stream_supervisor import StreamSupervisor
from sfcrime.settings import Settings
from sfcrime.store.records import BatchProgress, Generation


@click.command(epilog="Example:  sfcrime stream --bootstrap-servers localhost:9092 --json")
@setting_flags(
    "--data-dir",
    "--store-url",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--window",
    "--lateness-hours",
    "--max-records-per-batch",
    "--ui-port",
    "--master",
)
@click.option("--until-caught-up", is_flag=True, help="End when every record is accounted for.")
@click.option(
    "--await-topic", is_flag=True, help="Wait for a topic that an outside cluster lacks yet."
)
@click.option("--json", is_flag=True, help="Each batch's progress as a JSON line.")
@click.option("--quiet", is_flag=True, help="No line for each batch: they are 50 MB a day.")
@click.option(
    "--no-restart", is_flag=True, help="End with the first error, for another supervisor to see."
)
def command(settings: Settings, no_restart: bool, **flags: bool) -> int:
    """Run the Structured Streaming query until Ctrl-C, which finishes the batch in hand.

    Where Spark, Kafka or the store fail, it is started again, and goes on where the ledger ends.
    """
    if no_restart:
        _stream(settings, **flags)
        return EXIT_OK
    given = [f"--{name.replace('_', '-')}" for name, is_given in flags.items() if is_given]
    with stop_on_signals() as stop:
        supervisor = StreamSupervisor(
            settings, ["stream", "--no-restart", *given], lambda step: note(step, "dim")
        )
        return supervisor.run(stop)


def _stream(
    settings: Settings, *, until_caught_up: bool, await_topic: bool, json: bool, quiet: bool
) -> None:
    data_dir = settings.data_dir
    ui_url = ""

    def step(text: str) -> None:
        write_activity(data_dir, StreamActivity(step=text, ui_url=ui_url))
        note(text, "dim")

    def ready(url: str, generation: Generation) -> None:
        nonlocal ui_url
        ui_url = url
        write_activity(data_dir, StreamActivity(step=RUNNING, ui_url=url))
        note(f"Spark UI: {url}/StreamingQuery/")
        title, topic = source_title(generation), f"topic {generation.topic}"
        note(f"Counting {title}" if title == topic else f"Counting {title} from {topic}")

    def progress(batch: BatchProgress) -> None:
        if not quiet and not stop.is_set():
            try:
                click.echo(msgspec.json.encode(batch).decode() if json else batch_line(batch))
            except BrokenPipeError:  # `sfcrime stream | head`: nobody reads any further
                print_nowhere()
                stop.set()

    with stop_on_signals() as stop:
        hooks = StreamHooks(step, ready, progress)
        ends = stream_topic(StreamRequest(settings, stop, hooks, until_caught_up, await_topic))
    accounted = ", ".join(f"{partition}: {end}" for partition, end in sorted(ends.items()))
    note(f"Stopped. Accounted for, by partition: {accounted or 'nothing yet'}.")


def batch_line(batch: BatchProgress) -> str:
    """One readable line: rows, rate, where the time went, lag."""
    phases = sorted(batch.phases_ms.items(), key=lambda phase: -phase[1])
    slowest = ", ".join(f"{name} {ms} ms" for name, ms in phases if name != "triggerExecution")
    return (
        f"batch {batch.batch_id}: {batch.input_rows:,} records in {batch.duration_ms:,} ms "
        f"({batch.processed_rows_per_s:,.0f}/s), lag {batch.lag_records:,}; "
        f"{slowest}"
    )
