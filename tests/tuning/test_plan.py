"""Which trials are run, and in which order."""

from __future__ import annotations

from collections import Counter

from sfcrime.tuning.knobs import Changes, Query, configuration_name, is_of
from sfcrime.tuning.plan import (
    FULL,
    QUICK,
    Kind,
    Trial,
    configurations,
    one_at_a_time,
    plan_trials,
)
from sfcrime.tuning.results import seconds_left
from tuning_samples import BASE, PRODUCT_BASE

BACKLOGS, PACED = (Query.EXERCISE, Kind.BACKLOG), (Query.EXERCISE, Kind.PACED)
PRODUCT_BACKLOGS = (Query.PRODUCT, Kind.BACKLOG)
BASES = {Query.PRODUCT: PRODUCT_BASE, Query.EXERCISE: BASE}


def _names(found: list[dict[str, str]]) -> list[str]:
    return [configuration_name(changes) for changes in found]


def test_what_is_tried_is_the_base_and_every_configuration_once() -> None:
    alone = one_at_a_time({"shuffle_partitions": ("2", "200"), "trigger_ms": ("0",)})
    several: list[Changes] = [
        {"shuffle_partitions": "200"},
        {"trigger_ms": "0", "shuffle_partitions": "200"},
        {"max_records_per_batch": "500", "trigger_ms": BASE["trigger_ms"]},
    ]
    assert _names(configurations([*alone, *several], BASE)) == [
        "base",
        "shuffle_partitions=200",
        "trigger_ms=0",
        "shuffle_partitions=200, trigger_ms=0",
        "max_records_per_batch=500",
    ]


def test_the_whole_plan_has_a_grid_for_the_exercises_query_alone() -> None:
    sizes = [{}, {"max_records_per_batch": "500"}, {"max_records_per_batch": "50000"}]
    shuffles = [{}, {"shuffle_partitions": "200"}]
    grid = {configuration_name(a | b) for a in sizes for b in shuffles}

    assert len(grid) == 6
    assert grid <= set(_names(configurations(FULL.tried[BACKLOGS], BASE)))
    assert "max_records_per_batch=50000, shuffle_partitions=200" not in _names(
        configurations(FULL.tried[PACED], BASE)
    )


def test_both_scales_try_what_the_exercise_asks_for_and_a_setting_that_does_nothing() -> None:
    for scale in (QUICK, FULL):
        assert {
            "shuffle_partitions=200",
            "max_records_per_batch=500",
            "state_store=rocksdb",
            "spark.streaming.backpressure.enabled=true",
            "max_records_per_batch=500, shuffle_partitions=200",
            "max_records_per_batch=unbounded, shuffle_partitions=200, trigger_ms=0",
        } <= set(_names(configurations(scale.tried[BACKLOGS], BASE)))
        assert {"shuffle_partitions=200", "trigger_ms=0"} <= set(
            _names(configurations(scale.tried[PACED], BASE))
        )


def test_both_scales_try_what_the_products_defaults_are_chosen_by() -> None:
    for scale in (QUICK, FULL):
        assert {"max_records_per_batch=5000", "partitions=4"} <= set(
            _names(configurations(scale.tried[PRODUCT_BACKLOGS], PRODUCT_BASE))
        )
        assert "trigger_ms=0" in _names(
            configurations(scale.tried[Query.PRODUCT, Kind.PACED], PRODUCT_BASE)
        )


def test_no_scale_tries_a_knob_that_its_query_does_not_have() -> None:
    for scale in (QUICK, FULL):
        for (query, _), tried in scale.tried.items():
            keys = [key for changes in tried for key in changes]
            assert [key for key in keys if not is_of(key, query)] == []


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
    tried = {sort: configurations(values, bases[sort[0]]) for sort, values in FULL.tried.items()}
    trials = plan_trials(tried, FULL.repeats, seed=1)

    assert Counter((trial.query, trial.kind) for trial in trials) == {
        (Query.PRODUCT, Kind.BACKLOG): 24,
        (Query.PRODUCT, Kind.PACED): 18,
        (Query.EXERCISE, Kind.BACKLOG): 36,
        (Query.EXERCISE, Kind.PACED): 31,
    }
    assert seconds_left(trials, [], FULL.workload) < 61 * 60  # and 2 minutes for the topics


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
