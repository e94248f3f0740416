"""The caches that a training wrote are ones that the broker's and the driver's JVM take."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sfcrime.jvm.java import StartupCache
from sfcrime.kafka.broker_files import java_command
from sfcrime.pipeline.training import _training_settings
from sfcrime.pipeline.training_process import startup_caches
from sfcrime.settings import JvmSettings, KafkaSettings, Settings, StreamSettings
from sfcrime.spark.driver import driver_java

JVM = JvmSettings()


@pytest.fixture(scope="module")
def caches() -> Sequence[StartupCache]:
    found = startup_caches(JVM)
    if not all(cache.path.is_file() for cache in found):
        pytest.skip("`sfcrime setup --train` has not made the start-up cache here")
    return found


def _answer(command: Sequence[str]) -> str:
    """What the JVM says when it may only start with the cache."""
    strict = [command[0], "-XX:AOTMode=on", *command[1:], "-version"]
    ran = subprocess.run(strict, capture_output=True, text=True, check=False)
    return ran.stderr if ran.returncode == 0 else f"refused: {ran.stdout}{ran.stderr}"


def test_the_broker_takes_its_cache(caches: Sequence[StartupCache], tmp_path: Path) -> None:
    cache = caches[0]
    command = java_command(cache, KafkaSettings().heap, tmp_path)
    command[1:1] = cache.options

    assert "refused" not in _answer(command)


def test_the_driver_takes_its_cache(caches: Sequence[StartupCache], tmp_path: Path) -> None:
    cache, heap = caches[1], StreamSettings().heap
    command = driver_java(cache.java, heap, tmp_path, cache.class_path, cache.options)

    assert "refused" not in _answer(command)


def test_a_jvm_with_other_options_would_have_refused_it(
    caches: Sequence[StartupCache], tmp_path: Path
) -> None:
    cache = caches[0]
    command = java_command(cache, KafkaSettings().heap, tmp_path)
    command.remove("--enable-native-access=ALL-UNNAMED")
    command[1:1] = cache.options

    assert "refused" in _answer(command)


def test_a_training_stays_on_this_machine_whatever_the_master(tmp_path: Path) -> None:
    stream = StreamSettings(
        master="spark://10.0.0.1:7077",
        driver_host="10.0.0.5",
        spark_properties={"spark.authenticate": "false"},
        spark_properties_file="/none",
        heap="700m",
    )
    training = _training_settings(Settings(stream=stream), tmp_path).stream

    assert (training.master, training.heap) == ("local[*]", "700m")
    assert (training.spark_properties, training.spark_properties_file) == ({}, "")
