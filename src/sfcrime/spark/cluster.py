"""What differs where executors are other processes, perhaps on other machines.

Executors need Kafka and the judging code, and nothing else: no folder is shared, no state is kept.
So they get the connector's jars and a Python from the driver, or have them already.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from sfcrime.errors import SparkUnavailable, UsageError
from sfcrime.jvm.jars import jar_paths
from sfcrime.settings import Settings, StreamSettings

EXECUTOR_WAIT_S = 60.0
"""How long a start waits for its first executor."""
_MASTER_ANSWERS_S = 5.0
SITE = "site"
"""Folder of an executor in which the archive is unpacked."""


def is_local(master: str) -> bool:
    """Whether executors are threads of the driver's own JVM."""
    return master == "local" or master.startswith("local[")


def executor_python(stream: StreamSettings) -> str:
    """The Python that judges: this one, or, where executors are elsewhere, the one named for them.

    A name without a folder is looked up on the executor's own PATH.
    """
    if is_local(stream.master):
        return sys.executable
    return stream.executor_python or f"python{sys.version_info.major}.{sys.version_info.minor}"


def cluster_properties(settings: Settings) -> Mapping[str, str]:
    """The properties that executors elsewhere need."""
    stream = settings.stream
    found = {
        # What it binds to is the same unless the user says so; the UI stays on loopback.
        "spark.driver.host": stream.driver_host,
        "spark.jars": ",".join(map(str, jar_paths("spark", settings.jvm))),
        # A lost executor counts as a failure of each task that it ran; four would end the query.
        "spark.task.maxFailures": "8",
    }
    if stream.executor_archive:
        found["spark.archives"] = f"{_archive(stream).as_uri()}#{SITE}"
        found["spark.executorEnv.PYTHONPATH"] = SITE
    return found


def require_cluster(settings: Settings, properties: Mapping[str, str]) -> None:
    """Refuses what would leave executors without driver, broker or code, or open to strangers.

    Args:
        settings: of a master that is not local.
        properties: all that Spark will be given.

    Raises:
        UsageError: says what is missing.
    """
    stream, here = settings.stream, _is_here(settings.stream.master)
    if not stream.driver_host or (_is_loopback(stream.driver_host) and not here):
        raise _refused(
            f"The setting stream.driver_host is {stream.driver_host!r}",
            f"executors of {stream.master} connect to the driver under that name",
            "SFCRIME_STREAM_DRIVER_HOST=name or address of this machine in the cluster's network",
        )
    servers = settings.kafka.bootstrap_servers
    if not here and all(map(_is_loopback, _hosts(servers))):
        raise _refused(
            f"Kafka is on {servers or 'the embedded broker, which listens on loopback'}",
            f"executors of {stream.master} read the topic themselves",
            "--bootstrap-servers host:port of brokers that they reach",
        )
    if properties.get("spark.authenticate") not in ("true", "false"):
        raise _refused(
            "Spark would take commands from whoever reaches the driver's port",
            "spark.authenticate is not set, and the port is open to the cluster's network",
            "write spark.authenticate=true and the cluster's spark.authenticate.secret into a file "
            "of mode 0600 and name it with SFCRIME_STREAM_SPARK_PROPERTIES_FILE; or set "
            "spark.authenticate=false in stream.spark_properties, where nobody else is on it",
        )
    if stream.executor_archive and not _archive(stream).is_file():
        raise _refused(
            f"The archive {_archive(stream)} does not exist",
            "stream.executor_archive names what executors get as their Python's packages",
            f"sfcrime pack -o {stream.executor_archive}",
        )


def require_master(master: str) -> None:
    """Refuses a standalone master that does not listen: Spark would try for a minute.

    Raises:
        SparkUnavailable: none of those named listens.
    """
    scheme, _, addresses = master.partition("://")
    if scheme != "spark":
        return
    said = []
    for address in addresses.split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _MASTER_ANSWERS_S):
                return
        except (OSError, ValueError) as error:
            said.append(f"{address}: {error}")
    raise SparkUnavailable(
        f"No Spark master listens on {master} ({'; '.join(said)}).",
        next_step="start it, or correct --master",
    )


def _archive(stream: StreamSettings) -> Path:
    return Path(stream.executor_archive).expanduser().resolve()


def _is_here(master: str) -> bool:
    """Whether a standalone master listens on loopback, so that its executors run here too."""
    scheme, _, rest = master.partition("://")
    return scheme == "spark" and all(map(_is_loopback, _hosts(rest)))


def _hosts(addresses: str) -> Iterable[str]:
    """Of `host:port,...`."""
    return (each.strip().rpartition(":")[0] for each in addresses.split(",") if each.strip())


def _is_loopback(host: str) -> bool:
    return host.strip("[]") in ("localhost", "::1") or host.startswith("127.")


def _refused(happened: str, rule: str, next_step: str) -> UsageError:
    return UsageError(f"{happened}.", rule=f"{rule[0].upper()}{rule[1:]}.", next_step=next_step)
