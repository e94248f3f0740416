"""The embedded broker: Kafka in KRaft mode as a child process, on loopback, in the data folder.

One sfcrime process owns it at a time (a lock in its folder); others may use it while it runs.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from sfcrime.errors import AlreadyRunning, ChildFailed
from sfcrime.jvm.jars import startup_cache
from sfcrime.kafka.broker_files import (
    BROKER_LOG,
    BROKER_OUTPUT,
    format_storage,
    java_command,
    stored_cluster_id,
)
from sfcrime.kafka.broker_record import (
    BrokerRecord,
    broker_folder,
    is_alive,
    is_starting,
    read_record,
    running_bootstrap_servers,
    stop_identity,
    write_record,
)
from sfcrime.kafka.broker_start import (
    START_TIMEOUT_S,
    Launch,
    record_of,
    start_and_wait,
    start_on,
)
from sfcrime.kafka.connection import require_answer
from sfcrime.machine.child import STOP_GRACE_S, Child, last_words
from sfcrime.machine.own_folder import DATA_FOLDER, FolderKind, take_alone, take_folder
from sfcrime.machine.ports import free_port, require_free
from sfcrime.settings import Settings

BROKER_FOLDER = FolderKind("broker's folder", "--data-dir", ("lock", "broker.json"))

_LOOK_EVERY_S = 0.2

OnStep = Callable[[str], None]


class RunningBroker:
    """A broker that has answered; made by `start_broker`. A context manager that stops it."""

    def __init__(
        self,
        launch: Launch,
        child: Child,
        record: BrokerRecord,
        stop_grace_s: float,
        held: ExitStack,
    ) -> None:
        self._launch = launch
        self._child = child
        self._record = record
        self._stop_grace_s = stop_grace_s
        self._held = held
        self.bootstrap_servers = record.bootstrap_servers
        self.log_path = launch.folder / BROKER_LOG

    @property
    def pid(self) -> int:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.is_running()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; below 0: the number of the signal that ended it."""
        return self._child.exit_code

    def require_running(self) -> None:
        """Raises ChildFailed, with the last lines of its log, where it has ended by itself."""
        if not self.is_running():
            raise self.failure()

    def failure(self) -> ChildFailed:
        """That it ended, with the last lines of its log."""
        said = last_words(self.log_path.with_name(BROKER_OUTPUT), self.log_path)
        return ChildFailed(
            f"The broker ended. Its last words:\n{said}",
            next_step=f"read {self.log_path}; running again goes on where it stopped",
        )

    @property
    def cluster_id(self) -> str | None:
        """Of the cluster that it is all of."""
        return stored_cluster_id(self._launch.folder)

    def kill(self) -> None:
        """Ends it at once."""
        self._child.kill_tree()

    def start_again(self) -> None:
        """Starts it again on the same port, once it has ended, and does not wait until it answers.

        Raises:
            OSError: there is no room for what it needs to start.
        """
        port = int(self.bootstrap_servers.rpartition(":")[2])
        self._child = start_on(self._launch, port, free_port())
        try:
            self._note(answers=False)
        except OSError:  # a broker that nobody knows of would keep port and folder from the next
            self.kill()
            raise

    def note_answers(self) -> None:
        """It answers: from now on, other processes may find it. Repeatable, and cheap; where the
        disk is full, they find it later."""
        if not self._record.answers:
            with contextlib.suppress(OSError):
                self._note(answers=True)

    def _note(self, *, answers: bool) -> None:
        record = record_of(self._child, self.bootstrap_servers, answers=answers)
        write_record(self._launch.folder, record)
        self._record = record

    def stop(self, most_grace_s: float | None = None) -> None:
        """Ends the broker within 10 s (that of a training, once its cache is written) or within
        `most_grace_s`, in order if it can, and frees its folder. Repeatable."""
        self._child.stop(self._stop_grace_s if most_grace_s is None else most_grace_s)
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
        launch = Launch(folder, command, startup.own_session)
        child, record = start_and_wait(launch, kafka.port)
        stack.callback(child.stop)
        grace_s = startup.stop_grace_s(STOP_GRACE_S)
        return RunningBroker(launch, child, record, grace_s, stack.pop_all())


def require_startable(settings: Settings) -> None:
    """Refuses at once what `start_broker` would: UsageError, AlreadyRunning, PortTaken."""
    with ExitStack() as stack:
        _claim(settings, stack)


@contextlib.contextmanager
def open_kafka(settings: Settings, on_step: OnStep = lambda _: None) -> Iterator[Settings]:
    """The settings with `bootstrap_servers` that answer: an outside cluster's, or the embedded
    broker's.

    A running embedded broker is used, one that somebody is starting waited for; otherwise it is
    started, and stopped at the end. Errors are those of `start_broker`, and of `require_answer` for
    an outside cluster.
    """
    if settings.kafka.bootstrap_servers:
        require_answer(settings.kafka)
        yield settings
        return
    with ExitStack() as started:
        yield settings.at_servers(_servers(settings, on_step, started))


def _servers(settings: Settings, on_step: OnStep, started: ExitStack) -> str:
    """Those of the running embedded broker, else of one that lives as long as the stack."""
    deadline_s, told = time.monotonic() + START_TIMEOUT_S, False
    while True:
        running = running_bootstrap_servers(settings.data_dir)
        if running is not None:
            return running
        try:
            return started.enter_context(start_broker(settings, on_step)).bootstrap_servers
        except AlreadyRunning:  # a run starts it, perhaps again
            if is_starting(settings.data_dir):  # it may have a large log to check
                deadline_s = time.monotonic() + START_TIMEOUT_S
            if time.monotonic() > deadline_s:
                raise
            if not told:
                on_step("waiting for the broker")
                told = True
        time.sleep(_LOOK_EVERY_S)


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
    if left_over is not None and not is_alive(left_over.owner):
        stop_identity(left_over.broker)
    if settings.kafka.port:
        require_free(settings.kafka.port)
