"""A broker's folder: its configuration and its storage."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from shlex import quote
from string import Template

from sfcrime.errors import KafkaUnavailable
from sfcrime.jvm.java import StartupCache, log_options
from sfcrime.kafka.topic_settings import USUAL_REPLICAS, replicas_in_sync
from sfcrime.machine.own_folder import PRIVATE_UMASK
from sfcrime.machine.ports import LOOPBACK
from sfcrime.machine.whole_files import write_whole

BROKER_LOG = "broker.log"
BROKER_OUTPUT = "broker.out"
"""What its JVM itself says."""
_FEATURES_FILE, _META_FILE = "bootstrap.checkpoint", "meta.properties"
_META_NAMES = ("cluster.id", "directory.id", "node.id", "version")
RECORDS_OF_CLUSTER = "__cluster_metadata-0"
"""Kafka makes it when it first starts."""


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """Where a broker listens on loopback."""

    clients: int
    controllers: int
    """For the controllers of its cluster."""


def write_configuration(folder: Path, ports: Sequence[BrokerPorts], number: int = 1) -> Path:
    """Fills in `server.properties`; the written file.

    Args:
        folder: the broker's.
        ports: of all brokers of its cluster; the embedded one is alone.
        number: which of them it is, from 1.
    """
    template = (resources.files("sfcrime.kafka") / "server.properties").read_text("utf-8")
    replicas, own = min(USUAL_REPLICAS, len(ports)), ports[number - 1]
    voters = (f"{node}@{LOOPBACK}:{each.controllers}" for node, each in enumerate(ports, start=1))
    filled = Template(template).substitute(
        node=number,
        voters=",".join(voters),
        port=own.clients,
        controller_port=own.controllers,
        log_dir=(folder / "log").as_posix().replace("\\", "\\\\"),
        replicas=replicas,
        in_sync=replicas_in_sync(replicas),
        hands_over=str(len(ports) == 1).lower(),
    )
    path = folder / "server.properties"
    path.write_text(filled, encoding="utf-8")
    return path


def java_command(startup: StartupCache, heap: str, folder: Path) -> list[str]:
    """Java with every option of the broker but those of `startup`; a main class and its arguments
    follow."""
    return [
        str(startup.java),
        f"-Xmx{heap}",
        # One core's worth of garbage collector: it leaves the other to Spark, and 285 MB suffice.
        "-XX:+UseSerialGC",
        # All of the young generation gets used and is never given back; 32 of 256 MB suffice.
        "-XX:NewRatio=7",
        # The quick compiler alone: a third less CPU time at a start, and a broker mostly moves
        # bytes it does not look at.
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        *log_options(folder / BROKER_LOG, "INFO"),
        "-cp",
        startup.class_path,
    ]


def keep_features(folder: Path, kept: Path) -> None:
    """Keeps the features that Kafka's tool gave to a broker's storage, for storages to come."""
    write_whole(kept, (folder / "log" / _FEATURES_FILE).read_bytes())


def new_id() -> str:
    """Random, as Kafka writes its ids."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")


def stored_cluster_id(folder: Path) -> str | None:
    """The id of the cluster this folder was formatted for; None before the first start, and where
    the file that says so was cut off."""
    try:
        lines = (folder / "log" / _META_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    return named["cluster.id"] if named.keys() >= set(_META_NAMES) else None


def damaged_storage(folder: Path) -> str:
    """What to do where a broker's storage cannot be used."""
    return (
        f"restore a whole copy of {folder}, made while no broker ran; or begin with an empty "
        f"storage and publish again: mv {quote(str(folder))} {quote(f'{folder}.damaged')}"
    )


def format_storage(
    command: Sequence[str], folder: Path, kept: Path, cluster_id: str = "", number: int = 1
) -> None:
    """Makes the storage of a new cluster: with Kafka's own tool, or from what that tool made once.

    Besides the ids, which are new each time, a storage is one file that says which features the
    cluster has; it is the same for every cluster of this Kafka. Copying it saves a JVM at the first
    start, 1.5 s of CPU time.

    Args:
        command: Java with every option.
        folder: the broker's.
        kept: such a file, there or not; see `keep_features`.
        cluster_id: of the cluster that the broker belongs to; empty: of one of its own.
        number: of the broker in it.

    Raises:
        KafkaUnavailable: the tool failed, with its words; or the storage is one already.
    """
    log, cluster_id = folder / "log", cluster_id or new_id()
    if (log / RECORDS_OF_CLUSTER).exists():
        raise KafkaUnavailable(
            f"{log / _META_FILE} does not say whose records the folder holds: it is gone, or was "
            "cut off.",
            rule="Records can only be read by the cluster that wrote them, so no other is made.",
            next_step=damaged_storage(folder),
        )
    (log / _META_FILE).unlink(missing_ok=True)  # a start was cut off while it was written
    features = kept.read_bytes() if os.access(kept, os.R_OK) else b""
    if features:
        log.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(log / _FEATURES_FILE, features)
        ids = zip(_META_NAMES, (cluster_id, new_id(), str(number), "1"), strict=True)
        meta = "".join(f"{name}={value}\n" for name, value in ids)
        write_whole(log / _META_FILE, meta.encode("ascii"))
        return
    # Of all ports, the tool wants to be told of some.
    properties = write_configuration(folder, [BrokerPorts(9092, 9093)] * number, number)
    tool = subprocess.run(
        [
            *(*command, "kafka.tools.StorageTool", "format", "--ignore-formatted"),
            # `=`, as an id may begin with a dash
            *(f"--cluster-id={cluster_id}", f"--config={properties}"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=PRIVATE_UMASK,
    )
    if tool.returncode != 0 or stored_cluster_id(folder) is None:
        raise KafkaUnavailable(
            f"The broker's storage could not be made in {folder}:\n"
            f"{(tool.stderr or tool.stdout)[-1500:].strip()}",
            next_step="check that the folder can be written and the disk has room",
        )


def bytes_of_log(folder: Path) -> int:
    """What all records of all topics take on the disk."""
    return sum(segment.stat().st_size for segment in (folder / "log").glob("*/*.log"))
