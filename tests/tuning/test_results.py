"""The file of results: what it keeps, and how a run goes on by it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind, Trial
from sfcrime.tuning.results import (
    TrialResult,
    append_line,
    checked_against,
    not_run,
    read_results,
    seconds_left,
)
from tuning_samples import SETUP, WORKLOAD, backlog, of_product, paced

OTHER = msgspec.structs.replace(SETUP, machine={"cores": 64})


def _trials(path: Path) -> list[TrialResult]:
    return read_results(path)[1]


def test_trials_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    for line in (SETUP, backlog(50_000, trigger_ms="0"), paced(500)):
        append_line(path, line)

    results = [backlog(50_000, trigger_ms="0"), paced(500)]
    assert read_results(path) == (SETUP, results)
    changes = (("trigger_ms", "0"),)
    others = [
        Trial(Query.EXERCISE, changes, Kind.BACKLOG, 1),
        Trial(Query.EXERCISE, changes, Kind.PACED, 0),
        Trial(Query.PRODUCT, changes, Kind.BACKLOG, 0),
    ]
    ran = Trial(Query.EXERCISE, changes, Kind.BACKLOG, 0)
    assert not_run([ran, *others], results) == others


def test_trials_of_another_machine_are_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    foreign = msgspec.structs.replace(backlog(1), setup=OTHER.digest)
    for line in (OTHER, foreign, SETUP, backlog(50_000)):
        append_line(path, line)

    assert _trials(path) == [backlog(50_000)]
    assert read_results(path, OTHER) == (OTHER, [foreign])
    assert SETUP.digest != OTHER.digest


def test_trials_of_an_earlier_version_are_left_aside(tmp_path: Path) -> None:
    """They are of another query, and their setup has one base."""
    path = tmp_path / "trials.jsonl"
    setup = msgspec.to_builtins(SETUP)
    trial = msgspec.to_builtins(backlog(1))
    del trial["query"]
    old = [{**setup, "base": {"trigger_ms": "250"}}, {**trial, "setup": "0123456789ab"}]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in old))

    assert _trials(path) == []

    append_line(path, SETUP)
    append_line(path, backlog(50_000))
    assert _trials(path) == [backlog(50_000)]


def test_a_line_that_a_kill_cut_off_counts_as_not_run(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    append_line(path, SETUP)
    append_line(path, backlog(50_000))
    path.write_bytes(path.read_bytes()[:-20])

    assert _trials(path) == []

    append_line(path, backlog(51_000))
    assert _trials(path) == [backlog(51_000)]


def test_no_file_is_no_trials(tmp_path: Path) -> None:
    assert read_results(tmp_path / "none.jsonl", SETUP) == (SETUP, [])


def test_a_count_with_other_cells_than_the_first_is_a_failure() -> None:
    other = msgspec.structs.replace(backlog(1, 1), cells="ffff")
    part = msgspec.structs.replace(backlog(1, 1), cells="")

    assert "other cells than the trial of 2026" in checked_against(other, [backlog(2)]).failure
    assert checked_against(backlog(1, 1), [backlog(2)]).failure == ""
    assert checked_against(part, [backlog(2)]).failure == ""
    assert checked_against(other, []).failure == ""
    assert checked_against(other, [of_product(backlog(2))]).failure == ""


def test_the_time_left_is_that_of_trials_that_are_over_where_there_are_any() -> None:
    over = [_took(20.0, paced(500)), _took(5.0, of_product(backlog(1)))]

    assert seconds_left(4, over, WORKLOAD) == 50.0
    # 13 s to start, stop and check; 4 s and 8 s paced
    assert seconds_left(4, [], WORKLOAD) == 4 * 25.0


def _took(seconds: float, trial: TrialResult) -> TrialResult:
    return msgspec.structs.replace(trial, seconds=seconds)
