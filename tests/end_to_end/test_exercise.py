"""The exercise folder: its commands as a learner types them, on one ZooKeeper pair."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from invented_calls import hour_of_calls, write_newest_first
from real_file import REAL_FILE, needs_real_file
from running import Ran, Sfcrime, Started, alive, kill_all, started_command, wait_until
from sfcrime.kafka.client import cluster_id_of
from sfcrime.machine.ports import LOOPBACK, free_port

pytestmark = pytest.mark.end_to_end

EXERCISE = Path(__file__).resolve().parents[2] / "exercise"
TOPIC = "org.sf.police.calls"
PACKAGES = ["--packages", "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"]
HOURS = 50
FIRST = 1000
"""Records published before the job is killed."""
BROKEN: list[object] = [17, {**hour_of_calls(3)[0], "crime_id": "18275000l"}]
ACCOUNTING = {
    "read": 2012,
    "counted": 2000,
    "duplicate": 10,
    "late": 0,
    "rejected": 2,
    "gaps": 0,
}
TOTALS = {
    "Passing Call HAN Handled 1,500",
    "Traf Violation Cite CIT Cited 350",
    "Poss ND No Disposition 100",
    "22500e (not in the table) 50",
    "bad-call-id set aside 1",
    "not-an-object set aside 1",
}
FIRST_LINE = "988 calls in 6 groups, 24 of them with a code outside the table; 2 records set aside"
"""The first 1,000 records are ten repeats, both that are no calls, and 988 calls."""
LAST_LINE = "2,000 calls in 6 groups, 50 of them with a code outside the table; 2 records set aside"


@dataclass(frozen=True)
class Shell:
    """Commands typed in a copy of the exercise's configuration, tools under their bare names."""

    folder: Path
    servers: str

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SFCRIME_", "CONDA_"))}
        path = os.pathsep.join([str(EXERCISE / "bin"), os.environ["PATH"]])
        return {**kept, "PATH": path, "VIRTUAL_ENV": sys.prefix, "COLUMNS": "120"}

    def __call__(self, *command: str, timeout_s: float = 120.0) -> Ran:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def tool(self, name: str, *arguments: str) -> Ran:
        """One of Kafka's tools, told where the pair is."""
        return self(name, "--bootstrap-server", self.servers, *arguments)

    def program(self, name: str, *arguments: str) -> Ran:
        """One of the exercise's Python programs, told where the pair is."""
        program = [sys.executable, str(EXERCISE / name), "--bootstrap-servers", self.servers]
        return self(*program, *arguments)

    @contextmanager
    def started(self, *command: str) -> Iterator[Started]:
        """A command in the background; it and what it started end with the block."""
        log_path = self.folder / f"{Path(command[0]).name}-{free_port()}.log"
        with started_command(command, self.environment(), log_path, self.folder) as started:
            yield started


def _configured(folder: Path, zookeeper_port: int, kafka_port: int) -> None:
    """The exercise's two files with other ports; everything else as it is committed."""
    shutil.copytree(EXERCISE / "config", folder / "config")
    for file in (folder / "config").iterdir():
        text = file.read_text(encoding="utf-8").replace("2181", str(zookeeper_port))
        file.write_text(text.replace("9092", str(kafka_port)), encoding="utf-8")


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """ZooKeeper and the Kafka that it manages, started by the exercise's own commands."""
    folder = tmp_path_factory.mktemp("exercise")
    zookeeper_port, kafka_port = free_port(), free_port()
    _configured(folder, zookeeper_port, kafka_port)
    shell = Shell(folder, f"localhost:{kafka_port}")
    with ExitStack() as stack:
        zookeeper = stack.enter_context(
            shell.started("zookeeper-server-start", "config/zookeeper.properties")
        )
        zookeeper.wait_for(lambda: _listens(zookeeper_port), "ZooKeeper to listen")
        kafka = stack.enter_context(shell.started("kafka-server-start", "config/server.properties"))
        with closing(cluster_id_of(shell.servers)) as answers:
            kafka.wait_for(lambda: next(answers) is not None, "Kafka to answer")
        assert (folder / "data" / "zookeeper" / "version-2").is_dir()
        yield shell
        for server in (kafka, zookeeper):
            server.signal(signal.SIGINT)
            assert server.wait(30) == 130, server.log()
        assert "shut down completed" in kafka.log()


