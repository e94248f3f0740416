"""spark-submit: which packages are refused before anything is downloaded, and its JVM's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import committed_hashes
from sfcrime.settings import Settings, StreamSettings
from sfcrime.spark.submit import check_packages, spark_submit

RIGHT = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"


def test_the_jar_of_the_connector_is_pinned() -> None:
    assert "spark-sql-kafka-0-10_2.13-4.2.0.jar" in committed_hashes("spark")


@pytest.mark.parametrize(
    "coordinate",
    [
        "org.apache.spark:spark-sql-kafka-0-10_2.11:2.3.4",
        "org.apache.spark:spark-sql-kafka-0-10_2.12:4.2.0",
        "org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.0",
        "org.apache.spark:spark-sql-kafka-0-10_2.13",
    ],
)
@pytest.mark.parametrize("form", ["--packages {}", "--packages={}", "--packages a.b:c:1,{}"])
def test_a_connector_of_another_spark_or_scala_is_refused_with_the_right_one(
    coordinate: str, form: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_packages([*form.format(coordinate).split(" "), "data_stream.py"])

    assert coordinate in caught.value.happened
    assert caught.value.next_step == f"--packages {RIGHT}"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--packages", RIGHT, "--master", "local[*]", "data_stream.py"],
        ["--packages", "org.postgresql:postgresql:42.7.4", "data_stream.py"],
        ["data_stream.py"],
    ],
)
def test_what_fits_passes(arguments: list[str]) -> None:
    check_packages(arguments)


def test_the_users_own_jvm_options_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def note(command: list[str], environment: dict[str, str]) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr("sfcrime.spark.submit._in_foreground", note)
    settings = Settings(stream=StreamSettings(heap="900m", jvm_options="-XX:+UseSerialGC -Da=b"))

    assert spark_submit(["--version"], settings, tmp_path) == 0

    (command,) = commands
    assert "-Xmx900m" in command
    assert command[command.index("-cp") - 2 : command.index("-cp")] == ["-XX:+UseSerialGC", "-Da=b"]
