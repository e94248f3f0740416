"""A count on a Spark cluster, whose executors have nothing but what they are sent."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from running import WAIT_S, Sfcrime, command_line, tree_of
from sfcrime.settings import JvmSettings, KafkaSettings
from spark_cluster import BARE_PYTHON, WORKERS, SparkCluster, spark_cluster

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka, pytest.mark.spark]

RECORDS = 20_000
BATCH = 2_500


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, jvm: JvmSettings) -> Iterator[SparkCluster]:
    with spark_cluster(tmp_path_factory.mktemp("cluster"), jvm) as running:
        yield running


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """What every log and file of configuration in a folder holds."""
    for path in folder.rglob("*"):
        if (path.is_file() and path.suffix in (".out", ".log", ".properties", "")) or (
            path.name in ("stdout", "stderr")
        ):
            yield path, path.read_text("utf-8", errors="replace")


def _pages(said: str) -> list[str]:
    """What Spark's own UI shows of the job's environment and executors."""
    (ui,) = re.findall(r"Spark UI: (http://127\.0\.0\.1:\d+)", said)
    pages = []
    for path in ("/environment/", "/executors/", "/api/v1/applications"):
        with urllib.request.urlopen(ui + path, timeout=60) as answer:  # noqa: S310 - http, above
            pages.append(answer.read().decode())
    assert "spark.authenticate.secret" in pages[0]
    return pages


def test_a_batch_whose_executor_is_killed_is_counted_once_and_the_job_lives(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings], cluster: SparkCluster, tmp_path: Path
) -> None:
    kafka = topic()
    cluster_of_kafka = ["--bootstrap-servers", kafka.bootstrap_servers]
    servers = [*cluster_of_kafka, "--topic", kafka.topic]
    archive = tmp_path / "site.tar.gz"
    assert sfcrime("pack", "-o", str(archive)).code == 0
    several = ["--partitions", f"{WORKERS}", "--limit", f"{RECORDS}"]
    published = sfcrime("produce", *servers, "--speed", "max", *several)
    assert published.code == 0, published.err

    environment = {**cluster.environment(), "SFCRIME_STREAM_EXECUTOR_ARCHIVE": str(archive)}
    job = replace(sfcrime, environment=environment)
    bounds = ["--max-records-per-batch", f"{BATCH}", "--until-caught-up", "--no-restart"]
    with job.started("stream", *servers, *bounds) as stream:
        stream.wait_for(lambda: sfcrime.batches() >= 2, "two batches", 3 * WAIT_S)
        executors = cluster.executors()
        assert len(executors) == WORKERS
        shown = [command_line(each) for each in (*tree_of(stream.pid), *executors)]
        shown += _pages(stream.log())
        workers = [command_line(below) for each in executors for below in tree_of(each.pid)]
        assert any(line.startswith(f"{BARE_PYTHON} -m sfcrime.spark") for line in workers), workers
        os.kill(executors[0].pid, signal.SIGKILL)
        assert sfcrime.batches() < RECORDS // BATCH, "it was over before the executor was killed"
        assert stream.wait(3 * WAIT_S) == 0, stream.log()
        said = stream.log()

    log = (sfcrime.data_dir / "spark" / "driver.log").read_text("utf-8")
    assert "Lost executor" in log
    account = sfcrime.accounting()
    assert account is not None
    assert (account.read, account.gaps) == (RECORDS, 0)
    audit = sfcrime("audit", *cluster_of_kafka)
    assert audit.code == 0, audit.out + audit.err
    assert not [text for text in shown if cluster.secret in text]
    assert cluster.secret not in said
    files = [*_texts(sfcrime.data_dir), *_texts(cluster.folder)]
    holding = [path.name for path, text in files if cluster.secret in text]
    assert sorted(holding) == ["driver.properties", "secret.properties"]