@pytest.fixture(scope="module")
def calls_file(pair: Shell) -> Path:
    """2,000 invented calls, ten of them twice, and two records that are no calls."""
    calls: list[object] = [call for hour in range(HOURS) for call in hour_of_calls(hour)]
    file = pair.folder / "calls.json"
    write_newest_first(file, [*calls, *calls[100:110], *BROKEN])
    return file


@pytest.fixture(scope="module")
def published(pair: Shell, calls_file: Path) -> Shell:
    """The pair with the first 1,000 records in its topic."""
    ran = pair.program("kafka_server.py", str(calls_file), "--speed", "max", "--limit", f"{FIRST}")
    assert ran.code == 0, ran.err
    assert "Published 1,000 records to its end; 0 were there already." in ran.out
    return pair


def test_a_topic_is_made_typed_into_and_read_by_kafkas_own_tools(pair: Shell) -> None:
    made = pair.tool("kafka-topics", "--create", "--topic", "typed")
    described = pair.tool("kafka-topics", "--describe", "--topic", "typed")
    sent = subprocess.run(
        ["kafka-console-producer", "--bootstrap-server", pair.servers, "--topic", "typed"],
        input="one\ntwo\n",
        env=pair.environment(),
        text=True,
        timeout=60,
        capture_output=True,
        check=False,
    )
    read = pair.tool(
        *("kafka-console-consumer", "--topic", "typed", "--from-beginning"),
        *("--max-messages", "2"),
    )

    assert (made.code, made.out) == (0, "Created topic typed.\n")
    assert "PartitionCount: 2\tReplicationFactor: 1" in described.out
    assert sent.returncode == 0, sent.stderr
    assert sorted(read.out.split()) == ["one", "two"]


def test_a_topic_that_nobody_made_is_not_made_by_reading_it(pair: Shell) -> None:
    read = pair.tool(
        *("kafka-console-consumer", "--topic", "misspelt", "--from-beginning"),
        *("--timeout-ms", "1000"),
    )

    assert "UNKNOWN_TOPIC_OR_PARTITION" in read.err
    assert "misspelt" not in pair.tool("kafka-topics", "--list").out


def test_the_console_consumer_shows_the_calls_as_they_came(published: Shell) -> None:
    read = published.tool(
        *("kafka-console-consumer", "--topic", TOPIC, "--from-beginning"),
        *("--max-messages", f"{FIRST}"),
    )

    assert read.code == 0, read.err
    assert f"Processed a total of {FIRST} messages" in read.err
    assert read.out.count('"crime_id": ') == FIRST - 1  # one of them is the number 17
    # 24 hours of 30, 28 of the next, ten repeats, and one without a usable id
    assert read.out.count('"original_crime_type_name": "Passing Call"') == 759


def test_the_asynchronous_consumer_goes_on_behind_what_it_committed(published: Shell) -> None:
    first = published.program("consumer_server.py", "--max-messages", "10")
    second = published.program("consumer_server.py", "--max-messages", f"{FIRST - 10}")
    group = published.tool("kafka-consumer-groups", "--describe", "--group", "consumer-server")

    assert first.code == second.code == 0, first.err + second.err
    assert "Read 10 records; group consumer-server continues after them." in first.out
    lines = re.findall(
        r"(?m)^\d+:\d+  2018-10-02T\d\d:\d\d:\d\d\.000  Passing Call  HAN  Handled$", first.out
    )
    assert len(lines) == 10
    places = [line.split("  ")[0] for line in (first.out + second.out).splitlines()]
    assert len({place for place in places if ":" in place}) == FIRST
    lags = [line.split()[5] for line in group.out.splitlines() if TOPIC in line]
    assert set(lags) == {"0"}


