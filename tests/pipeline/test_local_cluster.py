"""A cluster on this machine as a whole: what its jobs are told, and what is done about the dead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from running import settings_in
from sfcrime.errors import PostgresUnavailable
from sfcrime.kafka.local_brokers import LocalBrokers
from sfcrime.machine.node import Node
from sfcrime.pipeline import local_cluster as cluster_module
from sfcrime.pipeline.local_cluster import (
    ClusterPlan,
    LocalCluster,
    job_settings,
    local_cluster,
    write_settings,
)
from sfcrime.settings import JvmSettings, KafkaSettings
from sfcrime.settings_loading import load_settings
from sfcrime.spark.local_cluster import LocalSpark, prepare_spark

SERVERS = "127.0.0.1:9001,127.0.0.1:9002"


@pytest.fixture
def steps() -> list[str]:
    return []


@pytest.fixture
def cluster(tmp_path: Path, steps: list[str]) -> Iterator[LocalCluster]:
    """One whose broker sleeps, and of which nothing else was started."""
    folder = tmp_path / 'a "quoted" \\ folder é'
    (folder / "cluster").mkdir(parents=True)
    sleeps = Node("broker 1", ["sleep", "600"], folder / "out", folder / "log")
    spark = prepare_spark(folder / "cluster" / "spark", JvmSettings(), 3)
    brokers = LocalBrokers([sleeps], SERVERS)
    yield LocalCluster(folder, brokers, spark, None, steps.append)
    if sleeps.child is not None:
        sleeps.child.kill_tree()


def test_the_settings_file_says_what_a_job_has_to_be_told(cluster: LocalCluster) -> None:
    write_settings(cluster)

    loaded = load_settings(environment={"SFCRIME_CONFIG": str(cluster.settings_file)})
    wanted = job_settings(cluster)
    assert (loaded.kafka.bootstrap_servers, loaded.kafka.partitions) == (SERVERS, 3)
    assert loaded.stream.master == cluster.spark.url
    assert loaded.stream.spark_properties == wanted.stream.spark_properties
    assert loaded.stream.spark_properties_file == str(cluster.spark.properties_file)
    assert loaded.store == wanted.store
    assert loaded.data_dir == cluster.data_dir
    secret = cluster.spark.properties_file.read_text("ascii").strip().rpartition("=")[2]
    assert secret not in cluster.settings_file.read_text("utf-8")


def test_what_was_killed_is_said_once_and_started_again_after_a_while(
    cluster: LocalCluster, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = cluster.nodes[0]
    broker.start()
    cluster.keep_up()
    assert steps == []
    assert broker.child is not None
    broker.child.kill_tree()

    cluster.keep_up()
    cluster.keep_up()
    assert steps == ["broker 1 was killed by signal 9; it is started again in 10 s"]
    assert not broker.is_running()

    monkeypatch.setattr(cluster_module, "RESTART_AFTER_S", 0.0)
    cluster.keep_up()
    assert steps[1:] == ["starting broker 1 again"]
    assert broker.is_running()
    cluster.stop()
    assert broker.exit_code == -15


def test_without_postgresqls_programs_a_file_holds_the_store(
    tmp_path: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_: Path) -> None:
        raise PostgresUnavailable("There are none.", next_step="make postgres")

    def nothing_more(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster_module, "require_programs", none)
    monkeypatch.setattr(cluster_module, "prepare_brokers", lambda *_: LocalBrokers([], SERVERS))
    monkeypatch.setattr(Node, "start", lambda _: None)
    monkeypatch.setattr(LocalSpark, "await_all", nothing_more)
    plan = ClusterPlan(settings_in(tmp_path, KafkaSettings()), 1, 1)

    with pytest.raises(KeyboardInterrupt), local_cluster(plan, steps.append):
        pass

    assert steps[-1] == "no PostgreSQL, a file holds the store: There are none. make postgres"
