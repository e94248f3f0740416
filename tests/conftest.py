"""What tests of several rooms share: one embedded broker a session, a topic of its own for each."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import msgspec
import pytest

from asked_admin import AskedAdmin
from postgres_server import PostgresDatabase, database_on, quick_server
from running import Sfcrime, settings_in
from secured_cluster import SecuredCluster, secured_cluster
from sfcrime.kafka.broker import start_broker
from sfcrime.postgres.server import RunningServer
from sfcrime.settings import JvmSettings, KafkaSettings
from sfcrime.store.address import PostgresqlAddress

# A busy machine is no failure: what a property takes is measured in benchmarks.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

# A run in the background of a shell ignores Ctrl-C, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def jvm() -> JvmSettings:
    """The Java of the wheel, and the user's own jar cache: jars are fetched once a machine."""
    return JvmSettings()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, jvm: JvmSettings) -> Iterator[KafkaSettings]:
    """Settings of an embedded broker that runs for the whole session on a free port. Topics get
    two partitions on every machine: one alone would hide what goes wrong between them."""
    data_dir: Path = tmp_path_factory.mktemp("broker")
    settings = KafkaSettings(port=0, partitions=2)
    with start_broker(settings_in(data_dir, settings)) as running:
        yield msgspec.structs.replace(settings, bootstrap_servers=running.bootstrap_servers)


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory, jvm: JvmSettings) -> Iterator[SecuredCluster]:
    """A cluster with TLS, logins and rights that runs for the whole session."""
    with secured_cluster(tmp_path_factory.mktemp("secured"), jvm) as running:
        yield running


@pytest.fixture(scope="session")
def running_nodes(
    tmp_path_factory: pytest.TempPathFactory, jvm: JvmSettings
) -> Iterator[SecuredCluster]:
    """The same with three nodes; tests take `three_nodes`."""
    with secured_cluster(tmp_path_factory.mktemp("nodes"), jvm, nodes=3) as running:
        yield running


@pytest.fixture
def three_nodes(running_nodes: SecuredCluster) -> Iterator[SecuredCluster]:
    """A cluster of three nodes that runs for the whole session; all of them are up before a test,
    and those that it killed are started again after it."""
    running_nodes.mend()
    yield running_nodes
    running_nodes.start_killed()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A PostgreSQL server that runs for the whole session; `database_on` makes databases on it."""
    with quick_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: RunningServer) -> Iterator[PostgresDatabase]:
    """An empty database that no other test uses."""
    with database_on(postgres_server) as database:
        yield database


@pytest.fixture
def topic(broker: KafkaSettings) -> Callable[[], KafkaSettings]:
    """Makes settings that name a topic no other test uses; the topic itself is not made."""

    def new_topic() -> KafkaSettings:
        return msgspec.structs.replace(broker, topic=f"calls-{uuid.uuid4().hex[:12]}")

    return new_topic


@pytest.fixture
def postgresql_store(
    postgres_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> PostgresqlAddress:
    """An empty database of the tests' own server, which syncs nothing and is allowed to here."""
    monkeypatch.setattr("sfcrime.store.postgresql.MUST_BE_ON", ("synchronous_commit",))
    return PostgresqlAddress(postgres_database.url, str(postgres_database.password_file))


@pytest.fixture
def admins(monkeypatch: pytest.MonkeyPatch) -> list[AskedAdmin]:
    """The administration clients of every `Topic` from now on, which keep count."""
    made: list[AskedAdmin] = []

    def open_admin(settings: KafkaSettings) -> AskedAdmin:
        made.append(AskedAdmin(settings))
        return made[-1]

    monkeypatch.setattr("sfcrime.kafka.topic.open_admin", open_admin)
    return made


@pytest.fixture
def sfcrime(tmp_path: Path) -> Sfcrime:
    """The command, run in processes of its own on an empty data folder."""
    return Sfcrime(tmp_path / "data")