def test_ctrl_c_stops_the_asynchronous_consumer_in_order(published: Shell) -> None:
    program = [sys.executable, str(EXERCISE / "consumer_server.py"), "--group", "stopped"]
    with published.started(*program, "--bootstrap-servers", published.servers) as consumer:
        consumer.wait_for(
            lambda: len(re.findall(r"^\d+:\d+  ", consumer.log(), re.MULTILINE)) >= FIRST,
            "every record to be read",
        )
        consumer.signal(signal.SIGINT)
        assert consumer.wait(30) == 0

    assert consumer.log().endswith("Read 1,000 records; group stopped continues after them.\n")


def _last_table(text: str) -> set[str]:
    """Its rows, with single blanks."""
    return {" ".join(row.split()) for row in text.rpartition("───\n")[2].splitlines()}


def _submitted(shell: Shell, *arguments: str) -> list[str]:
    job = [str(EXERCISE / "data_stream.py"), "--bootstrap-servers", shell.servers]
    folder = ["--data-dir", str(shell.folder / "stream"), "--ui-port", "0"]
    return ["spark-submit", *PACKAGES, "--master", "local[*]", *job, *folder, *arguments]


def _ordinary_jdk() -> Path | None:
    """The home of a JDK >= 17 with the module that PySpark's own launcher insists on."""
    java = shutil.which("java")
    if java is None:
        return None
    home = Path(java).resolve().parent.parent
    listed = subprocess.run(
        [java, "--list-modules"], capture_output=True, text=True, timeout=60, check=False
    )
    found = re.search(r"^jdk\.incubator\.vector@(\d+)", listed.stdout, re.MULTILINE)
    return home if found is not None and int(found[1]) >= 17 else None


def _pysparks_own(command: list[str]) -> list[str]:
    """The same with PySpark's own script where there is a JDK for it, else as it is."""
    home = _ordinary_jdk()
    if home is None:
        return command
    variables = [f"JAVA_HOME={home}", f"PYSPARK_PYTHON={sys.executable}"]
    variables.append("SPARK_LOCAL_IP=127.0.0.1")
    own = Path(sys.executable).with_name("spark-submit")
    return ["env", *variables, str(own), *command[1:]]


def test_the_job_is_exact_after_a_kill_and_stops_in_order(
    published: Shell, calls_file: Path
) -> None:
    """Killed behind 1,000 records; the next start shows their totals, then counts the rest.

    The first start is by PySpark's own spark-submit where a JDK >= 17 is installed.
    """
    with published.started(*_pysparks_own(_submitted(published))) as job:
        job.wait_for(lambda: "Totals after batch 0" in job.log(), "the first batch")
        job.wait_for(lambda: "batch 0: 1,000 records in " in job.log(), "its report")
        tree = job.tree()
        kill_all(tree)
    wait_until(lambda: not alive(tree), "the killed job to be gone")

    rest = published.program("kafka_server.py", str(calls_file), "--speed", "max")
    assert "Published 1,012 records to its end; 1,000 were there already." in rest.out
    with published.started(*_submitted(published)) as job:
        job.wait_for(lambda: LAST_LINE in job.log(), "every record to be counted")
        job.signal(signal.SIGINT)
        assert job.wait(60) == 0, job.log()

    log = job.log()
    assert FIRST_LINE in log.partition("Totals from the checkpoint")[2].partition("Totals after")[0]
    assert _last_table(log) >= TOTALS
    assert "Spark UI: http://127.0.0.1:" in log
    assert "Others can reach it" not in log
    assert "Stopped; the next start goes on from here." in log
    assert "Traceback" not in log


