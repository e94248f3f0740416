"""Which trials are run, and in which order."""

from __future__ import annotations

from collections import Counter

from sfcrime.tuning.knobs import Query, configuration_name, is_of
from sfcrime.tuning.plan import (
    Kind,
    Trial,
    configurations,
    one_at_a_time,
    plan_trials,
    seconds_left,
)
from sfcrime.tuning.scales import FULL, QUICK, Grid
from tuning_samples import BASE, PRODUCT_BASE, WORKLOAD

BACKLOGS, PACED = (Query.EXERCISE, Kind.BACKLOG), (Query.EXERCISE, Kind.PACED)
PRODUCT_BACKLOGS = (Query.PRODUCT, Kind.BACKLOG)
BASES = {Query.PRODUCT: PRODUCT_BASE, Query.EXERCISE: BASE}
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


def test_a_query_without_shuffle_partitions_has_no_grid() -> None:
    grid = Grid({"trigger_ms": ("0",)}, paced={})

    assert _names(configurations(grid, PRODUCT_BASE, Kind.BACKLOG)) == ["base", "trigger_ms=0"]


def test_both_scales_try_what_the_exercise_asks_for_and_a_setting_that_does_nothing() -> None:
    for scale in (QUICK, FULL):
        grid = scale.grids[Query.EXERCISE]
        assert {
            "shuffle_partitions=200",
            "max_records_per_batch=500",
            "state_store=rocksdb",
            "spark.streaming.backpressure.enabled=true",
            "max_records_per_batch=500, shuffle_partitions=200",
            "max_records_per_batch=unbounded, shuffle_partitions=200, trigger_ms=0",
        } <= set(_names(configurations(grid, BASE, Kind.BACKLOG)))
        assert {"shuffle_partitions=200", "trigger_ms=0"} <= set(
            _names(configurations(grid, BASE, Kind.PACED))
        )


def test_both_scales_try_what_the_products_defaults_are_chosen_by() -> None:
    for scale in (QUICK, FULL):
        grid = scale.grids[Query.PRODUCT]
        assert {"max_records_per_batch=5000", "partitions=4"} <= set(
            _names(configurations(grid, PRODUCT_BASE, Kind.BACKLOG))
        )
        assert "trigger_ms=0" in _names(configurations(grid, PRODUCT_BASE, Kind.PACED))


def test_no_scale_tries_a_knob_that_its_query_does_not_have() -> None:
    for scale in (QUICK, FULL):
        for query, grid in scale.grids.items():
            tried = [
                key
                for kind in Kind
                for changes in configurations(grid, BASES[query], kind)
                for key in changes
            ]
            assert [key for key in tried if not is_of(key, query)] == []


def test_every_repeat_runs_everything_once_and_the_base_twice() -> None:
    tried = {BACKLOGS: [{}, {"trigger_ms": "0"}, {"trigger_ms": "9"}], PACED: [{}]}

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
    trials = plan_trials({BACKLOGS: [{}, {"trigger_ms": "0"}, pair]}, repeats=3, seed=7)

    assert Counter(trial.name for trial in trials) == {
        "base": 6,
        "trigger_ms=0": 3,
        "max_records_per_batch=500, shuffle_partitions=200": 2,
    }


def test_the_first_trials_are_the_base_of_each_query() -> None:
    values: list[dict[str, str]] = [{}, *({"trigger_ms": str(ms)} for ms in range(20))]

    trials = plan_trials({BACKLOGS: values, PRODUCT_BACKLOGS: values, PACED: [{}]}, 2, seed=1)

    assert {(trial.query, trial.name, trial.run) for trial in trials[:2]} == {
        (Query.PRODUCT, "base", 0),
        (Query.EXERCISE, "base", 0),
    }
    assert len(trials) == len(set(trials)) == 92


def test_the_whole_plan_takes_an_hour() -> None:
    bases = {  # as shipped, on two cores
        query: {**base, "trigger_ms": "250", "partitions": "1"} for query, base in BASES.items()
    }
    tried = {
        (query, kind): configurations(grid, bases[query], kind)
        for query, grid in FULL.grids.items()
        for kind in Kind
    }
    trials = plan_trials(tried, FULL.repeats, seed=1)

    assert Counter((trial.query, trial.kind) for trial in trials) == {
        (Query.PRODUCT, Kind.BACKLOG): 24,
        (Query.PRODUCT, Kind.PACED): 18,
        (Query.EXERCISE, Kind.BACKLOG): 36,
        (Query.EXERCISE, Kind.PACED): 31,
    }
    assert seconds_left(trials, {}, FULL.workload) < 61 * 60  # and 2 minutes for the topics


def test_the_order_is_random_and_the_same_for_the_same_seed() -> None:
    tried = {BACKLOGS: [{}, *({"trigger_ms": str(ms)} for ms in range(20))]}

    first = plan_trials(tried, repeats=2, seed=1)

    assert first == plan_trials(tried, repeats=2, seed=1)
    assert first != plan_trials(tried, repeats=2, seed=2)
    assert [t.name for t in first[:22]] != [t.name for t in first[22:]]
    assert first[0].name == "base"


def test_with_one_repeat_the_base_runs_once() -> None:
    once = (Trial(Query.EXERCISE, (), Kind.PACED, 0),)
    assert plan_trials({PACED: [{}]}, repeats=1, seed=1) == once


def test_the_time_left_is_that_of_trials_that_are_over_where_there_are_any() -> None:
    waiting = [
        *(Trial(Query.EXERCISE, (), Kind.PACED, 0), Trial(Query.EXERCISE, (), Kind.PACED, 1)),
        Trial(Query.EXERCISE, (), Kind.BACKLOG, 0),
        Trial(Query.PRODUCT, (), Kind.BACKLOG, 0),
    ]
    took = {PACED: [20.0, 30.0], BACKLOGS: [7.0], PRODUCT_BACKLOGS: [5.0]}

    assert seconds_left(waiting, took, WORKLOAD) == 62.0
    # 10 s to start and stop and 6 s for spark-submit, 4 and 8 s paced; 100,000 records at 40,000
    # a second
    assert seconds_left(waiting, {}, WORKLOAD) == 28.0 * 2 + 18.5 + 12.5
