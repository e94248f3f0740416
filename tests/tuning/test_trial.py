"""A trial that cannot be run is a result, and what a process uses is measured."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from sfcrime.settings import JvmSettings, KafkaSettings, Settings
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.measure import Expected
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.trial import Bench, Interrupted, reason_in, run_trial
from sfcrime.tuning.workload import FrozenTopic, Sends, open_city
from tuning_samples import WORKLOAD


def _bench(tmp_path: Path, stop: Event, java_home: str = "/nowhere") -> Bench:
    return Bench(
        settings=Settings(jvm=JvmSettings(java_home=java_home)),
        workload=WORKLOAD,
        work_dir=tmp_path,
        broker_pid=-1,
        topic_for=lambda partitions: FrozenTopic(KafkaSettings(), Expected()),
        stop=stop,
    )


@pytest.mark.parametrize("query", Query)
def test_a_trial_that_fails_is_a_result_with_its_reason(query: Query, tmp_path: Path) -> None:
    trial = Trial(query, (("trigger_ms", "0"),), Kind.BACKLOG, 3)

    result = run_trial(trial, _bench(tmp_path, Event()), "a-setup")

    assert (result.query, result.name) == (query, "trigger_ms=0")
    assert (result.kind, result.run) == (Kind.BACKLOG, 3)
    assert "The stream ended with exit code 4" in result.failure
    assert "/nowhere" in result.failure
    assert result.setup == "a-setup"
    assert result.warm_per_s is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("Spark UI: x\nerror: It broke.\nNext step: mend", "It broke.\nNext step: mend"),
        (
            "py4j.protocol.Py4JJavaError: An error\n: java.lang.IllegalArgumentException: System "
            "memory 64 must be larger\n\tat org.apache.spark.SparkEnv.create(SparkEnv.scala:261)",
            "java.lang.IllegalArgumentException: System memory 64 must be larger",
        ),
        ("Killed", "Killed"),
        ("", "it said nothing"),
    ],
)
def test_the_reason_is_found_in_a_log(log: str, reason: str) -> None:
    assert reason_in(log) == reason


def test_a_trial_that_is_stopped_is_no_result(tmp_path: Path) -> None:
    stop = Event()
    stop.set()

    with pytest.raises(Interrupted):
        run_trial(Trial(Query.PRODUCT, (), Kind.BACKLOG, 0), _bench(tmp_path, stop), "a-setup")


def test_cpu_time_is_found_between_two_moments() -> None:
    burn = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 1: pass"
    with UsageMeter([(child := subprocess.Popen([sys.executable, "-c", burn])).pid]) as meter:
        began = time.time()
        child.wait(60)
        ended = time.time()

    cpu_s = sum(meter.cpu_between(began, ended).values())
    assert 0.4 < cpu_s < 1.5
    half_s = sum(meter.cpu_between(began, (began + ended) / 2).values())
    assert 0 < half_s < cpu_s


def test_sends_are_kept_by_partition_and_offset() -> None:
    sends = Sends(partitions=2)
    records = [record for record, _ in zip(open_city().records(), range(40), strict=False)]
    before_ms = time.time_ns() // 1_000_000
    for record in records:
        sends.note(record)

    assert sends.count == 40
    assert {p: len(times) for p, times in sends.at_ms.items()} == sends.expected.length
    assert sum(sends.expected.length.values()) == 40
    assert all(at >= before_ms for times in sends.at_ms.values() for at in times)
    assert sends.expected.accounting(sends.expected.length).read == 40
