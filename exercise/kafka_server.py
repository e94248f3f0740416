"""Publishes the calls to Kafka:  python kafka_server.py [FILE]

The calls are those of FILE; else of police-department-calls-for-service.json (or .json.gz) where it
is in this folder; else of the synthetic city. Ctrl-C stops it; started again, it continues after
the last record in the topic.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from producer_server import ProducerServer

from sfcrime.errors import SfcrimeError
from sfcrime.kafka.producer import ProducerProgress
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.sources.source import SYNTHETIC

HERE = Path(__file__).resolve().parent
CLASSIC_NAMES = (
    "police-department-calls-for-service.json",
    "police-department-calls-for-service.json.gz",
)


def main() -> int:
    arguments = parsed_arguments()
    try:
        return run_kafka_server(settings_of(arguments))
    except SfcrimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("file", nargs="?", help="calls as JSON, plain or gzip; or `synthetic`")
    parser.add_argument("--bootstrap-servers", default="localhost:9092")
    parser.add_argument("--topic", help="org.sf.police.calls unless given")
    parser.add_argument("--speed", help="`max`, or times real time: 1800x unless given")
    parser.add_argument("--limit", type=int, help="stop after so many records of the source")
    return parser.parse_args()


def settings_of(arguments: argparse.Namespace) -> Settings:
    """sfcrime's settings with this program's flags in them."""
    found = [str(HERE / name) for name in CLASSIC_NAMES if (HERE / name).is_file()]
    kafka = {"bootstrap_servers": arguments.bootstrap_servers, "topic": arguments.topic}
    source = {
        "source": arguments.file or (found[0] if found else SYNTHETIC),
        "speed": arguments.speed,
        "limit": arguments.limit,
    }
    store = {"data_dir": str(HERE / "data" / "producer")}  # room for sorting a file
    return load_settings({"kafka": kafka, "source": source, "store": store})


def run_kafka_server(settings: Settings) -> int:
    """Publishes until the source ends or somebody presses Ctrl-C."""
    producer = ProducerServer(settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: producer.stop())
    print(f"Publishing {settings.source.source} to {settings.kafka.topic} ...", flush=True)
    published = producer.generate_data(Progress())
    end = "to its end" if published.finished else "until it was stopped"
    print(
        f"Published {published.sent:,} records {end}; "
        f"{published.already_there:,} were there already."
    )
    return 0


class Progress:
    """A line every 20th report, so about every 5 s."""

    def __init__(self) -> None:
        self._reports = 0

    def __call__(self, progress: ProducerProgress) -> None:
        self._reports += 1
        if self._reports % 20 == 0 and progress.virtual_ms is not None:
            at = datetime.fromtimestamp(progress.virtual_ms / 1000, UTC)
            print(
                f"{progress.delivered:,} records, the last of {at:%Y-%m-%d %H:%M} UTC", flush=True
            )


if __name__ == "__main__":
    sys.exit(main())
