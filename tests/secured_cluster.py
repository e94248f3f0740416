"""A Kafka cluster of someone else: TLS, SCRAM logins, and rights by access control lists.

Its listener for the tests' own preparations is plain and all-powerful; nothing under test uses it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from running import wait_until
from sfcrime.jvm.jars import startup_cache
from sfcrime.kafka.broker_files import java_command
from sfcrime.kafka.connection import answers
from sfcrime.machine.child import start_child
from sfcrime.machine.ports import free_port
from sfcrime.settings import JvmSettings, KafkaSettings

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
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=OUTSIDE://127.0.0.1:{outside},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=OUTSIDE://127.0.0.1:{outside},INSIDE://127.0.0.1:{inside}
listener.security.protocol.map=OUTSIDE:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms={mechanism}
listener.name.outside.{scram}.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.location={folder}/broker.p12
ssl.keystore.type=PKCS12
ssl.keystore.password={password}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=8388608
group.initial.rebalance.delay.ms=0
"""


@dataclass(frozen=True)
class SecuredCluster:
    """A running cluster; files for its clients are written on request."""

    folder: Path
    servers: str
    """The listener with TLS and logins."""
    inside: KafkaSettings
    """The plain listener, where everything is allowed."""

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
def secured_cluster(folder: Path, jvm: JvmSettings) -> Iterator[SecuredCluster]:
    """Starts the cluster on free ports, with its users and their rights; stops it at the end."""
    ports = {name: free_port() for name in ("outside", "inside", "controller")}
    cluster = SecuredCluster(
        folder,
        f"127.0.0.1:{ports['outside']}",
        KafkaSettings(bootstrap_servers=f"127.0.0.1:{ports['inside']}"),
    )
    startup = startup_cache("kafka", jvm)
    java = startup.java
    _make_certificates(java.with_name("keytool"), cluster)
    properties = folder / "server.properties"
    properties.write_text(
        _PROPERTIES.format(
            **ports,
            folder=folder,
            mechanism=MECHANISM,
            scram=MECHANISM.lower(),
            password=STORE_PASSWORD,
        ),
        encoding="utf-8",
    )
    command = java_command(startup, "256m", folder)
    users = [f"{MECHANISM}=[name={name},password={word}]" for name, word in PASSWORDS.items()]
    logins = [word for user in users for word in ("--add-scram", user)]
    format_storage = ["kafka.tools.StorageTool", "format", "--cluster-id=SecuredClusterOfTests0"]
    _run([*command, *format_storage, f"--config={properties}", *logins])
    child = start_child([*command, "kafka.Kafka", str(properties)], folder / "broker.out")
    try:
        wait_until(lambda: answers(cluster.inside, 0.5), "the secured broker")
        _give_rights(cluster.inside)
        yield cluster
    finally:
        child.stop()


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
