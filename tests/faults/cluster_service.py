"""A service on `sfcrime cluster`: 3 brokers, 2 Spark workers and PostgreSQL of this machine."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from service import Service

from running import Started, command_line, started_command, wait_until
from sfcrime.kafka.broker_record import ProcessIdentity
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.address import StoreAddress, store_address
from tried_cluster import BROKER, EXECUTOR, awaited_config, settings_of

PARTS = {
    "executor": (EXECUTOR, 2),
    "Spark worker": ("org.apache.spark.deploy.worker.Worker", 2),
    "broker": (BROKER, 3),
    "database": ("postgres -D", 1),
}
"""What the command line of each holds, and how many there are."""

_WHOLE_S = 90.0
"""What was killed is away for 10 s, and an executor starts once its worker does."""


class ClusterService(Service):
    """A run whose broker, executors and store are parts of a cluster, which has them back by itself
    after 10 s."""

    _cluster: Started
    _settings: Settings

    def start_what_is_beside(self, held: ExitStack) -> None:
        """Starts the cluster, and makes the run use it."""
        command = self.sfcrime._command(("cluster",))
        log = self.folder / "cluster.log"
        cluster = started_command(command, self.sfcrime._environment(), log)
        self._cluster = held.enter_context(cluster)
        config = awaited_config(self._cluster)
        self._settings = settings_of(config)
        environment = {**self.sfcrime.environment, "SFCRIME_CONFIG": config}
        self.sfcrime = replace(self.sfcrime, environment=environment)

    def store(self) -> StoreAddress:
        return store_address(self._settings)

    def kafka(self) -> KafkaSettings:
        return self._settings.kafka

    def tree(self) -> list[ProcessIdentity]:
        return [*super().tree(), *self._cluster.tree()]

    def victims(self, role: str) -> list[ProcessIdentity]:
        if role not in PARTS:
            return super().victims(role)
        return [each for each in self.tree() if PARTS[role][0] in command_line(each)]

    def await_whole(self) -> None:
        """Returns once no part is away."""

        def is_whole() -> bool:
            lines = [command_line(each) for each in self.tree()]
            return all(
                sum(words in line for line in lines) >= number for words, number in PARTS.values()
            )

        wait_until(is_whole, f"all parts of the cluster\n{self._cluster.log()[-1200:]}", _WHOLE_S)
