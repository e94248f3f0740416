"""What Spark is given where executors are elsewhere, and what is refused then."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from sfcrime.errors import SparkUnavailable, UsageError
from sfcrime.jvm.jars import committed_hashes
from sfcrime.machine.ports import free_port
from sfcrime.settings import KafkaSettings, Settings, StreamSettings
from sfcrime.settings_loading import load_settings
from sfcrime.spark.cluster import executor_python, is_local, require_master
from sfcrime.spark.properties import require_settable, spark_properties

MASTER = "spark://10.0.0.1:7077"
SECRET = "7d1f0c55a2"  # noqa: S105


def _secret_file(folder: Path, text: str = "", mode: int = 0o600) -> str:
    path = folder / "spark-secret.properties"
    path.touch(mode=mode)
    path.write_text(text or f"spark.authenticate=true\nspark.authenticate.secret={SECRET}\n")
    return str(path)


def _settings(folder: Path, servers: str = "10.0.0.9:9092", **stream: object) -> Settings:
    values: dict[str, object] = {"master": MASTER, "driver_host": "10.0.0.5", **stream}
    if "spark_properties_file" not in values:
        values["spark_properties_file"] = _secret_file(folder)
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=servers),
        stream=StreamSettings(**values),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "master, local",
    [("local", True), ("local[*]", True), ("local[2,3]", True), (MASTER, False), ("yarn", False)],
)
def test_executors_of_a_local_master_are_in_the_driver(master: str, local: bool) -> None:
    assert is_local(master) is local


def test_executors_elsewhere_get_the_connector_and_reach_the_driver(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    require_settable(settings)
    properties = spark_properties(settings, tmp_path)

    jars = [Path(jar) for jar in properties["spark.jars"].split(",")]
    assert {jar.name for jar in jars} == committed_hashes("spark").keys()
    assert all(jar.is_absolute() for jar in jars)
    assert properties["spark.driver.host"] == "10.0.0.5"
    assert properties["spark.authenticate.secret"] == SECRET
    for of_one_machine in (
        "spark.driver.bindAddress",
        "spark.python.unix.domain.socket.enabled",
        "spark.archives",
    ):
        assert of_one_machine not in properties


def test_a_local_master_has_nothing_of_it(tmp_path: Path) -> None:
    properties = spark_properties(Settings(), tmp_path)
    assert not {"spark.jars", "spark.archives"} & properties.keys()
    assert properties["spark.driver.host"] == "127.0.0.1"
    assert properties["spark.authenticate"] == "true"


def test_an_archive_is_unpacked_where_the_executors_python_looks(tmp_path: Path) -> None:
    archive = tmp_path / "my site.tar.gz"
    archive.touch()
    settings = _settings(tmp_path, executor_archive=str(archive))
    require_settable(settings)
    properties = spark_properties(settings, tmp_path)
    assert properties["spark.archives"] == f"{archive.as_uri()}#site"
    assert properties["spark.executorEnv.PYTHONPATH"] == "site"


def test_executors_run_a_python_of_their_own() -> None:
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert executor_python(StreamSettings()) == sys.executable
    assert executor_python(StreamSettings(master=MASTER)) == minor
    there = StreamSettings(master=MASTER, executor_python="/opt/py/bin/python3")
    assert executor_python(there) == "/opt/py/bin/python3"
    assert executor_python(StreamSettings(executor_python="/opt/py/bin/python3")) == sys.executable


@pytest.mark.parametrize(
    "stream, servers, said, mend",
    [
        ({"driver_host": ""}, "k:9092", "driver_host is ''", "SFCRIME_STREAM_DRIVER_HOST="),
        ({"driver_host": "127.0.0.1"}, "k:9092", "driver_host is '127.0.0.1'", "DRIVER_HOST="),
        ({"driver_host": "localhost", "master": "yarn"}, "k:9092", "'localhost'", "DRIVER_HOST="),
        ({}, "", "the embedded broker, which listens on loopback", "--bootstrap-servers"),
        ({}, "localhost:9092,127.0.0.1:9093", "Kafka is on localhost:9092", "--bootstrap-servers"),
        ({"spark_properties_file": ""}, "k:9092", "take commands from whoever", "PROPERTIES_FILE"),
        (
            {"executor_archive": "no.tar.gz"},
            "k:9092",
            "no.tar.gz does not exist",
            "sfcrime pack -o",
        ),
    ],
    ids=["no host", "loopback", "yarn", "embedded", "brokers on loopback", "open", "no archive"],
)
def test_what_would_leave_executors_without_something_is_refused(
    tmp_path: Path, stream: dict[str, str], servers: str, said: str, mend: str
) -> None:
    with pytest.raises(UsageError) as refused:
        require_settable(_settings(tmp_path, servers, **stream))
    assert said in refused.value.happened
    assert mend in refused.value.next_step


def test_a_cluster_on_this_machine_may_use_loopback(tmp_path: Path) -> None:
    here = {"master": "spark://localhost:7077,127.0.0.1:7078", "driver_host": "127.0.0.1"}
    require_settable(_settings(tmp_path, "localhost:9092", **here))


def test_who_asks_for_no_secret_says_so(tmp_path: Path) -> None:
    open_one = {"spark_properties_file": "", "spark_properties": {"spark.authenticate": "false"}}
    require_settable(_settings(tmp_path, **open_one))


@pytest.mark.parametrize(
    "text, mode, said",
    [
        ("", 0o644, "has mode 0644"),
        ("spark.jars=x.jar\n", 0o600, "names spark.jars"),
        (f"fs.s3a.secret.key={SECRET}\n", 0o600, "has as its property 1 none of Spark's"),
        (f"spark.authenticate.secret={SECRET}\\u12\n", 0o600, "has a \\u that names no character"),
        (f"spark.authenticate.secret={SECRET}\\n2\n", 0o600, "the value of spark.authenticate.sec"),
        ("#" * 5000, 0o600, "holds more than 4,096 bytes"),
    ],
    ids=["read by others", "decided here", "not Spark's", "bad escape", "two lines", "too long"],
)
def test_a_file_of_properties_that_cannot_be_is_refused_without_a_value(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    path = Path(_secret_file(tmp_path, text))
    path.chmod(mode)
    with pytest.raises(UsageError) as refused:
        spark_properties(_settings(tmp_path, spark_properties_file=str(path)), tmp_path)
    assert said in refused.value.happened
    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = _settings(tmp_path, spark_properties_file=str(tmp_path / "none"))
    with pytest.raises(UsageError, match="none cannot be read: No such file"):
        spark_properties(settings, tmp_path)


@pytest.mark.parametrize("name", ["spark.jars", "spark.driver.host", "spark.pyspark.python"])
def test_what_sfcrime_sets_for_a_cluster_cannot_be_set_as_a_property(
    tmp_path: Path, name: str
) -> None:
    settings = _settings(tmp_path, spark_properties={name: "x"})
    with pytest.raises(UsageError, match=f"names {name}"):
        spark_properties(settings, tmp_path)


@pytest.mark.parametrize("master", ["spark", "mesos://x:1", "spark://a b", "local[*", ""])
def test_a_master_that_spark_does_not_have_is_refused(master: str) -> None:
    with pytest.raises(UsageError, match=r"stream\.master cannot be"):
        load_settings({"stream": {"master": master}}, {})


def test_a_master_that_does_not_listen_is_said_at_once() -> None:
    port = free_port()
    with pytest.raises(SparkUnavailable) as failed:
        require_master(f"spark://127.0.0.1:{port},nowhere.invalid:7077")
    assert f"No Spark master listens on spark://127.0.0.1:{port}" in failed.value.happened
    assert "nowhere.invalid:7077: " in failed.value.happened


def test_one_master_that_listens_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        require_master(f"spark://127.0.0.1:{free_port()},127.0.0.1:{port}")
    require_master("local[*]")
    require_master("yarn")
