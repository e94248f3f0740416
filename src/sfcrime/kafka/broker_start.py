"""Starts the process of the embedded broker, and waits until it answers."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.broker_files import (
    BROKER_LOG,
    BROKER_OUTPUT,
    BrokerPorts,
    bytes_of_log,
    damaged_storage,
    stored_cluster_id,
    write_configuration,
)
from sfcrime.kafka.broker_record import BrokerRecord, noted_identity, write_record
from sfcrime.kafka.client import cluster_id_of
from sfcrime.machine.child import Child, last_words, start_child
from sfcrime.machine.ports import LOOPBACK, free_port, is_free, require_free

START_TIMEOUT_S = 60.0
"""A broker that does not answer by then has failed. It takes 2 to 4 s on 2 cores."""

CHECKED_BYTES_PER_S = 10_000_000
"""After a power cut it first checks its log files, and one that was restored checks all of them: 40
MB a second on two busy cores, so four times the time for it."""

_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Launch:
    """How a broker is started."""

    folder: Path
    command: Sequence[str]
    """Java with its options."""
    own_session: bool


def start_on(launch: Launch, port: int, controller_port: int) -> Child:
    """Starts it on these ports, and does not wait until it answers."""
    properties = write_configuration(launch.folder, [BrokerPorts(port, controller_port)])
    return start_child(
        [*launch.command, "kafka.Kafka", str(properties)],
        launch.folder / BROKER_OUTPUT,
        end_signal=15,
        own_session=launch.own_session,
    )


def record_of(child: Child, bootstrap_servers: str, *, answers: bool) -> BrokerRecord:
    """What others are told of a broker of this process."""
    broker, owner = noted_identity(child.pid), noted_identity(os.getpid())
    return BrokerRecord(broker, owner, bootstrap_servers, answers)


def start_and_wait(launch: Launch, wanted_port: int) -> tuple[Child, BrokerRecord]:
    """Starts it, with other ports where one was lost between choice and use, and waits until it
    answers.

    Args:
        launch: how.
        wanted_port: 0 picks a free one.

    Raises:
        PortTaken: the port is in use.
        KafkaUnavailable: it ended or did not answer; with the last lines of its log.
    """
    folder = launch.folder
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port, controller_port = wanted_port or free_port(), free_port()
        child = start_on(launch, port, controller_port)
        record = record_of(child, f"{LOOPBACK}:{port}", answers=False)
        try:
            write_record(folder, record)
            failure = _wait_until_it_answers(
                child, record, stored_cluster_id(folder) or "", bytes_of_log(folder)
            )
        except BaseException:
            child.stop()
            raise
        if failure is None:
            record = msgspec.structs.replace(record, answers=True)
            write_record(folder, record)
            return child, record
        child.stop()
        if wanted_port:
            require_free(wanted_port)
        lost_a_port = not (is_free(port) and is_free(controller_port))
        if not lost_a_port or attempt == _PORT_ATTEMPTS:
            break
    raise KafkaUnavailable(
        f"The embedded broker {failure}. Its last words:\n"
        + last_words(folder / BROKER_OUTPUT, folder / BROKER_LOG),
        next_step=f"see {folder / BROKER_LOG}; where it says that a file is damaged, "
        f"{damaged_storage(folder)}",
    )


def _wait_until_it_answers(
    child: Child, record: BrokerRecord, cluster_id: str, log_bytes: int
) -> str | None:
    """Asks until the broker answers with our cluster's id; what failed otherwise.

    The id matters: another broker may have taken the port first, and would answer too.
    """
    timeout_s = START_TIMEOUT_S + log_bytes / CHECKED_BYTES_PER_S
    deadline = time.monotonic() + timeout_s
    with contextlib.closing(cluster_id_of(record.bootstrap_servers)) as answers:
        for answered in answers:
            if not child.is_running():
                return f"ended with exit code {child.exit_code} while it started"
            if answered == cluster_id:
                return None
            if time.monotonic() > deadline:
                break
    return f"did not answer within {timeout_s:.0f} s"
