"""A Spark cluster of its own for a measurement: a master, and executors of one core each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sfcrime.machine.node import stop_all
from sfcrime.settings import JvmSettings
from sfcrime.spark.local_cluster import prepare_spark

_COMPILED = {"spark.executor.extraJavaOptions": "-XX:+UseSerialGC"}
"""As on a node of a cluster: one to try things on compiles less, to start sooner."""


@dataclass(frozen=True, slots=True)
class Executors:
    """A running cluster, and how a job is told of it."""

    environment: Mapping[str, str]
    pids: list[int]
    """Of master and workers, below which everything else runs."""


@contextmanager
def open_executors(number: int) -> Iterator[Executors]:
    """A cluster for the time of the block; nothing of it stays.

    Raises:
        SparkUnavailable: it did not start; with its own words.
    """
    with TemporaryDirectory(prefix="sfcrime-cluster-") as folder:
        cluster = prepare_spark(Path(folder) / "spark", JvmSettings(), number)
        try:
            for node in cluster.nodes:
                node.start()
            cluster.await_all()
            job = cluster.job_settings()
            environment = {
                "SFCRIME_STREAM_MASTER": job.master,
                "SFCRIME_STREAM_DRIVER_HOST": job.driver_host,
                "SFCRIME_STREAM_EXECUTOR_PYTHON": job.executor_python,
                "SFCRIME_STREAM_SPARK_PROPERTIES_FILE": job.spark_properties_file,
                "SFCRIME_STREAM_SPARK_PROPERTIES": json.dumps(job.spark_properties | _COMPILED),
            }
            yield Executors(environment, [node.pid for node in cluster.nodes])
        finally:
            stop_all(cluster.nodes)
