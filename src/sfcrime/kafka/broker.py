"""The embedded broker: Kafka in KRaft mode as a child process, on loopback, in the data folder.

One sfcrime process owns it at a time (a lock in its folder); others may use it while it runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from sfcrime.errors import ChildFailed, KafkaUnavailable
from sfcrime.jvm.jars import startup_cache
from sfcrime.kafka.broker_files import (
    BROKER_LOG,
    BROKER_OUTPUT,
    damaged_storage,
    format_storage,
    java_command,
    stored_cluster_id,
    write_configuration,
)
from sfcrime.kafka.broker_record import (
    BrokerRecord,
    broker_folder,
    noted_identity,
    read_record,
    running_bootstrap_servers,
    stop_identity,
    write_record,
)
from sfcrime.kafka.client import cluster_id_of
from sfcrime.kafka.connection import require_answer
from sfcrime.machine.child import STOP_GRACE_S, Child, last_words, start_child
from sfcrime.machine.own_folder import DATA_FOLDER, FolderKind, take_alone, take_folder
from sfcrime.machine.ports import LOOPBACK, free_port, is_free, require_free
from sfcrime.settings import Settings

START_TIMEOUT_S = 60.0
"""A broker that does not answer by then has failed. It takes 2 to 4 s on 2 cores; after a power
cut it first checks its log files."""

_PORT_ATTEMPTS = 5

BROKER_FOLDER = FolderKind("broker's folder", "--data-dir", ("lock", "broker.json"))

OnStep = Callable[[str], None]


class RunningBroker:
    """A broker that answers; made by `start_broker`. A context manager that stops it."""

    def __init__(
        self,
        child: Child,
        record: BrokerRecord,
        log_path: Path,
        stop_grace_s: float,
        held: ExitStack,
    ) -> None:
        self._child = child
        self._stop_grace_s = stop_grace_s
        self._held = held
        self.bootstrap_servers = record.bootstrap_servers
        self.log_path = log_path

    @property
    def pid(self) -> int:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.is_running()

    def require_running(self) -> None:
        """Raises ChildFailed, with the last lines of its log, where it has ended by itself."""
        if not self.is_running():
            said = last_words(self.log_path.with_name(BROKER_OUTPUT), self.log_path)
            raise ChildFailed(
                f"The broker ended. Its last words:\n{said}",
                next_step=f"read {self.log_path}; running again goes on where it stopped",
            )

    def stop(self) -> None:
        """Ends the broker within 10 s, in order if it can, and frees its folder. Repeatable."""
        self._child.stop(self._stop_grace_s)
        self._held.close()

    def __enter__(self) -> RunningBroker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_broker(settings: Settings, on_step: OnStep = lambda _: None) -> RunningBroker:
    """Starts the broker of the data folder and waits until it answers.

    Its storage is made at the first start. A broker left over by a killed process is ended first.
    Call it from the main thread: Linux ends the broker with the thread that started it.

    Args:
        settings: the broker lives in the folder `kafka` of the data folder; port 0 picks a free
            one.
        on_step: told what is being done, a short phrase each.

    Raises:
        UsageError: the data folder is not ours; see `take_folder`.
        AlreadyRunning: another sfcrime process runs the broker of this folder.
        PortTaken: the port is in use.
        KafkaUnavailable: it ended or did not answer; with the last lines of its log.
        JavaUnavailable, JarsUnavailable: what it needs is missing.
    """
    folder, kafka, jvm = broker_folder(settings.data_dir), settings.kafka, settings.jvm
    with ExitStack() as stack:
        _claim(settings, stack)
        on_step("checking jars")
        startup = startup_cache("kafka", jvm)
        command = java_command(startup, kafka.heap, folder)
        if stored_cluster_id(folder) is None:
            on_step("making the broker's storage")
            format_storage(command, folder, startup.features)
        on_step("starting the broker")
        command[1:1] = startup.options
        child, record = _start_and_wait(command, kafka.port, folder, startup.own_session)
        stack.callback(child.stop)
        grace_s = startup.stop_grace_s(STOP_GRACE_S)
        return RunningBroker(child, record, folder / BROKER_LOG, grace_s, stack.pop_all())


def require_startable(settings: Settings) -> None:
    """Refuses at once what `start_broker` would: UsageError, AlreadyRunning, PortTaken."""
    with ExitStack() as stack:
        _claim(settings, stack)


@contextlib.contextmanager
def open_kafka(settings: Settings, on_step: OnStep = lambda _: None) -> Iterator[Settings]:
    """The settings with `bootstrap_servers` that answer: an outside cluster's, or the embedded
    broker's.

    A running embedded broker is used; otherwise it is started, and stopped at the end. Errors are
    those of `start_broker`, and of `require_answer` for an outside cluster.
    """
    if settings.kafka.bootstrap_servers:
        require_answer(settings.kafka)
        yield settings
        return
    running = running_bootstrap_servers(settings.data_dir)
    if running is not None:
        yield settings.at_servers(running)
        return
    with start_broker(settings, on_step) as broker:
        yield settings.at_servers(broker.bootstrap_servers)


def _claim(settings: Settings, stack: ExitStack) -> None:
    """Takes the folder and locks it for as long as the stack lives, ends a broker without an
    owner, and sees that the port is free."""
    folder = broker_folder(settings.data_dir)
    take_folder(settings.data_dir, DATA_FOLDER)
    left_over = read_record(folder)
    used = f" {left_over.bootstrap_servers}" if left_over else ""
    instead = f"use it with --bootstrap-servers{used}, stop it, or choose another --data-dir"
    stack.enter_context(take_alone(folder, BROKER_FOLDER, "broker", next_step=instead))
    left_over = read_record(folder)
    if left_over is not None:
        stop_identity(left_over.broker)
    if settings.kafka.port:
        require_free(settings.kafka.port)


def _start_and_wait(
    command: list[str], wanted_port: int, folder: Path, own_session: bool
) -> tuple[Child, BrokerRecord]:
    """Starts the broker, with other ports where one was lost between choice and use."""
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port, controller_port = wanted_port or free_port(), free_port()
        properties = write_configuration(folder, port, controller_port)
        child = start_child(
            [*command, "kafka.Kafka", str(properties)],
            folder / BROKER_OUTPUT,
            end_signal=15,
            own_session=own_session,
        )
        broker, owner = noted_identity(child.pid), noted_identity(os.getpid())
        record = BrokerRecord(broker, owner, f"{LOOPBACK}:{port}")
        try:
            write_record(folder, record)
            failure = _wait_until_it_answers(child, record, stored_cluster_id(folder) or "")
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


def _wait_until_it_answers(child: Child, record: BrokerRecord, cluster_id: str) -> str | None:
    """Asks until the broker answers with our cluster's id; what failed otherwise.

    The id matters: another broker may have taken the port first, and would answer too.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    with contextlib.closing(cluster_id_of(record.bootstrap_servers)) as answers:
        for answered in answers:
            if not child.is_running():
                return f"ended with exit code {child.exit_code} while it started"
            if answered == cluster_id:
                return None
            if time.monotonic() > deadline:
                break
    return f"did not answer within {START_TIMEOUT_S:.0f} s"
