"""The loop that one would write by hand in place of Spark: confluent-kafka, orjson, sqlite3.

    python benchmarks/peers/hand_written.py BOOTSTRAP_SERVERS TOPIC STORE_FILE

It counts hour, call type and disposition, drops repeats of (id, call time), and commits cells and
offsets of a batch in one transaction with the job's own durability. What it does without: reasons
for bad records (a KeyError ends it), lateness, the proof of its sums, an end to its memory (every
identity is kept), and its memory itself (after a crash it has forgotten the repeats).
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
import orjson
from confluent_kafka import Consumer, Message, TopicPartition

from sfcrime.store.records import BatchProgress

RECORDS_PER_BATCH = 250_000
"""As the job: both commit after as many records."""
_RECORDS_PER_CALL = 20_000

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE cell (hour TEXT, call_type TEXT, disposition TEXT, calls INTEGER NOT NULL,
                   PRIMARY KEY (hour, call_type, disposition)) WITHOUT ROWID;
CREATE TABLE position (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE total (counted INTEGER NOT NULL, duplicate INTEGER NOT NULL);
INSERT INTO total VALUES (0, 0);
"""
_MERGE = """
INSERT INTO cell VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET calls = calls + excluded.calls
"""


class Loop:
    """Counts batches of messages into a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_TABLES)
        self._seen: set[tuple[str, str]] = set()

    def count(self, messages: Sequence[Message]) -> None:
        """Counts a batch and commits it together with its offsets."""
        cells: Counter[tuple[str, str, str]] = Counter()
        ends: dict[int, int] = {}
        duplicates = 0
        for message in messages:
            call = orjson.loads(message.value())
            ends[message.partition()] = message.offset() + 1
            call_time = call["call_date_time"]
            identity = (call["crime_id"], call_time)
            if identity in self._seen:
                duplicates += 1
                continue
            self._seen.add(identity)
            call_type = " ".join(call["original_crime_type_name"].split())
            cells[call_time[:13], call_type, call["disposition"].strip()] += 1
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(_MERGE, sorted((*cell, calls) for cell, calls in cells.items()))
        self._database.executemany("INSERT OR REPLACE INTO position VALUES (?, ?)", ends.items())
        self._database.execute(
            "UPDATE total SET counted = counted + ?, duplicate = duplicate + ?",
            (len(messages) - duplicates, duplicates),
        )
        self._database.execute("COMMIT")


def _messages(consumer: Consumer, wanted: int) -> list[Message]:
    found: list[Message] = []
    while len(found) < wanted:
        some = consumer.consume(min(_RECORDS_PER_CALL, wanted - len(found)), timeout=2.0)
        found += [message for message in some if message.error() is None]
    return found


@click.command()
@click.argument("servers")
@click.argument("topic")
@click.argument("store", type=click.Path(path_type=Path))
def main(servers: str, topic: str, store: Path) -> None:
    """Count TOPIC into STORE, once; prints each batch as the job does."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "hand-written",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 128 * 1024,
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    watermarks = [
        consumer.get_watermark_offsets(TopicPartition(topic, number)) for number in partitions
    ]
    left = sum(end - start for start, end in watermarks)
    loop = Loop(store)
    batch_id = 0
    while left:
        began = time.time()
        messages = _messages(consumer, min(RECORDS_PER_BATCH, left))
        loop.count(messages)
        left -= len(messages)
        took_s = time.time() - began
        progress = BatchProgress(
            batch_id=batch_id,
            started_ms=int(began * 1000),
            duration_ms=max(1, int(took_s * 1000)),
            input_rows=len(messages),
            input_rows_per_s=0.0,
            processed_rows_per_s=len(messages) / took_s,
        )
        click.echo(msgspec.json.encode(progress).decode())
        batch_id += 1
    consumer.close()


if __name__ == "__main__":
    main()
