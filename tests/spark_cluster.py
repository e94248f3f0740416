"""A standalone Spark cluster on loopback: a master and two workers, from PySpark's own jars.

It asks for a secret, which is in a file alone. Its executors have a bare Python: no package that is
installed beside the tests, and no folder that they share with the driver.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from running import command_line, tree_of, wait_until
from sfcrime.jvm.java import find_java, pyspark_jars_folder
from sfcrime.kafka.broker_record import ProcessIdentity
from sfcrime.machine.child import Child, start_child
from sfcrime.machine.ports import free_port
from sfcrime.settings import JvmSettings
from sfcrime.spark.driver import SPARK_MODULE_OPTIONS

WORKERS = 2
EXECUTOR_MEMORY = "512m"
_SMALL_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_OF_EXECUTORS = {
    "spark.executor.memory": EXECUTOR_MEMORY,
    "spark.executor.cores": "1",
    "spark.executor.extraJavaOptions": " ".join(_SMALL_JVM),
}
BARE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
"""Has the standard library and nothing else."""

_JAVA_WITHOUT_VECTOR = """\
#!/bin/sh
# Spark adds a module that the wheel's Java does not have.
for each; do shift; [ "$each" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$each"; done
exec "{java}" "$@"
"""


@dataclass(frozen=True)
class SparkCluster:
    """A running cluster."""

    folder: Path
    port: int
    secret: str
    workers: Sequence[Child]

    @property
    def master(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    @property
    def properties_file(self) -> Path:
        """The secret, for whoever connects (mode 0600)."""
        return self.folder / "secret.properties"

    def environment(self) -> dict[str, str]:
        """The settings of a job on this cluster."""
        return {
            "SFCRIME_STREAM_MASTER": self.master,
            "SFCRIME_STREAM_DRIVER_HOST": "127.0.0.1",
            "SFCRIME_STREAM_EXECUTOR_PYTHON": BARE_PYTHON,
            "SFCRIME_STREAM_SPARK_PROPERTIES_FILE": str(self.properties_file),
            "SFCRIME_STREAM_SPARK_PROPERTIES": json.dumps(_OF_EXECUTORS),
        }

    def executors(self) -> list[ProcessIdentity]:
        """The JVMs of executors that run."""
        return [
            process
            for worker in self.workers
            for process in tree_of(worker.pid)
            if "CoarseGrainedExecutorBackend" in command_line(process)
        ]


@contextmanager
def spark_cluster(folder: Path, jvm: JvmSettings) -> Iterator[SparkCluster]:
    """Starts the cluster, one core each worker; stops it, and all that it started, at the end."""
    home = folder / "java"
    (home / "bin").mkdir(parents=True)
    script = home / "bin" / "java"
    script.write_text(_JAVA_WITHOUT_VECTOR.format(java=find_java(jvm)), encoding="ascii")
    script.chmod(0o755)
    secret = secrets.token_hex(16)
    properties = folder / "secret.properties"
    properties.touch(mode=0o600)
    properties.write_text(
        f"spark.authenticate=true\nspark.authenticate.secret={secret}\n", encoding="ascii"
    )
    port = free_port()
    with ExitStack() as started:

        def start(name: str, *arguments: str) -> Child:
            child = start_child(
                _command(script, properties, *arguments),
                folder / f"{name}.out",
                environment=_environment(home),
            )
            started.callback(child.stop)
            return child

        master = (
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            f"{port}",
        )
        start("master", *master, "--webui-port", "0")
        workers = [
            start(
                f"worker-{number}",
                *("org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1"),
                *("--webui-port", "0", "--cores", "1", "--memory", EXECUTOR_MEMORY),
                *("--work-dir", str(folder / f"work-{number}"), f"spark://127.0.0.1:{port}"),
            )
            for number in range(WORKERS)
        ]
        for number in range(WORKERS):
            log = folder / f"worker-{number}.out"
            wait_until(
                lambda log=log: "Successfully registered with master" in log.read_text("utf-8"),  # type: ignore[misc]
                f"worker {number} to register: {log}",
            )
        yield SparkCluster(folder, port, secret, workers)


def _command(java: Path, properties: Path, main: str, *arguments: str) -> list[str]:
    return [
        str(java),
        *("-Xmx128m", *_SMALL_JVM),
        *SPARK_MODULE_OPTIONS,
        "-Dspark.master.rest.enabled=false",
        *("-cp", str(pyspark_jars_folder() / "*")),
        *(main, "--properties-file", str(properties), *arguments),
    ]


def _environment(java_home: Path) -> dict[str, str]:
    """Nothing of the tests' own: no PYTHONPATH, no settings."""
    return {
        "PATH": os.defpath,
        "HOME": os.environ.get("HOME", "/"),
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(pyspark_jars_folder().parent),
        "SPARK_SCALA_VERSION": "2.13",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
