"""What benchmarks found out, as one table; and when a job counts as warm."""

from __future__ import annotations

from pathlib import Path

from figures import Figure, Outcome, as_markdown, figures_of, growth
from latency import is_steady, phases_ms
from run_all import FULL, QUICK, benchmarks, stages_left_out
from throughput import STAGES

from sfcrime.store.records import BatchProgress

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_a_summary_is_all_that_is_shown_of_a_benchmark_that_has_one() -> None:
    document = {
        "machine": {"cores": 2},
        "runs": [1, 2],
        "records": 10,
        "summary": {
            "d": {"warm_per_s": 120_000.5, "exact": True, "peak": None},
            "d_to_a": {"median": 0.5, "by_repeat": [0.4, 0.5]},
        },
    }
    assert figures_of("stages", document) == [
        Figure("stages", "d: warm_per_s", 120_000.5),
        Figure("stages", "d: exact", True),
        Figure("stages", "d_to_a", 0.5, [0.4, 0.5]),
    ]


def test_all_but_single_runs_are_shown_of_one_without() -> None:
    document = {
        "machine": {"cores": 2},
        "minutes": 3.0,
        "runs": [{"peak": 1}],
        "results": [{"name": "broker", "cpu": {"java": 0.7}}, {"cpu": 0.1}],
    }
    assert figures_of("idle", document) == [
        Figure("idle", "minutes", 3.0),
        Figure("idle", "results: broker: cpu: java", 0.7),
        Figure("idle", "results: 1: cpu", 0.1),
    ]
    assert document["results"] == [{"name": "broker", "cpu": {"java": 0.7}}, {"cpu": 0.1}]


def test_growth_is_a_ratio_of_times_and_of_peaks_within_each_repeat() -> None:
    small = {"runs": [_run(1_000, 100.0, 500.0), _run(1_000, 200.0, 500.0)]}
    large = {"runs": [_run(8_000, 200.0, 600.0), _run(8_000, 200.0, 500.0)]}
    assert growth(small, large) == [
        Figure("growth", "time, 8 times the records", 6.0, [4.0, 8.0]),
        Figure("growth", "memory, 8 times the records", 1.1, [1.2, 1.0]),
    ]
    assert growth({}, large) == []


def _run(records: int, per_s: float, peak_mb: float) -> dict[str, object]:
    return {"records": records, "all_per_s": per_s, "usage": {"peak_rss_mb": peak_mb}}


def test_ratios_stand_before_other_figures_and_failures_are_named() -> None:
    figures = [Figure("a", "rate", 12_345.6), Figure("b", "b to a", 0.25, [0.2, 0.3])]
    outcomes = {"c": Outcome("python benchmarks/c.py", 61.0, "exit code 1", {})}
    table = as_markdown({"cores": 2}, figures, outcomes, {"stage f": "flink not installed"})
    assert table.splitlines() == [
        "# Benchmarks",
        "",
        "cores: 2",
        "",
        "| Benchmark | Figure | Value | By repeat |",
        "|---|---|---|---|",
        "| b | b to a | 0.25 | 0.2, 0.3 |",
        "| a | rate | 12,346 |  |",
        "",
        "| Benchmark | Command | Took |",
        "|---|---|---|",
        "| c | `python benchmarks/c.py` | 61 s, failed: exit code 1 |",
        "",
        "Not run: stage f (flink not installed).",
    ]


def test_every_listed_benchmark_is_a_program_here() -> None:
    for listed in (FULL, QUICK):
        for benchmark in benchmarks(listed):
            script = BENCHMARKS / benchmark.arguments[0]
            assert script.is_file(), script
            assert '"--out"' in script.read_text(encoding="utf-8"), script


def test_stages_and_the_real_files_path_are_filled_in() -> None:
    listed = "stages | 0.5 | throughput.py --stages {stages} {real_file}"
    (found,) = benchmarks(listed)
    assert (found.name, found.minutes) == ("stages", 0.5)
    assert found.arguments[:2] == ["throughput.py", "--stages"]
    assert set("abdh") <= set(found.arguments[2].split(","))
    assert len(found.arguments) == 4


def test_every_stage_is_run_by_one_of_the_listed_benchmarks() -> None:
    for listed in (FULL, QUICK):
        flags = [each.arguments for each in benchmarks(listed) if "--stages" in each.arguments]
        stages = {name for each in flags for name in each[each.index("--stages") + 1].split(",")}
        assert stages == set(STAGES)


def test_a_stage_without_figures_was_left_out() -> None:
    document = {"summary": {stage: {} for stage in "abdh"} | {"d_to_a_all": {}}}
    left_out = stages_left_out(Outcome("", 1.0, "", document))
    assert left_out["stage f, Flink SQL"] == "it is not installed"
    assert not any("exercise" in name for name in left_out)
    assert not any(name in left_out for name in ("stage a, read", "stage d, job"))
    assert stages_left_out(Outcome("", 1.0, "exit code 1", {})) == {}


def test_batches_are_steady_once_they_no_longer_get_faster() -> None:
    assert not is_steady([200] * 39)
    assert is_steady([200] * 40)
    assert not is_steady([400] * 20 + [300] * 20 + [200] * 20)
    assert is_steady([400] * 20 + [200] * 20 + [190] * 20)
    assert not is_steady([400] * 20 + [200] * 20 + [189] * 20)
    assert is_steady([200] * 20 + [500] * 20)


def test_a_warm_batch_is_told_by_phase_with_what_no_phase_names() -> None:
    phases = {"triggerExecution": 205, "walCommit": 9, "addBatch": 164, "action": 125, "proof": 7}
    phases |= {"storing": 4, "arrival": 5}
    batch = BatchProgress(7, 0, 210, 25, 0.0, 0.0, phases_ms=phases)
    assert list(phases_ms([batch]).items()) == [
        *(("addBatch", 164), ("walCommit", 9), ("action", 125), ("proof", 7)),
        *(("arrival", 5), ("storing", 4)),
        *(("around the sink", 32), ("unnamed", 37)),
    ]
