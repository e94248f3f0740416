"""Kafka's own command-line tools, and the exercise's ZooKeeper pair, as Java commands.

A tool gets its arguments untouched and runs in the caller's folder, as the scripts of a Kafka
download do; those scripts are not part of the jars.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import JarSet


@dataclass(frozen=True, slots=True)
class Tool:
    """A main class among the jars."""

    main_class: str
    summary: str
    jar_set: JarSet = "kafka"
    heap: str = "256m"


TOOLS: Mapping[str, Tool] = {
    "topics": Tool("org.apache.kafka.tools.TopicCommand", "list, make, alter topics"),
    "console-consumer": Tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer", "print records of a topic"
    ),
    "console-producer": Tool("org.apache.kafka.tools.ConsoleProducer", "send typed lines"),
    "consumer-groups": Tool(
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "groups, their offsets and their lag",
    ),
    "configs": Tool("kafka.admin.ConfigCommand", "settings of topics and brokers"),
    "get-offsets": Tool("org.apache.kafka.tools.GetOffsetShell", "first and last offsets"),
    "delete-records": Tool(
        "org.apache.kafka.tools.DeleteRecordsCommand", "forget records before an offset"
    ),
    "groups": Tool("org.apache.kafka.tools.GroupsCommand", "groups of every kind"),
    "acls": Tool("org.apache.kafka.tools.AclCommand", "who may do what"),
    "broker-api-versions": Tool(
        "org.apache.kafka.tools.BrokerApiVersionsCommand", "what a broker understands"
    ),
    "cluster": Tool("org.apache.kafka.tools.ClusterTool", "a cluster's id"),
    "features": Tool("org.apache.kafka.tools.FeatureCommand", "a cluster's feature levels"),
    "log-dirs": Tool("org.apache.kafka.tools.LogDirsCommand", "sizes on disk"),
    "dump-log": Tool("org.apache.kafka.tools.DumpLogSegments", "what a segment file holds"),
    "metadata-quorum": Tool(
        "org.apache.kafka.tools.MetadataQuorumCommand", "the controllers of a KRaft cluster"
    ),
    "leader-election": Tool(
        "org.apache.kafka.tools.LeaderElectionCommand", "choose leaders of partitions"
    ),
    "reassign-partitions": Tool(
        "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "move partitions"
    ),
    "transactions": Tool(
        "org.apache.kafka.tools.TransactionsCommand", "open and hanging transactions"
    ),
    "producer-perf-test": Tool("org.apache.kafka.tools.ProducerPerformance", "measure producing"),
    "consumer-perf-test": Tool("org.apache.kafka.tools.ConsumerPerformance", "measure consuming"),
    "zookeeper-server-start": Tool(
        "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        "ZooKeeper 3.8 in the foreground (the exercise's)",
        jar_set="zookeeper",
        heap="128m",
    ),
    "server-start": Tool(
        "kafka.Kafka",
        "a Kafka 3.9 that ZooKeeper manages, in the foreground (the exercise's)",
        jar_set="zookeeper",
        heap="512m",
    ),
}
"""By the name of Kafka's script, without "kafka-" and ".sh"."""

_LOGGING: Mapping[JarSet, str] = {
    # Tools warn on stderr and keep stdout for what they were asked.
    "kafka": f"-Dlog4j2.configurationFile={Path(__file__).with_name('tools_log4j2.xml')}",
    # Servers in the foreground tell on the terminal what they do.
    "zookeeper": f"-Dlog4j.configuration=file:{Path(__file__).with_name('pair_log4j.properties')}",
}


def tool_named(name: str | None) -> Tool:
    """The tool, by its name here or by that of Kafka's script ("kafka-topics.sh").

    Raises:
        UsageError: there is none, or none is named; lists all.
    """
    found = TOOLS.get((name or "").removesuffix(".sh").removeprefix("kafka-"))
    if found is None:
        raise UsageError(
            f"There is no Kafka tool named {name!r}." if name else "No Kafka tool is named.",
            rule=f"Tools: {', '.join(TOOLS)}.",
            next_step="sfcrime kafka --help",
        )
    return found


def tool_command(
    tool: Tool, java: Path, jars: Sequence[Path], arguments: Sequence[str]
) -> list[str]:
    """The Java command of a tool, with its arguments as they were given."""
    return [
        str(java),
        f"-Xmx{tool.heap}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # a tool is over before the slow compiler pays
        "-XX:+IgnoreUnrecognizedVMOptions",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Djava.awt.headless=true",
        _LOGGING[tool.jar_set],
        "-cp",
        os.pathsep.join(map(str, jars)),
        tool.main_class,
        *arguments,
    ]
