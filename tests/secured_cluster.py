"""A Kafka cluster of someone else, of one node or of three: TLS, SCRAM logins, and rights by access
control lists.

Its listener for the tests' own preparations is plain and all-powerful; nothing under test uses it.
Each node is broker and controller, and can be killed and started again by itself.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ClusterMetadata,
    ResourcePatternType,
    ResourceType,
)

from running import wait_until
from sfcrime.jvm.jars import startup_cache
from sfcrime.jvm.java import StartupCache
from sfcrime.kafka.broker_files import format_storage, java_command
from sfcrime.kafka.connection import answers
from sfcrime.machine.child import Child, start_child
from sfcrime.machine.ports import free_port
from sfcrime.settings import JvmSettings, KafkaSettings

_QUIET = logging.getLogger("secured cluster")
_QUIET.setLevel(logging.CRITICAL)

MECHANISM = "SCRAM-SHA-512"
STORE_PASSWORD = "kept-in-the-broker-only"  # noqa: S105
PASSWORDS = {
    "publisher": "Pub-7f3a91c2",
    "counter": "Count-5be0d6f8",
    "stranger": "Strange-2c4e",
}
"""Users and what they log in with; no other text of a test contains one of these."""

RIGHTS = {
    "publisher": ("READ", "WRITE", "DESCRIBE_CONFIGS", "CREATE"),
    "counter": ("READ", "DESCRIBE_CONFIGS"),
    "stranger": ("DESCRIBE",),
}
"""On topics whose names begin with `calls`: what docs/kafka.md says that each needs."""

GROUP_PREFIX = "readers"
"""Consumer groups that `counter` may use."""

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=OUTSIDE://127.0.0.1:{outside},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=OUTSIDE://127.0.0.1:{outside},INSIDE://127.0.0.1:{inside}
listener.security.protocol.map=OUTSIDE:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms={mechanism}
listener.name.outside.{scram}.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.location={keystore}
ssl.keystore.type=PKCS12
ssl.keystore.password={password}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs={folder}/log
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=8388608
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
_CLUSTER_ID = "SecuredClusterOfTests0"


@dataclass
class Node:
    """A broker that is a controller too."""

    number: int
    folder: Path
    ports: Mapping[str, int]
    command: Sequence[str]
    child: Child | None = None

    @property
    def pid(self) -> int:
        assert self.child is not None
        return self.child.pid

    def start(self) -> None:
        """Starts it, and does not wait until it answers."""
        properties = str(self.folder / "server.properties")
        self.child = start_child(
            [*self.command, "kafka.Kafka", properties], self.folder / "broker.out"
        )

    def kill(self) -> None:
        """SIGKILL."""
        if self.child is not None:
            self.child.kill_tree()


@dataclass(frozen=True)
class SecuredCluster:
    """A running cluster; files for its clients are written on request."""

    folder: Path
    servers: str
    """The listener with TLS and logins."""
    inside: KafkaSettings
    """The plain listener, where everything is allowed."""
    nodes: Mapping[int, Node] = field(default_factory=dict)
    """By number, from 1."""

    def start_killed(self) -> None:
        """Starts every node that was killed, and does not wait."""
        for node in self.nodes.values():
            if node.child is None or not node.child.is_running():
                node.start()

    def mend(self) -> None:
        """Every node is up, and every partition has all of its copies in step."""
        self.start_killed()
        wait_until(lambda: len(self._brokers()) == len(self.nodes), "all nodes")
        wait_until(self._is_in_step, "all copies in step")

    def _is_in_step(self) -> bool:
        topics = self._metadata().topics.values()
        parts = [part for topic in topics for part in topic.partitions.values()]
        return all(sorted(part.isrs) == sorted(part.replicas) for part in parts)

    def _brokers(self) -> Mapping[int, object]:
        return self._metadata().brokers

    def _metadata(self) -> ClusterMetadata:
        found: list[ClusterMetadata] = []

        def ask() -> bool:
            with suppress(KafkaException):
                admin = AdminClient(
                    {"bootstrap.servers": self.inside.bootstrap_servers}, logger=_QUIET
                )
                found.append(admin.list_topics(timeout=5))
            return bool(found)

        wait_until(ask, "a node that answers")
        return found[0]

    def leader(self, topic: str, partition: int = 0) -> int:
        """The node that leads a partition; below 0 where none does."""
        found: int = self._metadata().topics[topic].partitions[partition].leader
        return found

    def in_step(self, topic: str, partition: int = 0) -> list[int]:
        """The nodes whose copy of a partition is in step."""
        return sorted(self._metadata().topics[topic].partitions[partition].isrs)

    @property
    def authority(self) -> Path:
        """The broker's certificate, PEM: it vouches for itself."""
        return self.folder / "authority.pem"

    def client_file(self, name: str, *lines: str) -> str:
        """Writes a file of client properties."""
        path = self.folder / f"{name}.properties"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def java_file(self, user: str, password: str | None = None) -> str:
        """As a Java client has it: JAAS over several lines, a PKCS12 trust store."""
        return self.client_file(
            f"java-{user}",
            "security.protocol=SASL_SSL",
            f"sasl.mechanism={MECHANISM}",
            "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\",
            f'  username="{user}" \\',
            f'  password="{password or PASSWORDS[user]}";',
            f"ssl.truststore.location={self.folder / 'trusted.p12'}",
            "ssl.truststore.type=PKCS12",
            f"ssl.truststore.password={STORE_PASSWORD}",
            "key.deserializer=org.apache.kafka.common.serialization.StringDeserializer",
        )

    def librdkafka_file(self, user: str) -> str:
        """As the C client and what is made with it have it."""
        return self.client_file(
            f"librdkafka-{user}",
            "security.protocol=SASL_SSL",
            f"sasl.mechanisms={MECHANISM}",
            f"sasl.username={user}",
            f"sasl.password={PASSWORDS[user]}",
            f"ssl.ca.location={self.authority}",
        )

    def settings(self, config_file: str, topic: str = "calls") -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.servers, config_file=config_file, topic=topic)


