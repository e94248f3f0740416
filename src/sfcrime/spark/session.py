"""The Spark session on its JVM, and the folder for the checkpoint of its query."""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession

from sfcrime.errors import SparkUnavailable, UsageError
from sfcrime.machine.child import last_lines
from sfcrime.machine.own_folder import (
    MEMORY_FOLDER,
    SPARK_FOLDER,
    memory_folder,
    remove_folder,
    take_empty,
)
from sfcrime.settings import Settings
from sfcrime.spark.driver import WORK_FOLDER, DriverJvm, start_driver_jvm
from sfcrime.spark.properties import APPLICATION_NAME

SESSION_STOP_S = 3.0
_OLD_CHECKPOINTS, _OLD_MARK = "checkpoint", "sfcrime.json"
"""Where version 0.1 kept Spark's checkpoints, and the file that it put into each of them."""


@dataclass(slots=True)
class RunningSpark:
    """A session and the JVM below it."""

    session: SparkSession
    jvm: DriverJvm

    def renew(self, settings: Settings) -> None:
        """Makes another session on another JVM, by the same settings, where its JVM has ended.

        Raises:
            ChildFailed: the new one ended as well.
        """
        if self.jvm.is_running():
            return
        _forget_session()
        new = start_spark(settings, self.jvm.log_path.parent)
        self.session, self.jvm = new.session, new.jvm

    @property
    def ui_url(self) -> str:
        """Where the Spark UI answers: the port asked for, or the next free one."""
        return self.session.sparkContext.uiWebUrl or ""

    def stop(self) -> None:
        """Ends the session and its JVM within some 10 s. Repeatable."""
        if self.jvm.is_running():
            # A query that waits for a broker that is gone does not end: the JVM is killed then.
            ending = Thread(target=self._end_session, name="end-session", daemon=True)
            ending.start()
            ending.join(SESSION_STOP_S)
        self.jvm.stop()

    def _end_session(self) -> None:
        with contextlib.suppress(Py4JError, OSError):
            gateway = self.session.sparkContext._gateway
            self.session.stop()
            if gateway is not None:  # else objects collected later still call the dead JVM
                gateway.shutdown()


def start_spark(settings: Settings, work_dir: Path) -> RunningSpark:
    """Starts the driver JVM and a session on it; for the arguments see `start_driver_jvm`."""
    return open_spark(start_driver_jvm(settings, work_dir))


def open_spark(jvm: DriverJvm) -> RunningSpark:
    """A session on a JVM that was started.

    Raises:
        ChildFailed: the JVM ended; see `await_gateway`.
        SparkUnavailable: the master of a cluster did not answer for a minute, or refused us.
    """
    jvm.await_gateway()
    try:
        session = open_session({"spark.app.name": APPLICATION_NAME})
    except Py4JJavaError as failure:
        said = str(failure.java_exception.toString()).partition("\n")[0]
        raise SparkUnavailable(
            f"Spark gave no session: {said}\n{last_lines(jvm.log_path, 3)}",
            next_step="check that the cluster's master answers, and that its secret "
            "(spark.authenticate.secret) is ours",
        ) from failure
    _require_token_of_callbacks(session)
    # Where the JVM dies, the query's end is what says so. py4j logs a traceback of its own to the
    # root logger, which writes to stderr while it has no handler, and so does PySpark's server
    # for accumulators from its own thread.
    logging.getLogger().addHandler(logging.NullHandler())
    session.sparkContext._accumulatorServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    return RunningSpark(session, jvm)


def _forget_session() -> None:
    """PySpark keeps one gateway and one session, and cannot stop those of a JVM that is dead."""
    SparkContext._gateway = SparkContext._jvm = None
    SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None


def _require_token_of_callbacks(session: SparkSession) -> None:
    """Python's own server, which the JVM calls for every batch, takes no stranger's connection.

    PySpark gives it no token, and the JVM's client of it loses the one it has when it is told the
    port (`PythonClient.copyWith` of py4j 0.10.9.9), so both are given the gateway's.
    """
    gateway: Any = session.sparkContext._gateway
    token = gateway.java_parameters.auth_token
    gateway.python_parameters.auth_token = token
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]  # PySpark's own
    client = JavaObject("GATEWAY_SERVER", gateway._gateway_client).getCallbackClient()
    known = client.getClass().getSuperclass().getDeclaredField("authToken")
    known.setAccessible(True)
    known.set(client, token)


def open_session(properties: Mapping[str, str]) -> SparkSession:
    """A session on the JVM that PySpark was pointed at; Ctrl-C stays what the caller made it.

    PySpark takes SIGINT for itself: it cancels the batch in hand and raises KeyboardInterrupt.
    """
    before = signal.getsignal(signal.SIGINT)
    session = SparkSession.builder.config(map=dict(properties)).getOrCreate()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)
    return session


@contextlib.contextmanager
def throw_away_checkpoint(data_dir: Path, memory: Path = MEMORY_FOLDER) -> Iterator[Path]:
    """An empty folder for one start of the query, in memory where the system has such folders.

    Spark must have a checkpoint to run a query; this query's is of no use to the next one, which
    continues where the ledger ends. What an earlier start left is removed; the job's lock is held,
    so nobody uses it.

    Args:
        data_dir: of the job; another one has another folder.
        memory: where folders are in memory, if it exists.

    Raises:
        UsageError: the folder on the disk is not ours.
    """
    _clear_old_checkpoints(data_dir)
    on_disk = data_dir / WORK_FOLDER / "checkpoint"
    wanted = memory_folder(data_dir, memory) if memory.is_dir() else on_disk
    try:
        folder = take_empty(wanted, SPARK_FOLDER)
    except UsageError:
        folder = take_empty(on_disk, SPARK_FOLDER)
    # A JVM that is still dying may write into the folder of its own start, and into no other.
    try:
        yield Path(tempfile.mkdtemp(prefix="start-", dir=folder))
    finally:
        remove_folder(folder)


def _clear_old_checkpoints(data_dir: Path) -> None:
    """Removes the checkpoints of version 0.1 that carry its mark, and their folder once empty."""
    folder = data_dir / _OLD_CHECKPOINTS
    if not folder.is_dir() or folder.is_symlink():
        return
    for each in folder.iterdir():
        if (each / _OLD_MARK).is_file() and not each.is_symlink():
            shutil.rmtree(each)
    if not any(folder.iterdir()):
        folder.rmdir()
