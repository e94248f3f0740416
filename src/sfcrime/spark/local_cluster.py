"""A standalone Spark cluster on this machine, to be tried: a master and workers of one core each,
from PySpark's own jars, on loopback.

It asks for a secret, which is in a file alone. Its workers know nothing of the user's environment,
so an executor has what the job hands it, as on another machine.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from shlex import quote

import sfcrime
from sfcrime.errors import SparkUnavailable
from sfcrime.jvm.java import find_java, log_options, pyspark_jars_folder
from sfcrime.machine.node import Node
from sfcrime.machine.own_folder import FolderKind, take_empty
from sfcrime.machine.ports import LOOPBACK, free_port
from sfcrime.machine.whole_files import write_whole
from sfcrime.settings import JvmSettings, StreamSettings
from sfcrime.spark.driver import SCALA_VERSION, SPARK_MODULE_OPTIONS

EXECUTOR_MEMORY = "512m"
"""Judging is done in Python, beside it."""
START_TIMEOUT_S = 60.0
"""It takes 4 s on 2 idle cores."""

_KIND = FolderKind("folder of the Spark cluster", "--data-dir", ())
_PROPERTIES_FILE = "secret.properties"
_SMALL_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_ANSWER_S = 5.0
_LOOK_EVERY_S = 0.1

_JAVA_WITHOUT_VECTOR = """\
#!/bin/sh
# Spark adds a module that the wheel's Java does not have.
for each; do shift; [ "$each" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$each"; done
exec {java} "$@"
"""


@dataclass(frozen=True, slots=True)
class LocalSpark:
    """A master and its workers; made by `prepare_spark`, running or not."""

    folder: Path
    master: Node
    workers: Sequence[Node]
    url: str
    """As `--master` takes it."""
    pages: Sequence[str]
    """Where master and workers show what they do, the master's first."""

    @property
    def properties_file(self) -> Path:
        """The secret, for whoever connects (mode 0600)."""
        return self.folder / _PROPERTIES_FILE

    @property
    def nodes(self) -> Sequence[Node]:
        return [self.master, *self.workers]

    def job_settings(self) -> StreamSettings:
        """Those of a job on it. Executors run this Python, with the sfcrime that is here."""
        return StreamSettings(
            master=self.url,
            driver_host=LOOPBACK,
            executor_python=sys.executable,
            spark_properties_file=str(self.properties_file),
            spark_properties={
                **SMALL_EXECUTORS,
                "spark.executorEnv.PYTHONPATH": str(Path(sfcrime.__file__).parents[1]),
            },
        )

    def await_all(self) -> None:
        """Returns once the master knows all of its workers.

        Raises:
            SparkUnavailable: one ended, or they took too long; with its last words.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while _alive_workers(self.pages[0]) < len(self.workers):
            for node in self.nodes:
                if not node.is_running():
                    raise _not_up(node, "ended while it started")
            if time.monotonic() > deadline:
                late = self.workers[-1]
                raise _not_up(late, f"was not known within {START_TIMEOUT_S:.0f} s")
            time.sleep(_LOOK_EVERY_S)


SMALL_EXECUTORS: Mapping[str, str] = {
    "spark.executor.memory": EXECUTOR_MEMORY,
    "spark.executor.cores": "1",
    "spark.executor.extraJavaOptions": " ".join(_SMALL_JVM),
}
"""What a job asks for, so that each worker has room for one executor."""


def prepare_spark(folder: Path, jvm: JvmSettings, workers: int) -> LocalSpark:
    """Makes a secret and chooses free ports; starts nothing.

    Args:
        folder: emptied, but for folders that are not ours.
        jvm: the Java of all of them.
        workers: how many.

    Raises:
        UsageError: the folder is not ours.
        JavaUnavailable, JarsUnavailable: what they need is missing.
    """
    java = find_java(jvm)
    take_empty(folder, _KIND)
    home = folder / "java"
    (home / "bin").mkdir(parents=True)
    script = home / "bin" / "java"
    script.write_text(_JAVA_WITHOUT_VECTOR.format(java=quote(str(java))), encoding="utf-8")
    script.chmod(0o700)
    secret = f"spark.authenticate=true\nspark.authenticate.secret={secrets.token_hex(16)}\n"
    write_whole(folder / _PROPERTIES_FILE, secret.encode("ascii"))
    pages = [free_port() for _ in range(workers + 1)]
    port = free_port()
    url = f"spark://{LOOPBACK}:{port}"
    master = _node(folder, "master", pages[0], "--port", f"{port}")
    made = []
    for number in range(1, workers + 1):
        work = ("--work-dir", str(folder / f"work-{number}"))
        size = ("--cores", "1", "--memory", EXECUTOR_MEMORY)
        made.append(_node(folder, f"worker {number}", pages[number], *size, *work, url))
    return LocalSpark(folder, master, made, url, [f"http://{LOOPBACK}:{each}" for each in pages])


def _node(folder: Path, name: str, page: int, *arguments: str) -> Node:
    file = name.replace(" ", "-")
    log, kind = folder / f"{file}.log", name.partition(" ")[0]
    java = folder / "java"
    command = [
        str(java / "bin" / "java"),
        *("-Xmx128m", *_SMALL_JVM),
        *SPARK_MODULE_OPTIONS,
        # A door on which anybody could start programs.
        "-Dspark.master.rest.enabled=false",
        # Whoever has an account on this machine can open the pages, and end nothing in them.
        "-Dspark.ui.killEnabled=false",
        "-Dspark.port.maxRetries=0",
        *log_options(log, "INFO"),
        *("-cp", str(pyspark_jars_folder() / "*")),
        f"org.apache.spark.deploy.{kind}.{kind.capitalize()}",
        *("--properties-file", str(folder / _PROPERTIES_FILE)),
        *("--host", LOOPBACK, "--webui-port", f"{page}", *arguments),
    ]
    return Node(name, command, folder / f"{file}.out", log, _environment(java))


def _environment(java_home: Path) -> dict[str, str]:
    """Nothing of the user's: no PYTHONPATH, no settings."""
    return {
        "PATH": os.defpath,
        "HOME": os.environ.get("HOME", "/"),
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(pyspark_jars_folder().parent),
        "SPARK_SCALA_VERSION": SCALA_VERSION,
        "SPARK_LOCAL_IP": LOOPBACK,
    }


def _alive_workers(page: str) -> int:
    """How many the master knows; none before it answers."""
    with closing(HTTPConnection(page.removeprefix("http://"), timeout=_ANSWER_S)) as master:
        try:
            master.request("GET", "/json/")
            answer = master.getresponse()
            # Its server listens before it has any page.
            return int(json.load(answer)["aliveworkers"]) if answer.status == HTTPStatus.OK else 0
        except (OSError, HTTPException, ValueError):
            return 0


def _not_up(node: Node, failure: str) -> SparkUnavailable:
    return SparkUnavailable(
        f"The Spark {node.name} {failure}. Its last words:\n{node.last_words()}",
        next_step=f"see {node.log}; where a port was taken, run it again: others are chosen",
    )
