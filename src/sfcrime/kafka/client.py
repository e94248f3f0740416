"""Makes Kafka clients from settings, and turns the client's errors into ours, in one place.

No other room sees confluent_kafka. What a properties file holds is never shown or logged.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from sfcrime.errors import (
    KafkaUnavailable,
    SfcrimeError,
    TopicMissing,
    TopicRefused,
    UsageError,
)
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.client_file import read_client_file
from sfcrime.kafka.dialects import ClientFile
from sfcrime.settings import KafkaSettings

REQUEST_TIMEOUT_S = 10.0
"""Bound of one request; an unreachable broker is an error after that."""

MAX_PRODUCED_BYTES = 15 * 1024 * 1024
"""Largest record that is published, with its headers; a topic of ours takes a little more."""

MAX_UNPACKED_BYTES = 2**31 - 1
"""What the records that were packed together may unpack to when they are read; the client allows
no more. A few kilobytes of zstd may hold hundreds of megabytes."""

OnError = Callable[[KafkaError], None]
Properties = dict[str, str | int | float | bool]

# librdkafka otherwise writes to stderr, in the middle of a live view.
_LOG = logging.getLogger("sfcrime.kafka.client")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False

_FORBIDDEN = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)


def client_properties(settings: KafkaSettings) -> Properties:
    """What every client starts from: the file's properties, and where the brokers are.

    Raises:
        UsageError: the properties file cannot be read or used; see `dialects`.
        KafkaUnavailable: no broker is named and none runs.
    """
    if not settings.bootstrap_servers:
        raise KafkaUnavailable(
            "No Kafka broker is named, and the embedded one does not run.",
            next_step="sfcrime broker (in another terminal), or --bootstrap-servers host:port",
        )
    return {
        "client.id": "sfcrime",
        # 10 s by default: as long it would take to notice that a broker is back.
        "reconnect.backoff.max.ms": 1000,
        **_client_file(settings).ours,
        "bootstrap.servers": settings.bootstrap_servers,
    }


def spark_options(settings: KafkaSettings) -> dict[str, str]:
    """The same client properties as options of Spark's Kafka source; none holds a secret.

    Raises:
        UsageError: as `client_properties`.
    """
    given = {**_client_file(settings).spark, "bootstrap.servers": settings.bootstrap_servers}
    return {f"kafka.{name}": value for name, value in given.items()}


def _client_file(settings: KafkaSettings) -> ClientFile:
    if not settings.config_file:
        return ClientFile()
    return read_client_file(Path(settings.config_file).expanduser())


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turns a client error inside into one of ours; `doing` completes "Kafka failed while ..."."""
    try:
        yield
    except KafkaException as error:
        raise kafka_error(error.args[0], doing) from error


def kafka_error(error: object, doing: str) -> SfcrimeError:
    """Our error for one of the client's."""
    if not isinstance(error, KafkaError):
        return KafkaUnavailable(f"Kafka failed while {doing}: {error}.")
    if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
        return KafkaUnavailable(
            f"The topic does not exist (while {doing}).", next_step=TopicMissing.next_step
        )
    if error.code() in _FORBIDDEN:
        return KafkaUnavailable(
            f"Kafka does not allow this user what is needed for {doing}: {error.name()}.",
            rule="Each command needs rights of its own (docs/kafka.md).",
            next_step="have them given with kafka-acls, or name another user in the file of "
            "--kafka-config",
        )
    if error.code() == KafkaError._BAD_COMPRESSION:
        return TopicRefused(
            f"Kafka's client cannot unpack what it met while {doing}: {error.str()}.",
            rule=f"It unpacks what was packed together, up to {MAX_UNPACKED_BYTES:,} bytes.",
            next_step="begin after them: sfcrime kafka console-consumer --partition ... --offset "
            "...; counting and auditing go on after them by themselves",
        )
    if error.code() in (KafkaError._INVALID_ARG, KafkaError._CONFLICT):
        return UsageError(
            f"Kafka's client refuses its settings while {doing}: {error.str()}.",
            next_step="correct the file named by --kafka-config",
        )
    return KafkaUnavailable(f"Kafka failed while {doing}: {error.str()} ({error.name()}).")


def missing_topic(settings: KafkaSettings) -> TopicMissing:
    """The error of a topic that is not there."""
    return TopicMissing(settings.topic, settings.bootstrap_servers)


def open_admin(settings: KafkaSettings, on_error: OnError | None = None) -> AdminClient:
    """An administration client. Making one does not prove that a broker answers.

    Args:
        settings: where, and how to log in.
        on_error: told what goes wrong with its connections, from a thread of the client's own.
    """
    with translated("making a client"):
        return AdminClient(client_properties(settings), logger=_LOG, **_listening(on_error))


def _listening(on_error: OnError | None) -> dict[str, OnError]:
    return {} if on_error is None else {"error_cb": on_error}


def open_consumer(
    settings: KafkaSettings,
    extra: Properties | None = None,
    on_error: OnError | None = None,
    on_statistics: Callable[[str], None] | None = None,
) -> Consumer:
    """A consumer that sees only what committed transactions wrote, and commits nothing unless
    `extra` says so; `on_error` as for `open_admin`.

    `on_statistics` is told each second what the client has done, as JSON, while it is asked for
    records.
    """
    properties = client_properties(settings) | {
        "group.id": "sfcrime-unused",  # the client insists on one; nothing is committed to it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "receive.message.max.bytes": MAX_UNPACKED_BYTES,
        # Bounds memory: 32 MB wait in the client, whatever the length of the topic.
        "queued.max.messages.kbytes": 32 * 1024,
        # All of a fetch is unpacked at once: 30,000 times as much where zeros are packed by zstd.
        "fetch.message.max.bytes": 32 * 1024,
        # The client waits so long, by default a second, once its queue is full.
        "fetch.queue.backoff.ms": 10,
        "fetch.wait.max.ms": 100,
        "check.crcs": True,
    }
    telling: dict[str, object] = {}
    if on_statistics is not None:
        telling = {"stats_cb": on_statistics, "statistics.interval.ms": 1000}
    with translated("making a client"):
        return Consumer(
            {**properties, **(extra or {}), **telling}, logger=_LOG, **_listening(on_error)
        )


def open_producer(settings: KafkaSettings) -> Producer:
    """A producer whose records are in their partition once, in order, and without holes."""
    properties = client_properties(settings) | {
        "enable.idempotence": True,
        "acks": "all",
        # Without it, records after one that failed could still arrive, and resuming after the last
        # of them would lose the one that failed.
        "enable.gapless.guarantee": True,
        "delivery.report.only.error": True,
        "compression.type": settings.compression,
        "linger.ms": 5,  # batches fill by themselves at full speed: 50 was no faster
        "batch.size": 512 * 1024,
        "batch.num.messages": 10_000,
        "queue.buffering.max.messages": 50_000,
        "queue.buffering.max.kbytes": 64 * 1024,
        "message.max.bytes": MAX_PRODUCED_BYTES,
        "message.timeout.ms": int(BROKER_WAIT_S * 1000),
    }
    with translated("making a client"):
        return Producer(properties, logger=_LOG)


def cluster_id_of(bootstrap_servers: str) -> Generator[str | None]:
    """Asks again at every step: the id of the cluster that answers, None where none does.

    A step takes at most half a second.
    """
    admin = AdminClient(
        {
            "bootstrap.servers": bootstrap_servers,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 200,
        },
        logger=_LOG,
    )
    while True:
        try:
            yield admin.list_topics(timeout=0.5).cluster_id
        except KafkaException:
            yield None
