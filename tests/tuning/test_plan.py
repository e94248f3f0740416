"""Which trials are run, and in which order."""

from __future__ import annotations

from collections import Counter

from sfcrime.tuning.knobs import Changes, Query, configuration_name, is_of
from sfcrime.tuning.plan import (
    FULL,
    QUICK,
    USUAL,
    Kind,
    Trial,
    configurations,
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
    alone = {"shuffle_partitions": ("2", "200"), "trigger_ms": ("0",)}
    together: list[Changes] = [
        {"shuffle_partitions": "200"},
        {"trigger_ms": "0", "shuffle_partitions": "200"},
        {"max_records_per_batch": "500", "trigger_ms": BASE["trigger_ms"]},
    ]
    assert _names(configurations(alone, together, BASE)) == [
        "base",
        "shuffle_partitions=200",
        "trigger_ms=0",
        "shuffle_partitions=200, trigger_ms=0",
        "max_records_per_batch=500",
    ]


def test_both_scales_try_what_the_exercise_asks_for_and_a_setting_that_does_nothing() -> None:
    for scale in (QUICK, FULL):
        backlogs = scale.alone[BACKLOGS]
        assert "200" in backlogs["shuffle_partitions"]
        assert "500" in backlogs["max_records_per_batch"]
        assert "rocksdb" in backlogs["state_store"]
        assert "spark.streaming.backpressure.enabled" in backlogs
        assert "200" in scale.alone[PACED]["shuffle_partitions"]
        assert "0" in scale.alone[PACED]["trigger_ms"]


def test_both_scales_try_what_the_products_defaults_are_chosen_by() -> None:
    for scale in (QUICK, FULL):
        assert "5000" in scale.alone[PRODUCT_BACKLOGS]["max_records_per_batch"]
        assert "4" in scale.alone[PRODUCT_BACKLOGS]["partitions"]
        assert "0" in scale.alone[Query.PRODUCT, Kind.PACED]["trigger_ms"]


def test_no_scale_tries_a_knob_that_its_query_does_not_have() -> None:
    for scale in (QUICK, FULL):
        for (query, _), alone in scale.alone.items():
            assert [key for key in alone if not is_of(key, query)] == []


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
    usual = {Query.EXERCISE: list(USUAL.values()), Query.PRODUCT: []}
    tried = {
        sort: configurations(alone, usual[sort[0]], bases[sort[0]])
        for sort, alone in FULL.alone.items()
    }
    trials = plan_trials(tried, FULL.repeats, seed=1)

    assert Counter((trial.query, trial.kind) for trial in trials) == {
        (Query.PRODUCT, Kind.BACKLOG): 24,
        (Query.PRODUCT, Kind.PACED): 18,
        (Query.EXERCISE, Kind.BACKLOG): 33,
        (Query.EXERCISE, Kind.PACED): 33,
    }
    assert seconds_left(len(trials), [], FULL.workload) < 61 * 60  # and 2 minutes for the topics


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
