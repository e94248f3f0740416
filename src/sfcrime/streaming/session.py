"""The Spark session: which settings it runs with, and why each is set."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import resolve_jars
from sfcrime.jvm.java import find_java
from sfcrime.jvm.startup_cache import startup_cache
from sfcrime.settings import Settings
from sfcrime.streaming.gateway import (
    DriverCommand,
    DriverJvm,
    driver_class_path,
    start_driver_jvm,
)

SESSION_STOP_S = 3.0

APPLICATION_NAME = "sfcrime"

STATE_STORE_PROPERTY = "spark.sql.streaming.stateStore.providerClass"
_STATE_STORES = "org.apache.spark.sql.execution.streaming.state."
STATE_STORES = {
    "memory": f"{_STATE_STORES}HDFSBackedStateStoreProvider",
    "rocksdb": f"{_STATE_STORES}RocksDBStateStoreProvider",
}

_DECIDED_ELSEWHERE = {
    "spark.driver.memory": "the setting stream.heap",
    "spark.driver.extraJavaOptions": "the setting stream.jvm_options",
    "spark.driver.defaultJavaOptions": "the JVM's command line, which sfcrime writes",
    "spark.driver.extraClassPath": "the JVM's command line, which sfcrime writes",
    "spark.python.unix.domain.socket.enabled": "the length of the data folder's path",
    "spark.python.unix.domain.socket.dir": "the data folder",
}
"""Properties that would have no effect, or break what depends on them."""

_SOCKET_NAME_LENGTH = 48
_LONGEST_SOCKET_PATH = 100
"""The systems' bound is 104 (macOS) and 108 bytes (Linux)."""


@dataclass(frozen=True, slots=True)
class RunningSpark:
    """A session and the JVM below it."""

    session: SparkSession
    jvm: DriverJvm

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
    """Starts the driver JVM and a session on it.

    Args:
        settings: `stream` and `jvm` are read.
        work_dir: takes logs, shuffle files and everything else that may be deleted.
    """
    jars = resolve_jars("spark", settings.jvm)
    java = find_java(settings.jvm)
    jvm = start_driver_jvm(
        DriverCommand(
            java=java,
            jars=jars,
            startup_cache=startup_cache("spark", java, driver_class_path(jars), settings.jvm),
            heap=settings.stream.heap,
            properties=spark_properties(settings, work_dir),
            work_dir=work_dir,
            jvm_options=settings.stream.jvm_options.split(),
        )
    )
    session = open_session({"spark.app.name": APPLICATION_NAME})
    session.sparkContext.setLogLevel("WARN")
    # Where the JVM dies, the query's end is what says so. py4j logs a traceback of its own to the
    # root logger, which writes to stderr while it has no handler, and so does PySpark's server
    # for accumulators from its own thread.
    logging.getLogger().addHandler(logging.NullHandler())
    session.sparkContext._accumulatorServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    return RunningSpark(session, jvm)


def open_session(properties: Mapping[str, str]) -> SparkSession:
    """A session on the JVM that PySpark was pointed at; Ctrl-C stays what the caller made it.

    PySpark takes SIGINT for itself: it cancels the batch in hand and raises KeyboardInterrupt.
    """
    before = signal.getsignal(signal.SIGINT)
    session = SparkSession.builder.config(map=dict(properties)).getOrCreate()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)
    return session


def shuffle_partitions(settings: Settings) -> int:
    """How many state partitions a new checkpoint gets: one per core where 0 is set."""
    return settings.stream.shuffle_partitions or os.cpu_count() or 1


def spark_properties(settings: Settings, work_dir: Path) -> Mapping[str, str]:
    """Every property that differs from Spark's default, those of `stream.spark_properties` too.

    Raises:
        UsageError: one of the latter is set by sfcrime itself.
    """
    own = _own_properties(settings, work_dir)
    given = settings.stream.spark_properties
    for name in given:
        if name in own or name in _DECIDED_ELSEWHERE:
            raise UsageError(
                f"The setting stream.spark_properties names {name}.",
                rule=f"sfcrime sets it itself: {_DECIDED_ELSEWHERE.get(name, 'counts rely on it')}"
                ".",
                next_step="leave it out; docs/settings.md lists what can be set",
            )
    return {**own, **given}


def _own_properties(settings: Settings, work_dir: Path) -> dict[str, str]:
    return {
        "spark.master": settings.stream.master,
        "spark.app.name": APPLICATION_NAME,
        # Loopback only: driver, block manager and UI (SPARK_LOCAL_IP is set for the latter).
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.port": str(settings.stream.ui_port),
        "spark.ui.showConsoleProgress": "false",
        # The UI keeps what a person may look back at; a stream runs for months.
        "spark.ui.retainedJobs": "100",
        "spark.ui.retainedStages": "200",
        "spark.ui.retainedTasks": "2000",
        "spark.sql.ui.retainedExecutions": "50",
        "spark.local.dir": str(work_dir / "shuffle"),
        "spark.sql.warehouse.dir": str(work_dir / "warehouse"),
        # Wall-clock time is kept as if it were UTC, so Spark must not move it.
        "spark.sql.session.timeZone": "UTC",
        # Every shuffle partition is a state store and a task in every batch; 200 cost 8 times
        # the CPU on two cores. It lives in the checkpoint from the first batch on.
        "spark.sql.shuffle.partitions": str(shuffle_partitions(settings)),
        "spark.sql.adaptive.enabled": "false",  # never applies to a stateful query
        # Rename in place of Hadoop's abstraction over it: saves 40 process forks a batch.
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.checkpointing"
            ".FileSystemBasedCheckpointFileManager"
        ),
        STATE_STORE_PROPERTY: STATE_STORES[settings.stream.state_store],
        "spark.sql.streaming.minBatchesToRetain": "20",
        "spark.sql.streaming.numRecentProgressUpdates": "20",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
        **_worker_sockets(work_dir),
        "spark.sql.streaming.metricsEnabled": "false",
        # No secret is handed to Spark (kafka.dialects); this hides what a user's own setting of
        # Kafka's client would show.
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas|keystore[.]key",
    }


def _worker_sockets(work_dir: Path) -> Mapping[str, str]:
    """Socket files between the JVM and its Python workers where the path allows it: they save an
    eighth of all CPU time in a backlog, and no other user can reach them."""
    if len(str(work_dir)) + _SOCKET_NAME_LENGTH > _LONGEST_SOCKET_PATH:
        return {}
    return {
        "spark.python.unix.domain.socket.enabled": "true",
        "spark.python.unix.domain.socket.dir": str(work_dir),
    }
