"""A trial that cannot be run is a result."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest

from sfcrime.kafka.broker import RunningBroker
from sfcrime.settings import JvmSettings, Settings
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.trial import Bench, Interrupted, run_trial
from sfcrime.tuning.workload import Sends
from tuning_samples import WORKLOAD


def _bench(tmp_path: Path, stop: Event, java_home: str = "/nowhere") -> Bench:
    return Bench(
        settings=Settings(jvm=JvmSettings(java_home=java_home)),
        workload=WORKLOAD,
        work_dir=tmp_path,
        broker=cast(RunningBroker, SimpleNamespace(pid=-1)),
        topics=defaultdict(Sends),
        stop=stop,
    )


@pytest.mark.parametrize("query", Query)
def test_a_trial_that_fails_is_a_result_with_its_reason(query: Query, tmp_path: Path) -> None:
    trial = Trial(query, (("trigger_ms", "0"),), Kind.BACKLOG, 3)

    result = run_trial(trial, _bench(tmp_path, Event()), "a-setup")

    assert (result.query, result.name) == (query, "trigger_ms=0")
    assert (result.kind, result.run) == (Kind.BACKLOG, 3)
    assert result.failure == "The stream ended with exit code 4."
    assert "error: " in result.log
    assert "/nowhere" in result.log
    assert result.setup == "a-setup"
    assert result.warm_per_s is None
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_is_stopped_is_no_result(tmp_path: Path) -> None:
    stop = Event()
    stop.set()

    with pytest.raises(Interrupted):
        run_trial(Trial(Query.PRODUCT, (), Kind.BACKLOG, 0), _bench(tmp_path, stop), "a-setup")
