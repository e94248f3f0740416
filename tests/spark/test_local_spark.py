"""What a Spark cluster on this machine is started with, and what its jobs are told."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from sfcrime.errors import SparkUnavailable
from sfcrime.settings import JvmSettings, KafkaSettings, Settings
from sfcrime.spark.local_cluster import LocalSpark, prepare_spark
from sfcrime.spark.properties import require_settable, spark_properties


@pytest.fixture
def spark(tmp_path: Path) -> LocalSpark:
    return prepare_spark(tmp_path / "spark", JvmSettings(), 2)


def _secret(spark: LocalSpark) -> str:
    return spark.properties_file.read_text("ascii").strip().rpartition("=")[2]


def test_the_secret_is_in_one_file_that_its_owner_alone_can_read(spark: LocalSpark) -> None:
    secret = _secret(spark)

    assert len(secret) == 32
    assert stat.S_IMODE(spark.properties_file.stat().st_mode) == 0o600
    for node in spark.nodes:
        assert not [word for word in node.command if secret in word]
        assert node.environment is not None
        assert secret not in node.environment.values()
    holding = [each for each in spark.folder.rglob("*") if each.is_file()]
    assert [each.name for each in holding if secret in each.read_text("utf-8")] == [
        "secret.properties"
    ]


def test_workers_know_nothing_of_the_users_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SFCRIME_KAFKA_TOPIC", "calls")

    worker = prepare_spark(tmp_path / "spark", JvmSettings(), 1).workers[0]

    assert worker.environment is not None
    assert sorted(worker.environment) == [
        *("HOME", "JAVA_HOME", "PATH", "SPARK_HOME", "SPARK_LOCAL_IP", "SPARK_SCALA_VERSION")
    ]


def test_everything_listens_on_loopback_and_takes_no_programs_from_strangers(
    spark: LocalSpark,
) -> None:
    assert [node.name for node in spark.nodes] == ["master", "worker 1", "worker 2"]
    for node in spark.nodes:
        told = list(node.command)
        assert told[told.index("--host") + 1] == "127.0.0.1"
        assert "-Dspark.master.rest.enabled=false" in told
        assert "-Dspark.ui.killEnabled=false" in told
        assert told[told.index("--properties-file") + 1] == str(spark.properties_file)
    assert len(set(spark.pages)) == 3


def test_a_job_on_it_is_accepted_as_it_is_told_to_be(spark: LocalSpark, tmp_path: Path) -> None:
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:9092"), stream=spark.job_settings()
    )

    require_settable(settings)

    properties = spark_properties(settings, tmp_path)
    assert properties["spark.master"] == spark.url
    assert properties["spark.authenticate.secret"] == _secret(spark)
    assert properties["spark.executor.cores"] == "1"
    assert settings.stream.executor_python == sys.executable


def test_a_java_that_lacks_the_module_runs_executors_all_the_same(spark: LocalSpark) -> None:
    script = spark.folder / "java" / "bin" / "java"

    assert spark.nodes[1].command[0] == str(script)
    assert spark.nodes[1].environment is not None
    assert spark.nodes[1].environment["JAVA_HOME"] == str(script.parents[1])
    assert stat.S_IMODE(script.stat().st_mode) == 0o700


def test_a_master_that_ends_while_it_starts_is_named_with_its_last_words(
    spark: LocalSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark.master.command = ["/bin/sh", "-c", "echo the port is in use; exit 1"]
    spark.master.start()
    assert spark.master.child is not None
    spark.master.child.wait(30)

    with pytest.raises(SparkUnavailable, match=r"master ended while it started.*\n.*in use"):
        spark.await_all()
