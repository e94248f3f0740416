"""How long a record takes through Flink SQL into PostgreSQL, at a steady rate.

    python benchmarks/flink_latency.py --rate 50 --seconds 60

From the send of a record, handed to Kafka's client, to the commit that covers it. Flink writes
sums, not records, so the commit is found by asking PostgreSQL every `LOOK_S` for the sum of all
cells: when it reaches k, the k-th record that is no repeat is in. A latency is up to one look too
long.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from backlog import open_broker
from peers.flink_jars import flink_is_there
from peers.postgres import Server, open_postgres, postgres_is_there

from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.settings import KafkaSettings
from sfcrime.tuning.figures import percentile
from sfcrime.tuning.workload import PacedProducer, Sends

LOOK_S = 0.005
_FIRST_WITHIN_S = 120.0
_LAST_WITHIN_S = 30.0
_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def first_copies_ms(sends: Sends) -> list[int]:
    """When the records that are no repeats were sent, ascending."""
    found = []
    for partition, times in sends.at_ms.items():
        repeats = set(sends.repeats.get(partition, ()))
        found += [sent for offset, sent in enumerate(times) if offset not in repeats]
    return sorted(found)


def latencies_ms(sent: Sequence[int], seen: Sequence[tuple[int, int]], since_ms: int) -> list[int]:
    """Of the records sent from `since_ms` on, ascending.

    Args:
        sent: ascending; of the records in the order in which they are counted.
        seen: moments, and how many were counted by then; both ascending.
    """
    found, counted = [], 0
    for moment, number in seen:
        found += [moment - each for each in sent[counted:number] if each >= since_ms]
        counted = max(counted, number)
    return sorted(found)


class Counts:
    """How many calls PostgreSQL holds, looked at again and again."""

    def __init__(self, server: Server, child: Child) -> None:
        import psycopg  # only `make peers` brings it

        self._missing = psycopg.errors.UndefinedTable
        self._database = psycopg.connect(server.conninfo, autocommit=True)
        self._child = child
        self.seen: list[tuple[int, int]] = []
        """Each change: when it was seen (ms since 1970), and the sum."""

    @property
    def newest(self) -> int:
        return self.seen[-1][1] if self.seen else 0

    def look_for(self, seconds: float) -> None:
        """Looks for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look()

    def look_until(self, number: int, within_s: float) -> None:
        """Looks until so many are there.

        Raises:
            RuntimeError: Flink ended, or the time is over.
        """
        until = time.monotonic() + within_s
        while self.newest < number:
            if time.monotonic() > until:
                raise RuntimeError(f"{self.newest} of {number} were counted in {within_s:.0f} s")
            self._look()

    def _look(self) -> None:
        if self._child.wait(LOOK_S) is not None:
            raise RuntimeError(f"Flink ended: {last_lines(self._child.log_path)}")
        try:
            row = self._database.execute("SELECT coalesce(sum(calls), 0) FROM cell").fetchone()
        except self._missing:
            return
        if int(row[0]) > self.newest:
            self.seen.append((time.time_ns() // 1_000_000, int(row[0])))


def measured(
    kafka: KafkaSettings, server: Server, rate: float, warm_s: float, seconds: float
) -> list[int]:
    """Runs Flink at a rate, `warm_s` from its first count on and then `seconds`.

    Returns:
        Latencies in ms, ascending, of what was sent after the warm-up.

    Raises:
        RuntimeError: Flink ended, or did not count what was sent.
    """
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder, PacedProducer(kafka, rate) as city:
        script = Path(__file__).parent / "peers" / "flink_sql.py"
        child = start_child(
            [
                *(sys.executable, str(script), kafka.bootstrap_servers, kafka.topic, folder),
                "--for-latency",
            ],
            Path(folder) / "flink.log",
            environment=os.environ | server.environment,
        )
        try:
            counts = Counts(server, child)
            counts.look_until(1, _FIRST_WITHIN_S)
            counts.look_for(warm_s)
            since_ms = time.time_ns() // 1_000_000
            counts.look_for(seconds)
            sent = first_copies_ms(city.end())
            counts.look_until(len(sent), _LAST_WITHIN_S)
        finally:
            child.stop()
    if counts.newest != len(sent):
        raise RuntimeError(f"not exact: {counts.newest} of {len(sent)} were counted")
    return latencies_ms(sent, counts.seen, since_ms)


@click.command()
@click.option("--rate", default=50.0, show_default=True, help="Records a second.")
@click.option("--warm", default=30.0, show_default=True, help="Seconds before it is measured.")
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--repeats", default=3, show_default=True)
def main(rate: float, warm: float, seconds: float, repeats: int) -> None:
    """Measure Flink SQL's latency at a steady rate."""
    if not (flink_is_there() and postgres_is_there()):
        raise click.ClickException("Flink and PostgreSQL are not installed; run: make peers")
    with TemporaryDirectory(prefix="sfcrime-broker-") as folder:
        broker, at = open_broker(Path(folder))
        with broker:
            for _ in range(repeats):
                topic = f"paced-{uuid.uuid4().hex[:12]}"
                kafka = msgspec.structs.replace(at, topic=topic, partitions=2)
                ensure_topic(Topic(kafka), kafka.partitions)
                with open_postgres() as server:
                    found = measured(kafka, server, rate, warm, seconds)
                shares = {name: percentile(found, share) for name, share in _SHARES.items()}
                said = ", ".join(f"{name} {value:,.0f} ms" for name, value in shares.items())
                click.echo(f"{rate:g}/s: {said}, max {found[-1]:,} ms of {len(found):,} records")


if __name__ == "__main__":
    main()
