"""Reads the calls from Kafka, asynchronously:  python consumer_server.py

The steps of every consumer that loses nothing, in their order:

1. Join a group. The group's members share the partitions; its committed offsets outlive them.
2. Take a batch of records (one `await` per batch: one per record would cost a thread switch each).
3. Work on it: here, print one line per call.
4. Commit the offsets after the batch's last records, and do so AFTER the work. A consumer that dies
   between the two does the batch again ("at least once"); one that commits first would lose it.
5. Stop between two batches and leave the group, so that others take over at once.

It waits for new calls until Ctrl-C, or until --max-messages were read.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import orjson
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.aio import AIOConsumer

from sfcrime.domain.dispositions import describe
from sfcrime.domain.safe_text import escaped_bytes, terminal_safe
from sfcrime.errors import SfcrimeError
from sfcrime.kafka.client import client_properties, kafka_error
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings
from sfcrime.settings_loading import load_settings

BATCH_RECORDS = 500
WAIT_S = 0.5
"""A batch is handed out after so long even if it is not full."""


def main() -> int:
    arguments = parsed_arguments()
    flags = {"bootstrap_servers": arguments.bootstrap_servers, "topic": arguments.topic}
    try:
        kafka = load_settings({"kafka": flags}).kafka
        asyncio.run(consume(kafka, arguments.group, arguments.max_messages))
    except SfcrimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--bootstrap-servers", default="localhost:9092")
    parser.add_argument("--topic", help="org.sf.police.calls unless given")
    parser.add_argument("--group", default="consumer-server", help="whose offsets are kept")
    parser.add_argument("--max-messages", type=int, default=0, help="0: until Ctrl-C")
    return parser.parse_args()


async def consume(kafka: KafkaSettings, group: str, most: int) -> None:
    """Reads batches until a signal or `most` records (0: no bound)."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not Topic(kafka).exists():  # a consumer would wait for it silently
        print(f"There is no topic {kafka.topic} yet: python kafka_server.py makes it.")
    consumer = AIOConsumer(properties(kafka, group))
    read = 0
    try:
        await consumer.subscribe([kafka.topic])
        while not stop.is_set() and (not most or read < most):
            wanted = min(BATCH_RECORDS, most - read) if most else BATCH_RECORDS
            records = records_of(await consumer.consume(wanted, WAIT_S))
            if records:
                print("\n".join(map(line_of, records)), flush=True)
                await consumer.commit(offsets=ends_of(records), asynchronous=False)
                read += len(records)
    except KafkaException as error:
        raise kafka_error(error.args[0], f"reading {kafka.topic}") from error
    finally:
        await consumer.close()  # leaves the group: its partitions go to others at once
        print(f"Read {read:,} records; group {group} continues after them.", flush=True)


def properties(kafka: KafkaSettings, group: str) -> dict[str, str | int | float | bool]:
    """What the client is told."""
    return {
        **client_properties(kafka),
        "group.id": group,
        # Where a group without offsets begins: at the first record, not after the last.
        "auto.offset.reset": "earliest",
        # Offsets are committed by hand, after the work (step 4).
        "enable.auto.commit": False,
        # Records of aborted transactions are never seen.
        "isolation.level": "read_committed",
    }


def records_of(messages: Sequence[Message]) -> list[Message]:
    """The records among what the client gave; an error among it is raised.

    Raises:
        KafkaException: what the client reports, but for a topic that does not exist yet and a
            connection that it makes again by itself.
    """
    records = []
    for message in messages:
        error = message.error()
        if error is None:
            records.append(message)
        elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART and not error.retriable():
            raise KafkaException(error)
    return records


def ends_of(records: Sequence[Message]) -> list[TopicPartition]:
    """By partition, the offset after its last record: what the group reads next."""
    ends = {(record.topic() or "", record.partition() or 0): record for record in records}
    return [
        TopicPartition(topic, partition, (record.offset() or 0) + 1)
        for (topic, partition), record in ends.items()
    ]


def line_of(record: Message) -> str:
    """Place, time, type, disposition and its meaning; the bytes of what is no call."""
    place = f"{record.partition()}:{record.offset()}"
    value = record.value() or b""
    try:
        call = orjson.loads(value)
        code = str(call["disposition"])
        parts = [call["call_date_time"], call["original_crime_type_name"], code]
        return terminal_safe("  ".join([place, *map(str, parts), describe(code).meaning]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"{place}  not a call: {escaped_bytes(value[:80])}"


if __name__ == "__main__":
    sys.exit(main())
