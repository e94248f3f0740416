"""What the job is asked to do: the options after `data_stream.py`, and sfcrime's settings."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from batch_reports import ReportFile
from spark_state import STATE_STORES, StateChoice, require_free_properties

from sfcrime.errors import UsageError
from sfcrime.machine.sizes import machine_cores
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings

TRIGGER_MS = 2000
"""Least time between the starts of two batches: slow enough to follow by eye."""


@dataclass(frozen=True)
class Job:
    """What is asked for."""

    settings: Settings
    """Broker, topic, and bounds of the query."""
    state: StateChoice
    folder: Path
    """Takes the checkpoint and Spark's scratch files."""
    available_now: bool
    """End when what is in the topic now was counted."""
    reports: ReportFile


def parsed_arguments(description: str) -> argparse.Namespace:
    """What was typed after the program's name."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bootstrap-servers", default="localhost:9092")
    parser.add_argument("--topic", help="org.sf.police.calls unless given")
    parser.add_argument("--ui-port", type=int, help="of the Spark UI: 3000 unless given")
    parser.add_argument("--data-dir", type=Path, default=Path(__file__).parent / "data" / "stream")
    parser.add_argument("--available-now", action="store_true", help="end at the topic's end")
    parser.add_argument("--max-records-per-batch", type=int, help="250000 unless given")
    parser.add_argument("--trigger-ms", type=int, default=TRIGGER_MS)
    parser.add_argument("--lateness-hours", type=float, help="168 on a topic of kafka_server.py")
    parser.add_argument("--shuffle-partitions", type=int, help="one a core unless given")
    parser.add_argument("--state-store", choices=STATE_STORES, default="memory")
    parser.add_argument("--spark-property", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--reports", type=Path, help="takes each batch as a JSON line")
    return parser.parse_args()


def job_of(given: argparse.Namespace) -> Job:
    """The job, with sfcrime's settings wherever no option decides.

    Raises:
        UsageError: a value that cannot be used.
    """
    properties = dict(_name_and_value(text) for text in given.spark_property)
    require_free_properties(properties)
    if given.shuffle_partitions is not None and given.shuffle_partitions < 1:
        raise UsageError(
            f"--shuffle-partitions is {given.shuffle_partitions}.",
            rule="The state has at least one part.",
            next_step=f"leave it out for {machine_cores()}, one a core",
        )
    stream = {
        "ui_port": given.ui_port,
        "trigger_ms": given.trigger_ms,
        "max_records_per_batch": given.max_records_per_batch,
        "lateness_hours": given.lateness_hours,
        "spark_properties": {**load_settings().stream.spark_properties, **properties},
    }
    kafka = {"bootstrap_servers": given.bootstrap_servers, "topic": given.topic}
    return Job(
        settings=load_settings({"kafka": kafka, "stream": stream}),
        state=StateChoice(given.shuffle_partitions or machine_cores(), given.state_store),
        folder=given.data_dir.resolve(),
        available_now=given.available_now,
        reports=ReportFile(given.reports),
    )


def _name_and_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise UsageError(
            f"--spark-property {text} has no value.",
            next_step="--spark-property spark.sql.streaming.maxBatchesToRetainInMemory=0",
        )
    return name, value
