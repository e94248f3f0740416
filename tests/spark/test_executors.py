"""Executors are waited for and looked at before they count."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from py4j.protocol import Py4JJavaError

from sfcrime.errors import ExecutorRefused, SparkUnavailable
from sfcrime.jvm.jars import committed_hashes
from sfcrime.settings import StreamSettings
from sfcrime.spark import executor_probe, executors
from sfcrime.spark.executors import Found, Needs, executors_are_ready, refusal_of
from sfcrime.streaming.executors import files_of_client, needs_of_executors
from sfcrime.streaming.judge_digest import JUDGE_DIGEST

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
NEEDS = Needs(("sfcrime.streaming.judge_digest",), JUDGE_DIGEST, ("/etc/kafka/client.properties",))
FIT = Found("node-1", "/work/app/0", OURS, JUDGE_DIGEST, "", committed_hashes("spark"), [])
STREAM = StreamSettings(master="spark://10.0.0.1:7077", driver_host="10.0.0.5")


def test_what_fits_is_taken() -> None:
    assert refusal_of(FIT, NEEDS, "python3") is None


@pytest.mark.parametrize(
    "lacks, said, mend",
    [
        (
            {"python": "3.9"},
            f"its python3 is Python 3.9, the driver's is {OURS}",
            "EXECUTOR_PYTHON",
        ),
        (
            {"judge": "", "problem": "ModuleNotFoundError: No module named 'orjson'"},
            "'orjson'",
            "pack",
        ),
        ({"judge": "0123456789ab"}, "its judging code is 0123456789ab, the driver's is", "pack"),
        ({"jars": {}}, "commons-pool2-2.13.1.jar is not there as it was sent", "driver's ports"),
        (
            {"jars": {**committed_hashes("spark"), "kafka-clients-3.9.2.jar": "f00"}},
            "kafka-clients-3.9.2.jar is not there as it was sent",
            "class path",
        ),
        ({"unreadable": ["/etc/kafka/c.p"]}, "it cannot read /etc/kafka/c.p", "same path on every"),
    ],
    ids=["python", "no judge", "another judge", "no jars", "another jar", "client file"],
)
def test_an_executor_that_lacks_something_is_refused_by_its_place(
    lacks: dict[str, object], said: str, mend: str
) -> None:
    other = msgspec.structs.replace(FIT, host="node-2", **lacks)
    refusal = refusal_of(other, NEEDS, "python3")
    assert refusal is not None
    assert refusal.place == "on node-2 in /work/app/0"
    assert said in refusal.lacks
    assert mend in refusal.next_step


def _probed(folder: Path, asked: dict[str, object], *python: str) -> Found:
    """What the probe answers, run as an executor runs it."""
    done = subprocess.run(
        [sys.executable, *python, "-c", Path(executor_probe.__file__).read_text()],
        input=json.dumps(asked) + "\n",
        cwd=folder,
        env={"PYTHONPATH": str(Path(executor_probe.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Found)


def test_the_probe_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"abc")
    found = _probed(
        tmp_path,
        {
            "modules": needs_of_executors({}).modules,
            "jars": ["a.jar", "b.jar"],
            "files": [str(tmp_path / "a.jar"), "/none"],
        },
    )
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (found.python, found.judge, found.problem) == (OURS, JUDGE_DIGEST, "")
    assert (found.folder, found.jars) == (str(tmp_path), {"a.jar": abc})
    assert found.unreadable == ["/none"]


def test_the_probe_answers_where_nothing_is_installed(tmp_path: Path) -> None:
    asked = {"modules": needs_of_executors({}).modules, "jars": [], "files": []}
    found = _probed(tmp_path, asked, "-I", "-S")
    assert (found.judge, found.problem) == ("", "ModuleNotFoundError: No module named 'sfcrime'")


def test_the_files_of_kafkas_client_are_looked_for_where_it_runs() -> None:
    options = {
        "kafka.sasl.jaas.config": 'X required username="${file:/etc/k/c.properties:sasl.username}" '
        'password="${file:/etc/k/c.properties:sasl.password}";',
        "kafka.ssl.keystore.key": "${directory:/etc/k/keys:key.pem}",
        "kafka.ssl.truststore.location": "/etc/k/trusted.pem",
        "kafka.bootstrap.servers": "a:1",
    }
    assert files_of_client(options) == [
        *("/etc/k/trusted.pem", "/etc/k/c.properties", "/etc/k/keys/key.pem"),
    ]


class Context:
    """Spark's context on a cluster with so many executors, whose job never ends."""

    def __init__(self, executors: int, *answers: Found) -> None:
        self.executors, self.cancelled, self._answers = executors, False, answers

    def sc(self) -> Context:
        return self

    statusTracker = sc

    def getExecutorInfos(self) -> list[int]:
        return [0] * (1 + self.executors)

    def defaultParallelism(self) -> int:
        return 3

    def parallelize(self, elements: list[str], places: int) -> Context:
        assert len(elements) == places == 3
        return self

    def pipe(self, command: list[str]) -> Context:
        assert command[:2] == [f"python{OURS}", "-c"]
        return self

    def collectAsync(self) -> Context:
        return self

    def isDone(self) -> bool:
        return bool(self._answers)

    def cancel(self, _: bool) -> None:
        self.cancelled = True

    def get(self) -> list[str]:
        return [msgspec.json.encode(each).decode() for each in self._answers]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "EXECUTOR_WAIT_S", 0.05)
    monkeypatch.setattr(executors, "_POLL_S", 0.01)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("context", [Context(0), Context(2)], ids=["none comes", "none answers"])
