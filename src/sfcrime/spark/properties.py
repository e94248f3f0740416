"""Properties of the Spark session and options of its source: which are set, why, and what a user
may add. Knows nothing of PySpark, so that the JVM can be started before that is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sfcrime.errors import UsageError
from sfcrime.settings import Settings
from sfcrime.spark.cluster import cluster_properties, is_local, require_cluster
from sfcrime.spark.properties_file import read_properties_file

APPLICATION_NAME = "sfcrime"

_DECIDED_ELSEWHERE = {
    "spark.driver.memory": "the setting stream.heap",
    "spark.driver.extraJavaOptions": "the setting stream.jvm_options",
    "spark.driver.defaultJavaOptions": "the JVM's command line, which sfcrime writes",
    "spark.driver.extraClassPath": "the JVM's command line, which sfcrime writes",
    "spark.pyspark.python": "the setting stream.executor_python",
    "spark.pyspark.driver.python": "the Python that runs sfcrime",
    "spark.python.unix.domain.socket.enabled": "the length of the data folder's path",
    "spark.python.unix.domain.socket.dir": "the data folder",
}
"""Properties that would have no effect, or break what depends on them."""

_SOCKET_NAME_LENGTH = 48
_LONGEST_SOCKET_PATH = 100
"""The systems' bound is 104 (macOS) and 108 bytes (Linux)."""


_OPTIONS_DECIDED_HERE = frozenset(
    {
        *("subscribe", "subscribepattern", "assign", "maxoffsetspertrigger", "failondataloss"),
        *("startingoffsets", "startingtimestamp", "startingoffsetsbytimestamp"),
        *("endingoffsets", "endingtimestamp", "endingoffsetsbytimestamp"),
        # Which copy of a call counts depends on a partition being read whole and in order.
        *("minpartitions", "maxrecordsperpartition"),
    }
)
"""In lower case, as Spark compares them."""


_FREE_CLIENT_OPTIONS = frozenset(
    {
        # How much is fetched and unpacked at once.
        *("kafka.fetch.max.bytes", "kafka.max.partition.fetch.bytes", "kafka.max.poll.records"),
        *("kafka.receive.buffer.bytes", "kafka.fetch.min.bytes"),
        # How long an answer is waited for.
        *("kafka.fetch.max.wait.ms", "kafka.request.timeout.ms", "kafka.default.api.timeout.ms"),
    }
)
"""Properties of Kafka's client in Spark: none of them decides which records are read."""


def require_settable(settings: Settings) -> None:
    """Refuses further Spark properties, and options of the source, that sfcrime decides itself, and
    a cluster that could not be counted on.

    Raises:
        UsageError: names the property, option or setting.
    """
    properties = spark_properties(settings, settings.data_dir)
    if not is_local(settings.stream.master):
        require_cluster(settings, properties)
    for name in settings.stream.source_options:
        is_free = name in _FREE_CLIENT_OPTIONS or not name.lower().startswith("kafka.")
        if name.lower() in _OPTIONS_DECIDED_HERE or not is_free:
            raise UsageError(
                f"The setting stream.source_options names {name}.",
                rule="What is read, and from where on, is decided by sfcrime: counts rely on it.",
                next_step="leave it out; max_records_per_batch bounds a batch, and of Kafka's "
                f"client these can be set: {', '.join(sorted(_FREE_CLIENT_OPTIONS))}",
            )


def spark_properties(settings: Settings, work_dir: Path) -> Mapping[str, str]:
    """Every property that differs from Spark's default, those of the user too, which may be secret.

    Raises:
        UsageError: one of the latter is set by sfcrime itself, or their file cannot be used.
    """
    stream, own = settings.stream, _own_properties(settings, work_dir)
    file = stream.spark_properties_file
    from_file = read_properties_file(Path(file).expanduser()) if file else {}
    for place, given in (
        ("The setting stream.spark_properties", stream.spark_properties),
        (f"The file of Spark properties {file}", from_file),
    ):
        for name in given:
            if name in own or name in _DECIDED_ELSEWHERE:
                rule = _DECIDED_ELSEWHERE.get(name, "counts rely on it")
                raise UsageError(
                    f"{place} names {name}.",
                    rule=f"sfcrime sets it itself: {rule}.",
                    next_step="leave it out; docs/settings.md lists what can be set",
                )
    return {**own, **stream.spark_properties, **from_file}


def _own_properties(settings: Settings, work_dir: Path) -> dict[str, str]:
    return {
        "spark.master": settings.stream.master,
        "spark.app.name": APPLICATION_NAME,
        **(
            _local_properties(work_dir)
            if is_local(settings.stream.master)
            else cluster_properties(settings)
        ),
        # Whoever has an account on this machine can open the UI, and end no job in it.
        "spark.ui.killEnabled": "false",
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
        "spark.sql.adaptive.enabled": "false",  # there is no shuffle that it could adapt
        # Rename in place of Hadoop's abstraction over it: saves 40 process forks a batch.
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.checkpointing"
            ".FileSystemBasedCheckpointFileManager"
        ),
        "spark.hadoop.fs.permissions.umask-mode": "077",  # the modes of what Hadoop's code makes
        # Nobody reads the checkpoint of this query again.
        "spark.sql.streaming.minBatchesToRetain": "2",
        "spark.sql.streaming.numRecentProgressUpdates": "20",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
        # Workers are forked from a process that has imported all they need.
        "spark.python.daemon.module": "sfcrime.spark.worker_daemon",
        "spark.sql.streaming.metricsEnabled": "false",
        # No secret is handed to Spark (kafka.dialects); this hides what a user's own setting of
        # Kafka's client would show.
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas|keystore[.]key",
    }


def _local_properties(work_dir: Path) -> Mapping[str, str]:
    return {
        # Loopback only: driver, block manager and UI (SPARK_LOCAL_IP is set for the latter).
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # What listens for executors takes no stranger's connection: Spark makes up the secret in
        # its memory.
        "spark.authenticate": "true",
        **_worker_sockets(work_dir),
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
