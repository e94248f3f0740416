"""A cluster on this machine, to be tried: Kafka brokers, a Spark cluster, PostgreSQL.

All of it lives in the folder `cluster` of a data folder, and ends with the process that started it.
What is killed is started again, so that somebody may kill it to see what a job does then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sfcrime.errors import PostgresUnavailable
from sfcrime.kafka.broker_record import noted_identity, stop_identity
from sfcrime.kafka.local_brokers import LocalBrokers, prepare_brokers
from sfcrime.machine.node import Node, stop_all
from sfcrime.machine.own_folder import DATA_FOLDER, FolderKind, take_alone, take_folder
from sfcrime.machine.processes import descendants
from sfcrime.machine.whole_files import write_whole
from sfcrime.pipeline.part import how_ended
from sfcrime.postgres.server import RunningServer, require_programs, start_server
from sfcrime.settings import KafkaSettings, Settings, StoreSettings
from sfcrime.spark.local_cluster import LocalSpark, prepare_spark

RESTART_AFTER_S = 10.0
"""How long what was killed stays away: long enough to be missed."""

_FOLDER = FolderKind("folder of the local cluster", "--data-dir", ())
_EXECUTORS_GRACE_S = 2.0

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What is to be started."""

    settings: Settings
    """The data folder, and what all JVMs run on."""
    workers: int
    brokers: int


@dataclass(slots=True)
class LocalCluster:
    """A cluster that is up; made by `local_cluster`. Call everything from the main thread."""

    data_dir: Path
    brokers: LocalBrokers
    spark: LocalSpark
    database: RunningServer | None
    """None where PostgreSQL's programs are not installed."""
    on_step: OnStep
    _away_since: dict[str, float] = field(default_factory=dict)

    @property
    def nodes(self) -> Sequence[Node]:
        """The brokers, the master and the workers."""
        return [*self.brokers.nodes, *self.spark.nodes]

    @property
    def settings_file(self) -> Path:
        """The settings of a job on this cluster, as `SFCRIME_CONFIG` names them; no secret is in
        it, but the names of the files that hold them."""
        return _folder(self.data_dir) / "settings.toml"

    def keep_up(self) -> None:
        """Says what has ended, and starts it again after 10 s. Call it twice a second.

        Raises:
            PostgresUnavailable, PortTaken: PostgreSQL could not be started again.
        """
        for node in self.nodes:
            if self._is_due(node.name, node.exit_code):
                node.start()
        database = self.database
        if database is not None and self._is_due("PostgreSQL", database.exit_code):
            database.stop()
            self.database = start_server(_folder(self.data_dir), database.port)

    def _is_due(self, name: str, exit_code: int | None) -> bool:
        """Whether something that has ended, which is said once, is to be started now."""
        if exit_code is None:
            return False
        began = self._away_since.get(name)
        if began is None:
            self._away_since[name] = time.monotonic()
            again = f"it is started again in {RESTART_AFTER_S:.0f} s"
            self.on_step(f"{name} {how_ended(exit_code)}; {again}")
            return False
        if time.monotonic() - began < RESTART_AFTER_S:
            return False
        del self._away_since[name]
        self.on_step(f"starting {name} again")
        return True

    def stop(self) -> None:
        """Ends all of it in order, and what it started."""
        executors = [
            noted_identity(pid)
            for worker in self.spark.workers
            if worker.is_running()
            for pid in descendants(worker.pid)
        ]
        stop_all(self.nodes)
        for each in executors:
            stop_identity(each, _EXECUTORS_GRACE_S)
        if self.database is not None:
            self.database.stop()


@contextmanager
def local_cluster(plan: ClusterPlan, on_step: OnStep) -> Iterator[LocalCluster]:
    """Starts a cluster and waits until all of it answers; ends it with the block.

    Started again, brokers and database go on with what they had.

    Args:
        plan: what, and where.
        on_step: told what is being done, and how long each part took.

    Raises:
        UsageError: a folder is not ours, or has another number of brokers.
        AlreadyRunning: the cluster of this data folder runs.
        KafkaUnavailable, SparkUnavailable, PostgresUnavailable: a part did not start; with its last
            words.
        JavaUnavailable, JarsUnavailable: what they need is missing.
    """
    data_dir = plan.settings.data_dir
    folder, jvm = _folder(data_dir), plan.settings.jvm
    instead = "use it by its settings file, stop it, or choose another --data-dir"
    take_folder(data_dir, DATA_FOLDER)
    with take_alone(folder, _FOLDER, "local cluster", next_step=instead), ExitStack() as started:
        on_step("making what the brokers need")
        brokers = prepare_brokers(folder, jvm, plan.brokers)
        spark = prepare_spark(folder / "spark", jvm, plan.workers)
        cluster = LocalCluster(data_dir, brokers, spark, None, on_step)
        started.callback(cluster.stop)
        on_step(f"starting {plan.brokers} brokers, a Spark master, {plan.workers} workers")
        began = time.monotonic()
        for node in cluster.nodes:
            node.start()
        cluster.database = _database(folder, on_step)
        spark.await_all()
        on_step(f"Spark is up after {time.monotonic() - began:.1f} s")
        brokers.await_all()
        on_step(f"Kafka is up after {time.monotonic() - began:.1f} s")
        write_settings(cluster)
        yield cluster


def job_settings(cluster: LocalCluster) -> Settings:
    """The settings of a job on this cluster, where they differ from the defaults."""
    database = cluster.database
    return Settings(
        kafka=KafkaSettings(
            bootstrap_servers=cluster.brokers.bootstrap_servers,
            partitions=len(cluster.spark.workers),
        ),
        stream=cluster.spark.job_settings(),
        store=StoreSettings(
            data_dir=str(cluster.data_dir),
            url=database.url if database else "",
            password_file=str(database.folder.password_file) if database else "",
        ),
    )


def write_settings(cluster: LocalCluster) -> None:
    """Writes them into `settings_file`."""
    write_whole(cluster.settings_file, _as_toml(job_settings(cluster)).encode())


def _folder(data_dir: Path) -> Path:
    return data_dir / "cluster"


def _database(folder: Path, on_step: OnStep) -> RunningServer | None:
    """PostgreSQL with its database, where its programs are installed."""
    try:
        require_programs(folder)
    except PostgresUnavailable as error:
        on_step(f"no PostgreSQL, a file holds the store: {error.happened} {error.next_step}")
        return None
    began = time.monotonic()
    server = start_server(folder, on_step=on_step)
    on_step(f"PostgreSQL is up after {time.monotonic() - began:.1f} s")
    return server


def _as_toml(settings: Settings) -> str:
    """What differs from the defaults, a table for each room."""
    lines = []
    usual = msgspec.to_builtins(Settings())
    for room, values in msgspec.to_builtins(settings).items():
        changed = {name: each for name, each in values.items() if each != usual[room][name]}
        if changed:
            lines.append(f"[{room}]")
        for name, value in changed.items():
            lines.append(f"{name} = {_toml_value(value)}")
    return "\n".join(lines) + "\n"


def _toml_value(value: str | int | dict[str, str]) -> str:
    """A string of JSON is one of TOML."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)} = {_toml_value(each)}" for name, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False)