def test_a_cluster_that_gives_no_executor_is_named_with_what_to_look_at(context: Any) -> None:
    with pytest.raises(SparkUnavailable) as failed:
        executors_are_ready(context, STREAM, NEEDS, lambda: True)
    assert "No executor of spark://10.0.0.1:7077 was ready within" in failed.value.happened
    assert "have to reach 10.0.0.5" in failed.value.rule
    assert failed.value.may_pass
    assert context.cancelled is (context.executors > 0)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("context", [Context(0), Context(2)], ids=["none yet", "no answer yet"])
def test_a_stop_ends_the_wait(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "EXECUTOR_WAIT_S", 60.0)
    asked = iter([True, True, True])
    goes_on: Callable[[], bool] = lambda: next(asked, False)  # noqa: E731
    assert executors_are_ready(context, STREAM, NEEDS, goes_on) is False


def test_executors_that_answer_and_fit_are_ready() -> None:
    context: Any = Context(2, FIT, FIT, FIT)
    assert executors_are_ready(context, STREAM, NEEDS, lambda: True) is True


def test_one_among_them_that_does_not_fit_is_refused() -> None:
    context: Any = Context(2, FIT, msgspec.structs.replace(FIT, judge="0123456789ab"), FIT)
    with pytest.raises(ExecutorRefused, match="its judging code is 0123456789ab"):
        executors_are_ready(context, STREAM, NEEDS, lambda: True)


class Thrown:
    """An exception of Java's, and what caused it."""

    _target_id = "o1"

    def __init__(self, said: str, cause: Thrown | None = None) -> None:
        self._said, self._cause = said, cause

    def toString(self) -> str:
        return self._said

    def getCause(self) -> Thrown | None:
        return self._cause


LOST_TASK = (
    "org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 0.0 failed "
    "4 times, most recent failure: Lost task 1.3 in stage 0.0 (TID 7) (10.0.0.7 executor 3): "
    'java.io.IOException: Cannot run program "python9": error=2, No such file or directory\n'
    "\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1170)"
)


@pytest.mark.parametrize(
    "thrown, place, why",
    [
        (
            Thrown("ExecutionException: Exception thrown by job.", Thrown(LOST_TASK)),
            "3 on 10.0.0.7",
            'was not run: java.io.IOException: Cannot run program "python9": error=2, No such file',
        ),
        (
            Thrown("SparkException: no\n\tat x"),
            f"of {STREAM.master}",
            "not run: SparkException: no",
        ),
    ],
)
def test_a_python_that_cannot_be_run_is_said_with_its_node(
    thrown: Thrown, place: str, why: str
) -> None:
    class Failing(Context):
        def get(self) -> list[str]:
            raise Py4JJavaError("An error occurred", thrown)

    context: Any = Failing(2, FIT)
    with pytest.raises(ExecutorRefused) as refused:
        executors_are_ready(context, STREAM, NEEDS, lambda: True)
    assert refused.value.place == place
    assert why in refused.value.lacks
    assert "\n" not in refused.value.lacks
