"""The daemon that Spark forks its Python workers from, spoken to as Spark's JVM does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pyspark.serializers import UTF8Deserializer, read_int

from running import alive, wait_until
from sfcrime.kafka.broker_record import identity_of


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short path: that of a socket has some hundred characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="workers-"))
    yield folder
    shutil.rmtree(folder)


def test_a_worker_without_a_task_ends_without_a_word_when_its_jvm_does(sockets: Path) -> None:
    environment = {
        **os.environ,
        "PYTHON_UNIX_DOMAIN_ENABLED": "true",
        "PYTHON_WORKER_FACTORY_SOCK_DIR": str(sockets),
        "SPARK_REUSE_WORKER": "1",
    }
    daemon = subprocess.Popen(
        [sys.executable, "-m", "sfcrime.spark.worker_daemon", "pyspark.worker"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert daemon.stdin is not None and daemon.stdout is not None and daemon.stderr is not None
    with daemon, closing(daemon.stdin):
        path = UTF8Deserializer().loads(daemon.stdout)
        with socket.socket(socket.AF_UNIX) as jvm:
            jvm.connect(path)
            with jvm.makefile("rb") as answers:
                worker = identity_of(read_int(answers))
        wait_until(lambda: not alive([worker]), "the worker to end")
        daemon.stdin.close()
        said = daemon.stderr.read().decode()

    assert said == ""
