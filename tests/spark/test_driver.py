"""How the driver JVM is started."""

from __future__ import annotations

import os
import re
import signal
import stat
import struct
import subprocess
import zipfile
from pathlib import Path

import msgspec
import pyspark
import pytest

from sfcrime.errors import ChildFailed, UsageError
from sfcrime.jvm.jars import committed_hashes
from sfcrime.jvm.java import find_java
from sfcrime.settings import JvmSettings, Settings, StreamSettings
from sfcrime.spark.driver import (
    SPARK_MODULE_OPTIONS,
    driver_java,
    fresh_work_dir,
    start_driver_jvm,
)
from sfcrime.spark.properties import spark_properties

_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4}
_SIZES |= {18: 4, 19: 2, 20: 2}
_TEXT, _LONG, _DOUBLE, _STRING = 1, 5, 6, 8


def _string_constants(class_file: bytes) -> list[str]:
    """The string literals of a Java class, in the order of its constant pool (JVMS 4.4)."""
    (count,) = struct.unpack_from(">H", class_file, 8)
    texts, literals, at, index = {}, [], 10, 1
    while index < count:
        tag = class_file[at]
        (number,) = struct.unpack_from(">H", class_file, at + 1)
        if tag == _TEXT:
            texts[index] = class_file[at + 3 : at + 3 + number].decode()
            at += 3 + number
        else:
            if tag == _STRING:
                literals.append(number)
            at += 1 + _SIZES[tag]
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    return [texts[number] for number in literals]


def _options_of_spark() -> list[str]:
    """What JavaModuleOptions of the installed PySpark lists."""
    (jar,) = (Path(pyspark.__file__).parent / "jars").glob("spark-launcher_*.jar")
    with zipfile.ZipFile(jar) as archive:
        code = archive.read("org/apache/spark/launcher/JavaModuleOptions.class")
    return [text for text in _string_constants(code) if text.startswith("-")]


def test_the_jvm_gets_the_module_options_of_the_pinned_spark_but_for_the_missing_module() -> None:
    missing = "--add-modules=jdk.incubator.vector"  # the wheel's Java does not have it
    expected = _options_of_spark()
    assert missing in expected
    expected.remove(missing)
    assert list(SPARK_MODULE_OPTIONS) == expected


SECRET = "sasl-password-that-nobody-may-see"  # noqa: S105 - one of nothing


def _settings(folder: Path, script: str) -> Settings:
    """Settings of a Java that does what a script says."""
    home = folder / "java"
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text('JAVA_VERSION="21.0.2"\n', encoding="utf-8")
    (home / "bin" / "java").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (home / "bin" / "java").chmod(0o755)
    given = {"spark.secret": SECRET, "spark.path": "C:\\x"}
    stream = StreamSettings(
        spark_properties=given, jvm_options="-XX:-UseParallelGC -XX:+UseG1GC", heap="300m"
    )
    return Settings(jvm=JvmSettings(java_home=str(home)), stream=stream)


def _arguments(folder: Path) -> list[str]:
    """What the JVM is started with."""
    settings = _settings(folder, 'for each in "$@"; do echo "$each"; done; exit 1')
    with pytest.raises(ChildFailed):
        start_driver_jvm(settings, folder / "work").await_gateway()
    return (folder / "work" / "driver.out").read_text().splitlines()


def test_the_users_own_jvm_options_have_the_last_word(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path)

    assert arguments[arguments.index("-cp") - 2 :][:2] == ["-XX:-UseParallelGC", "-XX:+UseG1GC"]


def test_java_takes_every_threshold_of_its_compilers(tmp_path: Path, jvm: JvmSettings) -> None:
    """One it does not know would be ignored without a word, as Spark's own options tell it to."""
    options = ["-XX:+PrintFlagsFinal"]
    command = driver_java(find_java(jvm), "300m", tmp_path, str(tmp_path), options)
    told = [option.removeprefix("-XX:").split("=") for option in command if "Tier" in option]
    out = subprocess.run([*command[: command.index("-cp")], "-version"], capture_output=True)
    flags = dict(re.findall(r"(\w+) +=\s+(\d+) ", out.stdout.decode()))

    assert len(told) == 8
    assert {name: flags.get(name) for name, _ in told} == dict(told)


