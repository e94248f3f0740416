"""Shapes of the driver's JVM, as trials of the tuning lab."""

from __future__ import annotations

from pathlib import Path

import msgspec
from jvm_shapes import Run, Shapes, run_of, summary_of

from sfcrime.settings import Settings, StreamSettings
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.results import TrialResult

SETTINGS = Settings(stream=StreamSettings(heap="1200m", jvm_options="-Xlog:gc"))
LOG = """\
[0.512s][info][gc] GC(0) Pause Young (Allocation Failure) 31M->5M(119M) 4.000ms
[0.700s][info][gc] GC(1) Concurrent Mark Cycle 80.000ms
[0.900s][info][gc,phases] GC(2) y: Pause Mark Start (Minor) 0.500ms
[0.901s][info][gc,phases] GC(2) Y: Young Generation 20M(2%)->8M(1%) 0.031s
[1.200s][info][gc] GC(3) Pause Full (Ergonomics) 90M->40M(119M) 95.500ms
"""


def test_one_thing_at_a_time_differs_from_the_shape_in_force() -> None:
    shapes = Shapes(SETTINGS, ["Parallel", "G1", "Z"], ["512m", "1200m"], grid=False)
    assert shapes.names == {
        (): "Parallel 1200m",
        (("heap", "512m"),): "Parallel 512m",
        (("jvm_options", "-Xlog:gc -XX:-UseParallelGC -XX:+UseG1GC"),): "G1 1200m",
        (("jvm_options", "-Xlog:gc -XX:-UseParallelGC -XX:+UseZGC"),): "Z 1200m",
    }


def test_a_grid_has_every_collector_with_every_heap() -> None:
    shapes = Shapes(SETTINGS, ["Parallel", "Serial"], ["512m", "2g"], grid=True)
    assert sorted(shapes.names.values()) == [
        *("Parallel 1200m", "Parallel 2g", "Parallel 512m"),
        *("Serial 1200m", "Serial 2g", "Serial 512m"),
    ]


def test_pauses_are_read_from_the_jvms_log(tmp_path: Path) -> None:
    log = tmp_path / "gc.log"
    log.write_text(LOG, encoding="utf-8")
    run = run_of(_result(read=2_000, whole_per_s=1_000.0, run=3), "Parallel 1200m", log)
    assert (run.pauses, run.pause_share, run.longest_pause_ms) == (3, 0.05, 95.5)
    assert run.repeat == 1  # the shape in force runs twice a repeat
    assert not log.exists()


def test_a_trial_that_failed_has_a_reason_and_no_ratio(tmp_path: Path) -> None:
    shipped = _run("Parallel 1200m", 100.0)
    failed = run_of(_result(failure="out of memory"), "Parallel 64m", tmp_path / "gc.log")
    summary = summary_of([shipped, failed], "Parallel 1200m")
    assert summary["Parallel 64m"] == {"failed": "out of memory"}
    assert list(summary) == ["Parallel 1200m", "Parallel 64m"]


def test_a_ratio_is_to_the_mean_of_the_same_repeats_runs_of_the_shape_in_force() -> None:
    shipped = [_run("P", 100.0), _run("P", 300.0), _run("P", 50.0, repeat=1)]
    others = [_run("G1", 100.0), _run("G1", 100.0, repeat=1)]
    summary = summary_of([*shipped, *others], "P")
    assert summary["warm_per_s, G1 to P"] == {"median": 1.25, "by_repeat": [0.5, 2.0]}


def _result(**known: object) -> TrialResult:
    plain = TrialResult(
        setup="", query=Query.PRODUCT, changes={}, kind=Kind.BACKLOG, run=0, at="", seconds=1.0
    )
    return msgspec.structs.replace(plain, **known)


def _run(shape: str, per_s: float, repeat: int = 0) -> Run:
    return Run(shape, repeat, "", per_s, None, 10.0, 900.0, 0, 0.0, 0.0)
