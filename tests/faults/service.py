"""The service under test: `sfcrime run` on a data folder, its processes, and how far it is.

Only processes of a tree that was started here are ever signalled, by their id.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from observer import Observer
from orders import Orders

from running import (
    Ran,
    Sfcrime,
    Started,
    alive,
    command_line,
    kill_all,
    settings_in,
    started_command,
    wait_until,
)
from sfcrime.errors import KafkaUnavailable, SfcrimeError
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.broker_record import ProcessIdentity, running_bootstrap_servers
from sfcrime.kafka.topic import Topic
from sfcrime.machine.own_folder import MARK
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import open_reader

Place = Literal["embedded", "outside", "disks", "cluster"]
"""Where a service lives: with a broker of its own, with one beside it, on small disks, or on a
cluster of brokers, Spark workers and PostgreSQL."""

ROLES = {
    "driver": "sfcrime stream",
    "jvm": "SparkSubmit",
    "worker": "sfcrime.spark.worker_daemon",
    "broker": "kafka.Kafka",
    "producer": "sfcrime produce",
}
"""What the command line of each holds."""

ARGUMENTS = (
    *("run", "--source", "synthetic", "--start", "2024-01-01", "--speed", "3600x"),
    *("--max-records-per-batch", "2000", "--plain"),
)
"""An hour of calls, 90 or so, each second: an audit after many faults still takes seconds."""

MOUNT_IN_OWN_NAMESPACE = (
    *("unshare", "--mount", "sh", "-c"),
    'mount -t tmpfs -o size=4m,mode=1777 tmpfs /dev/shm && exec "$@"',
    "sh",
)
"""The command behind it has a small /dev/shm of its own, which is gone when it ends."""

SILENCE_S = 45
"""After it, a part that has work and gives no sign of life is taken for hung; 60 s by default."""

GONE_S = 15.0
"""Within it, all that was started below a killed process is gone."""


@dataclass(frozen=True)
class Position:
    """How far the ledger is."""

    batch: int = -1
    """The newest one; -1 before the first."""
    ends: Mapping[int, int] = field(default_factory=dict)

    def has_reached(self, ends: Mapping[int, int]) -> bool:
        """Whether all before these offsets is accounted for."""
        return all(self.ends.get(number, 0) >= end for number, end in ends.items())

    def is_beyond(self, ends: Mapping[int, int]) -> bool:
        """Whether, besides, something after them is."""
        return self.has_reached(ends) and sum(self.ends.values()) > sum(ends.values())


class Service:
    """A run on one data folder, started again where it ended; a context manager that ends it.

    Args:
        folder: empty; everything is kept in it.
        place: see `Place`.
        seed: of the synthetic city.
        with_page: whether the page runs.
    """

    def __init__(self, folder: Path, place: Place, seed: int, *, with_page: bool) -> None:
        self.place = place
        self.folder = folder
        self.with_page = with_page
        self.data_dir = folder / "data"
        self.orders = Orders(folder / "orders")
        points = Path(__file__).with_name("points")
        path = os.pathsep.join([str(points), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {
            "PYTHONPATH": path,
            "FAULTS_FOLDER": str(self.orders.folder),
            "SFCRIME_STREAM_TRIGGER_MS": "400",
            "SFCRIME_SUPERVISION_SILENCE_S": str(SILENCE_S),
        }
        self.sfcrime = Sfcrime(self.data_dir, environment)
        self._arguments = [*ARGUMENTS, "--seed", str(seed)]
        if not with_page:
            self._arguments.append("--no-dashboard")
        self.observer = Observer(self.data_dir, self.store)
        self.broker: RunningBroker | None = None
        """The one beside it."""
        self._broker_port = 0
        self._topic: Topic | None = None
        self._started: Started | None = None
        self._held = ExitStack()

    def __enter__(self) -> Service:
        with ExitStack() as held:
            self.start_what_is_beside(held)
            self._held = held.pop_all()
        try:
            self.start()
            self._held.enter_context(self.observer)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    # What runs

    @property
    def run(self) -> Started:
        assert self._started is not None
        return self._started

    def start_what_is_beside(self, held: ExitStack) -> None:
        """Starts what it finds there and does not start itself.

        Args:
            held: ends it.
        """
        if self.place == "outside":
            self.start_broker()
            held.callback(self.stop_broker)

    def start(self) -> None:
        """Starts `sfcrime run`; where it was, it has ended."""
        command = self.sfcrime._command((*self._arguments, *self.kafka_flags()))
        if self.place == "disks":
            self.data_dir.mkdir(mode=0o700, exist_ok=True)
            (self.data_dir / MARK).touch(mode=0o600)  # what is mounted in it is not the user's
            command = [*MOUNT_IN_OWN_NAMESPACE, *command]
        log = self.folder / f"run-{time.monotonic_ns()}.log"
        started = started_command(command, self.sfcrime._environment(), log)
        self._started = self._held.enter_context(started)

    def stop(self) -> None:
        """Ends it in order."""
        self.run.signal(signal.SIGTERM)
        self.run.wait(30)

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        tree = self.run.tree()
        kill_all(tree)
        self.run.wait(30)
        wait_until(lambda: not alive(tree), "the killed processes to be gone", GONE_S)

    def start_broker(self) -> None:
        """The broker beside it, on the port that it had."""
        kafka = KafkaSettings(port=self._broker_port)
        self.broker = start_broker(settings_in(self.folder / "broker", kafka))
        self._broker_port = int(self.broker.bootstrap_servers.rpartition(":")[2])

    def stop_broker(self) -> None:
        if self.broker is not None:
            self.broker.stop()

    def kafka_flags(self) -> tuple[str, ...]:
        """Of a command that has to find the broker beside it."""
        return ("--bootstrap-servers", f"127.0.0.1:{self._broker_port}") if self.broker else ()

    def victims(self, role: str) -> list[ProcessIdentity]:
        """The processes of a role that live, those that others were started from first."""
        if role == "run":
            return self.run.tree()[:1]
        if role == "broker" and self.broker is not None:
            return [ProcessIdentity(self.broker.pid, "")]
        return [each for each in self.tree() if ROLES[role] in command_line(each)]

    def tree(self) -> list[ProcessIdentity]:
        """All processes of it."""
        return self.run.tree()

    def victim(self, role: str, chance: random.Random | None = None) -> int:
        """The number of the process that does the work of a role, once there is one: the last of
        those, or one by chance."""
        wait_until(lambda: bool(self.victims(role)), f"a {role} to kill", 60)
        found = self.victims(role)
        return (chance.choice(found) if chance else found[-1]).pid

    # How far it is

    def store(self) -> StoreAddress:
        """Where its store is."""
        return self.data_dir / STORE_FILE

    def position(self) -> Position:
        """That of a store which cannot be read: before the first batch."""
        try:
            with open_reader(self.store()) as reader:
                last = reader.totals().last_batch_id
                ends = {each.partition: each.end for each in reader.partition_ledger()}
                return Position(-1 if last is None else last, ends)
        except SfcrimeError:
            return Position()

    def kafka(self) -> KafkaSettings | None:
        """Where its broker is; None while it has none."""
        if self.broker is not None:
            return KafkaSettings(bootstrap_servers=self.broker.bootstrap_servers)
        servers = running_bootstrap_servers(self.data_dir)
        return KafkaSettings(bootstrap_servers=servers) if servers else None

    def topic_ends(self) -> dict[int, int]:
        """By partition, where its topic ends; empty while nobody can say."""
        kafka = self.kafka()
        if kafka is None:
            return {}
        try:
            if self._topic is None or self._topic.kafka != kafka:
                self._topic = Topic(kafka)
            return self._topic.ends()
        except KafkaUnavailable:
            return {}

    def audit(self) -> Ran:
        """Beside the running service."""
        return self.sfcrime("audit", "--json", *self.kafka_flags(), timeout_s=180)