@contextmanager
def secured_cluster(folder: Path, jvm: JvmSettings, nodes: int = 1) -> Iterator[SecuredCluster]:
    """Starts the cluster on free ports, with its users and their rights; stops it at the end.

    Topics of three nodes have three copies, of which two have to be in step (min ISR).
    """
    startup = startup_cache("kafka", jvm)
    made = [_node(folder / f"node-{number}", number, startup) for number in range(1, nodes + 1)]
    cluster = SecuredCluster(
        folder,
        ",".join(f"127.0.0.1:{each.ports['outside']}" for each in made),
        KafkaSettings(
            bootstrap_servers=",".join(f"127.0.0.1:{each.ports['inside']}" for each in made)
        ),
        {each.number: each for each in made},
    )
    _make_certificates(startup.java.with_name("keytool"), cluster)
    _format(cluster)
    try:
        for each in made:
            each.start()
        wait_until(lambda: answers(cluster.inside, 0.5), "the secured cluster")
        _give_rights(cluster.inside)
        yield cluster
    finally:
        for each in made:
            each.kill()


def _node(folder: Path, number: int, startup: StartupCache) -> Node:
    folder.mkdir()
    ports = {name: free_port() for name in ("outside", "inside", "controller")}
    command = java_command(startup, "192m", folder)
    if startup.mode == "use":
        command[1:1] = startup.options
    return Node(number, folder, ports, command)


def _format(cluster: SecuredCluster) -> None:
    """One node by Kafka's tool; what it made says the same for the others, but for their ids."""
    first, *others = cluster.nodes.values()
    voters = ",".join(
        f"{each.number}@127.0.0.1:{each.ports['controller']}" for each in cluster.nodes.values()
    )
    for each in cluster.nodes.values():
        text = _PROPERTIES.format(
            **each.ports,
            node=each.number,
            voters=voters,
            folder=each.folder,
            keystore=cluster.folder / "broker.p12",
            mechanism=MECHANISM,
            scram=MECHANISM.lower(),
            password=STORE_PASSWORD,
            copies=len(cluster.nodes),
            in_sync=2 if others else 1,
        )
        (each.folder / "server.properties").write_text(text, encoding="utf-8")
    users = [f"{MECHANISM}=[name={name},password={word}]" for name, word in PASSWORDS.items()]
    logins = [word for user in users for word in ("--add-scram", user)]
    tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={_CLUSTER_ID}"]
    properties = f"--config={first.folder / 'server.properties'}"
    _run([*first.command, *tool, properties, *logins])
    features = first.folder / "log" / "bootstrap.checkpoint"
    for each in others:
        format_storage(each.command, each.folder, features, _CLUSTER_ID, each.number)


def _make_certificates(keytool: Path, cluster: SecuredCluster) -> None:
    def tool(*arguments: str, store: str = "broker.p12") -> None:
        kept = ["-keystore", str(cluster.folder / store), "-storepass", STORE_PASSWORD]
        _run([str(keytool), *arguments, "-alias", "broker", "-storetype", "PKCS12", *kept])

    tool(
        *("-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "30"),
        *("-ext", "san=ip:127.0.0.1,dns:localhost"),
    )
    tool("-exportcert", "-rfc", "-file", str(cluster.authority))
    tool("-importcert", "-noprompt", "-file", str(cluster.authority), store="trusted.p12")


def _give_rights(kafka: KafkaSettings) -> None:
    bindings = [
        _binding(ResourceType.TOPIC, "calls", user, operation)
        for user, operations in RIGHTS.items()
        for operation in operations
    ]
    bindings.append(_binding(ResourceType.GROUP, GROUP_PREFIX, "counter", "READ"))
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for made in admin.create_acls(bindings).values():
        made.result(30)


def _binding(kind: ResourceType, prefix: str, user: str, operation: str) -> AclBinding:
    return AclBinding(
        kind,
        prefix,
        ResourcePatternType.PREFIXED,
        f"User:{user}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )


def _run(command: Iterable[str]) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
