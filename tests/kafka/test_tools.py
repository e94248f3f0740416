"""Kafka's own tools: the table, and what becomes of a command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.jvm.jars import JarSet, resolve_jars
from sfcrime.kafka.tools import TOOLS, tool_command, tool_named
from sfcrime.settings import JvmSettings, KafkaSettings


@pytest.mark.parametrize("jar_set", ["kafka", "zookeeper"])
def test_every_tool_of_the_table_is_among_its_jars(jar_set: JarSet, jvm: JvmSettings) -> None:
    classes: set[str] = set()
    for jar in resolve_jars(jar_set, jvm):
        with zipfile.ZipFile(jar) as archive:
            classes.update(archive.namelist())

    wanted = [tool.main_class for tool in TOOLS.values() if tool.jar_set == jar_set]

    assert wanted
    assert [each for each in wanted if each.replace(".", "/") + ".class" not in classes] == []


def test_a_tool_answers_to_the_name_of_kafkas_script() -> None:
    assert tool_named("kafka-topics.sh") is TOOLS["topics"]
    assert tool_named("zookeeper-server-start.sh") is TOOLS["zookeeper-server-start"]


def test_an_unknown_tool_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(UsageError, match="no Kafka tool named 'topcis'") as caught:
        tool_named("topcis")

    assert "topics, console-consumer, console-producer" in caught.value.rule


def test_arguments_stand_behind_the_main_class_as_they_were_given() -> None:
    command = tool_command(
        TOOLS["topics"],
        Path("/j/java"),
        [Path("/c/a.jar"), Path("/c/b.jar")],
        ["--x=1", "-h", "é "],
    )

    assert command[0] == "/j/java"
    assert command[-6:] == [
        "-cp",
        "/c/a.jar:/c/b.jar",
        "org.apache.kafka.tools.TopicCommand",
        "--x=1",
        "-h",
        "é ",
    ]


@pytest.mark.kafka
def test_a_tool_reads_and_writes_like_kafkas_script_and_leaves_with_its_exit_code(
    broker: KafkaSettings,
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sfcrime", "kafka", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    servers = ["--bootstrap-server", broker.bootstrap_servers]
    made = run("topics", *servers, "--create", "--topic", "typed", "--partitions", "3")
    listed = run("topics", *servers, "--list")
    wrong = run("topics", *servers, "--describe", "--topic", "not-there")

    assert (made.returncode, made.stdout) == (0, "Created topic typed.\n")
    assert "typed\n" in listed.stdout
    assert wrong.returncode == 1
    assert "does not exist" in wrong.stdout + wrong.stderr
