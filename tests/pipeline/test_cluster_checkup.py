"""A cluster is looked at as a start would, and what is missing is said of each executor."""

from __future__ import annotations

import sys

import msgspec
import pytest

from sfcrime.errors import SparkUnavailable
from sfcrime.jvm.jars import committed_hashes
from sfcrime.pipeline import cluster_checkup
from sfcrime.pipeline.checkup import Level
from sfcrime.pipeline.cluster_checkup import check_up_cluster
from sfcrime.settings import KafkaSettings, Settings, StreamSettings
from sfcrime.spark.executors import Found, Needs

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
NEEDS = Needs((), "4653b2d385fe")
FIT = Found("node-1", "/work/app/0", OURS, "4653b2d385fe", "", committed_hashes("spark"), [])
SETTINGS = Settings(
    kafka=KafkaSettings(bootstrap_servers="10.0.0.9:9092"),
    stream=StreamSettings(
        master="spark://10.0.0.1:7077",
        driver_host="10.0.0.5",
        spark_properties={"spark.authenticate": "false"},
    ),
)


def test_a_local_master_has_no_executors_to_look_at() -> None:
    (finding,) = check_up_cluster(Settings())
    assert finding.level is Level.OK
    assert finding.said == "local[*]: executors are threads of the driver's JVM"


def test_settings_that_cannot_be_are_a_finding_with_what_mends_them() -> None:
    stream = msgspec.structs.replace(SETTINGS.stream, driver_host="")
    (finding,) = check_up_cluster(msgspec.structs.replace(SETTINGS, stream=stream))
    assert (finding.about, finding.level) == ("Spark master", Level.WRONG)
    assert finding.mend.startswith("SFCRIME_STREAM_DRIVER_HOST=")


def test_a_cluster_without_executors_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: Settings) -> tuple[Needs, list[Found]]:
        raise SparkUnavailable("No executor was ready.", next_step="look at the master's page")

    monkeypatch.setattr(cluster_checkup, "_asked", none)
    (finding,) = check_up_cluster(SETTINGS)
    assert (finding.level, finding.mend) == (Level.WRONG, "look at the master's page")


def test_each_executor_is_a_finding_once(monkeypatch: pytest.MonkeyPatch) -> None:
    without = msgspec.structs.replace(FIT, host="node-2", problem="ImportError: pyarrow")
    monkeypatch.setattr(cluster_checkup, "_asked", lambda _: (NEEDS, [FIT, without, FIT]))
    master, first, second = check_up_cluster(SETTINGS)
    assert (master.level, first.level, second.level) == (Level.OK, Level.OK, Level.WRONG)
    assert first.said == f"on node-1 in /work/app/0: Python {OURS}, judging code 4653b2d385fe"
    assert f"its python{OURS} cannot judge: ImportError: pyarrow" in second.said
    assert "sfcrime pack" in second.mend