def test_sfcrime_itself_counts_the_same_on_the_pair_and_proves_it(
    published: Shell, calls_file: Path, sfcrime: Sfcrime
) -> None:
    servers = ["--bootstrap-servers", published.servers]
    ran = sfcrime(
        *("run", *servers, "--source", str(calls_file), "--speed", "max"),
        *("--until-caught-up", "--no-dashboard"),
    )
    assert ran.code == 0, ran.out + ran.err

    audit = sfcrime("audit", *servers, "--json")

    assert audit.code == 0, audit.out
    assert audit.json["accounting"] == ACCOUNTING
    rows = sfcrime("report", "--by", "type,disposition", "--raw", "--json").json["rows"]
    assert {(row["type"], row["disposition"]): row["calls"] for row in rows} == {
        ("Passing Call", "HAN"): 1500,
        ("Traf Violation Cite", "CIT"): 350,
        ("Poss", "ND"): 100,
        ("22500e", ""): 50,
    }


@pytest.mark.real_data
@needs_real_file
def test_the_job_counts_the_real_file_as_sfcrime_does(pair: Shell, sfcrime: Sfcrime) -> None:
    topic = ["--topic", "real.calls"]
    sent = pair.program("kafka_server.py", str(REAL_FILE), "--speed", "max", *topic)
    assert sent.code == 0, sent.err
    folder = ["--data-dir", str(pair.folder / "real"), "--available-now"]
    job = pair(*_submitted(pair, *topic, *folder))
    assert job.code == 0, job.out + job.err
    place = ["--bootstrap-servers", pair.servers]
    counted = sfcrime("stream", *place, *topic, "--until-caught-up")
    assert counted.code == 0, counted.out + counted.err

    rows = sfcrime("report", "--by", "type,disposition", "--raw", "--json").json["rows"]
    report = {" ".join(f"{row['type']} {row['disposition']}".split()): row["calls"] for row in rows}
    assert len(rows) == 7_677
    assert (
        "199,995 calls in 7,677 groups, 19,846 of them with a code outside the table; "
        "0 records set aside\n"
    ) in job.out
    largest = [row.rpartition(" ") for row in _last_table(job.out) if row[-1:].isdigit()]
    assert len(largest) == 10
    for labels, _, calls in largest:
        group = max((each for each in report if labels.startswith(each)), key=len)
        assert f"{report[group]:,}" == calls, labels


def test_the_connector_of_older_texts_is_refused_with_the_right_one(tmp_path: Path) -> None:
    shell = Shell(tmp_path, "")
    old = "org.apache.spark:spark-sql-kafka-0-10_2.11:2.3.4"

    ran = shell("spark-submit", "--packages", old, "--master", "local[*]", "data_stream.py")

    assert ran.code == 2
    assert old in ran.err
    assert f"Next step: {' '.join(PACKAGES)}" in ran.err


def _environment_without_sfcrime(folder: Path) -> Path:
    """A virtual environment whose Python refuses everything it is asked."""
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    return folder


def test_a_tool_without_an_installation_names_the_script_that_makes_one(tmp_path: Path) -> None:
    exercise = tmp_path / "exercise"
    shutil.copytree(EXERCISE / "bin", exercise / "bin")
    environment = {
        "PATH": "/usr/bin:/bin",
        "VIRTUAL_ENV": str(_environment_without_sfcrime(tmp_path)),
    }

    ran = subprocess.run(
        [str(exercise / "bin" / "kafka-topics"), "--version"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 4
    assert f"Next step: {exercise}/start.sh" in ran.stderr


def test_an_active_environment_with_an_old_python_is_not_filled(tmp_path: Path) -> None:
    active = str(_environment_without_sfcrime(tmp_path))
    ran = subprocess.run(
        [str(EXERCISE / "start.sh")],
        env={"PATH": "/usr/bin:/bin", "CONDA_PREFIX": active},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 4
    assert f"the active environment {active} has no Python 3.11 or newer" in ran.stderr
    assert "conda create -n sfcrime python=3.11" in ran.stderr