def test_configuration_is_in_a_file_and_not_on_the_command_line(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path)

    assert not any(SECRET in argument or "--conf" in argument for argument in arguments)
    properties_file = tmp_path / "work" / "driver.properties"
    assert arguments[-3:] == ["--properties-file", str(properties_file), "pyspark-shell"]
    class_path = arguments[arguments.index("-cp") + 1].split(os.pathsep)
    assert class_path[0].endswith(f"pyspark{os.sep}jars{os.sep}*")
    assert {Path(jar).name for jar in class_path[1:]} == committed_hashes("spark").keys()


@pytest.mark.parametrize("name", ["spark.driver.host", "spark.driver.bindAddress"])
def test_spark_listens_on_loopback_alone(tmp_path: Path, name: str) -> None:
    assert spark_properties(Settings(), tmp_path)[name] == "127.0.0.1"


def test_settings_reach_spark(tmp_path: Path) -> None:
    stream = StreamSettings(ui_port=4321, master="local[1]")
    properties = spark_properties(msgspec.structs.replace(Settings(), stream=stream), tmp_path)
    assert properties["spark.ui.port"] == "4321"
    assert properties["spark.master"] == "local[1]"
    assert properties["spark.sql.session.timeZone"] == "UTC"


def _with(**stream: object) -> Settings:
    return msgspec.structs.replace(Settings(), stream=StreamSettings(**stream))  # type: ignore[arg-type]


def test_further_properties_reach_spark_beside_ours(tmp_path: Path) -> None:
    settings = _with(spark_properties={"spark.speculation": "true"})
    properties = spark_properties(settings, tmp_path)
    assert properties["spark.speculation"] == "true"
    assert properties["spark.sql.session.timeZone"] == "UTC"


@pytest.mark.parametrize(
    "name",
    [
        "spark.driver.host",
        "spark.sql.session.timeZone",
        "spark.sql.streaming.minBatchesToRetain",
        "spark.driver.memory",
        "spark.python.unix.domain.socket.dir",
    ],
)
def test_what_sfcrime_sets_itself_cannot_be_set_as_a_property(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"names {name}"):
        spark_properties(_with(spark_properties={name: "x"}), tmp_path)


def test_a_jvm_that_dies_at_its_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "echo Unrecognized VM option; exit 3")
    with pytest.raises(ChildFailed) as failed:
        start_driver_jvm(settings, tmp_path / "work").await_gateway()
    assert "Unrecognized VM option" in failed.value.happened
    assert str(tmp_path / "work" / "driver.out") in failed.value.next_step


def test_a_jvm_that_does_not_answer_yet_is_ended_at_once(tmp_path: Path) -> None:
    jvm = start_driver_jvm(_settings(tmp_path, "exec sleep 600"), tmp_path / "work")
    assert jvm.is_running()

    jvm.stop()

    assert jvm.exit_code == -signal.SIGKILL


def test_a_jvm_left_starting_can_still_leave_its_answer_once_the_next_start_cleared_the_folder(
    tmp_path: Path,
) -> None:
    """It makes a file beside the one that it is told; where it cannot, it never ends."""
    told = '"$(dirname "$_PYSPARK_DRIVER_CONN_INFO_PATH")/connection.info"'
    settings = _settings(tmp_path, f"read ended; exec touch {told}")
    left = start_driver_jvm(settings, fresh_work_dir(tmp_path))
    fresh_work_dir(tmp_path)

    assert left._process.stdin is not None
    left._process.stdin.close()  # as when its job is killed

    assert left.ends_within(10.0)
    assert left.exit_code == 0


def test_the_jvm_is_told_where_to_listen_and_its_settings_are_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_HOME", "/somewhere/else")
    monkeypatch.setenv("SPARK_LOCAL_IP", "0.0.0.0")  # noqa: S104
    settings = _settings(tmp_path, "env; umask; exit 1")
    users = os.umask(0)
    try:
        with pytest.raises(ChildFailed):
            start_driver_jvm(settings, tmp_path / "work").await_gateway()
    finally:
        os.umask(users)

    output = tmp_path / "work" / "driver.out"
    said = output.read_text().splitlines()
    assert said[-1] == "0077"
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert stat.S_IMODE(output.parent.stat().st_mode) == 0o700
    assert "SPARK_LOCAL_IP=127.0.0.1" in said
    assert not any(line.startswith("SPARK_HOME=") for line in said)
    properties = tmp_path / "work" / "driver.properties"
    assert stat.S_IMODE(properties.stat().st_mode) == 0o600
    lines = properties.read_text().splitlines()
    assert lines[0] == "spark.master=local[*]"
    assert lines[-2:] == [f"spark.secret={SECRET}", "spark.path=C:\\\\x"]
