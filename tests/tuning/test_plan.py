"""Which trials are run, and in which order."""

from __future__ import annotations

from collections import Counter

from sfcrime.tuning.knobs import configuration_name
from sfcrime.tuning.plan import (
    Kind,
    Trial,
    configurations,
    one_at_a_time,
    plan_trials,
    seconds_left,
)
from sfcrime.tuning.scales import FULL, QUICK, Grid
from tuning_samples import BASE, WORKLOAD

GRID = Grid(
    {"shuffle_partitions": ("2", "200"), "trigger_ms": ("0",)},
    paced={"trigger_ms": ("0", "9")},
    records_per_batch=("500",),
    shuffle_partitions=("200",),
    named=({"shuffle_partitions": "200"}, {"trigger_ms": "0", "shuffle_partitions": "200"}),
)


def _names(found: list[dict[str, str]]) -> list[str]:
    return [configuration_name(changes) for changes in found]


def test_a_backlog_is_tried_with_each_setting_alone_the_named_ones_and_the_grid() -> None:
    assert _names(configurations(GRID, BASE, Kind.BACKLOG)) == [
        "base",
        "shuffle_partitions=200",
        "trigger_ms=0",
        "shuffle_partitions=200, trigger_ms=0",
        "max_records_per_batch=500",
        "max_records_per_batch=500, shuffle_partitions=200",
    ]


def test_paced_trials_have_values_of_their_own_and_leave_the_grid_out() -> None:
    assert _names(configurations(GRID, BASE, Kind.PACED)) == [
        "base",
        "trigger_ms=0",
        "trigger_ms=9",
        "shuffle_partitions=200",
        "shuffle_partitions=200, trigger_ms=0",
    ]


def test_a_question_of_ones_own_is_the_base_and_its_values() -> None:
    given = {"heap": ("800m", "1200m", "2g"), "trigger_ms": ("0",)}
    assert _names(one_at_a_time(given, BASE)) == ["base", "heap=800m", "heap=2g", "trigger_ms=0"]


def test_both_scales_try_every_setting_of_the_exercise_and_both_inert_ones() -> None:
    for scale in (QUICK, FULL):
        names = _names(configurations(scale.grid, BASE, Kind.BACKLOG))
        assert {
            "shuffle_partitions=200",
            "max_records_per_batch=500",
            "partitions=4",
            "trigger_ms=0",
            "state_store=rocksdb",
            "option.maxRatePerPartition=100",
            "spark.streaming.backpressure.enabled=true",
            "max_records_per_batch=500, shuffle_partitions=200",
            "max_records_per_batch=unbounded, shuffle_partitions=200, trigger_ms=0",
        } <= set(names)


def test_every_repeat_runs_everything_once_and_the_base_twice() -> None:
    tried = {Kind.BACKLOG: [{}, {"trigger_ms": "0"}, {"trigger_ms": "9"}], Kind.PACED: [{}]}

    trials = plan_trials(tried, repeats=3, seed=7)

    assert len(trials) == len(set(trials)) == 18
    assert Counter((trial.name, trial.kind) for trial in trials) == {
        ("base", Kind.BACKLOG): 6,
        ("trigger_ms=0", Kind.BACKLOG): 3,
        ("trigger_ms=9", Kind.BACKLOG): 3,
        ("base", Kind.PACED): 6,
    }
    for repeat in range(3):
        block = trials[repeat * 6 : repeat * 6 + 6]
        assert {(t.name, t.run) for t in block if t.changes} == {
            ("trigger_ms=0", repeat),
            ("trigger_ms=9", repeat),
        }


def test_what_changes_several_settings_at_once_runs_twice_at_most() -> None:
    pair = {"max_records_per_batch": "500", "shuffle_partitions": "200"}
    trials = plan_trials({Kind.BACKLOG: [{}, {"trigger_ms": "0"}, pair]}, repeats=3, seed=7)

    assert Counter(trial.name for trial in trials) == {
        "base": 6,
        "trigger_ms=0": 3,
        "max_records_per_batch=500, shuffle_partitions=200": 2,
    }


def test_the_whole_plan_takes_an_hour() -> None:
    base = {**BASE, "trigger_ms": "250"}  # as shipped
    tried = {kind: configurations(FULL.grid, base, kind) for kind in Kind}
    trials = plan_trials(tried, FULL.repeats, seed=1)

    assert Counter(trial.kind for trial in trials) == {Kind.BACKLOG: 71, Kind.PACED: 46}
    assert seconds_left(trials, {}, FULL.workload) < 58 * 60  # and 2 minutes for the topics


def test_the_order_is_random_and_the_same_for_the_same_seed() -> None:
    tried = {Kind.BACKLOG: [{}, *({"trigger_ms": str(ms)} for ms in range(20))]}

    first = plan_trials(tried, repeats=2, seed=1)

    assert first == plan_trials(tried, repeats=2, seed=1)
    assert first != plan_trials(tried, repeats=2, seed=2)
    assert [t.name for t in first[:22]] != [t.name for t in first[22:]]
    assert first[0].name == "base"


def test_with_one_repeat_the_base_runs_once() -> None:
    assert plan_trials({Kind.PACED: [{}]}, repeats=1, seed=1) == (Trial((), Kind.PACED, 0),)


def test_the_time_left_is_that_of_trials_that_are_over_where_there_are_any() -> None:
    waiting = [Trial((), Kind.PACED, 0), Trial((), Kind.PACED, 1), Trial((), Kind.BACKLOG, 0)]

    assert seconds_left(waiting, {Kind.PACED: [20.0, 30.0], Kind.BACKLOG: [7.0]}, WORKLOAD) == 57.0
    # 10 s to start and stop, 4 and 8 s paced; 10 s and 100,000 records at 40,000 a second
    assert seconds_left(waiting, {}, WORKLOAD) == 22.0 * 2 + 12.5
