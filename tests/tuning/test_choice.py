"""What is recommended, and which settings matter."""

from __future__ import annotations

import msgspec

from sfcrime.tuning.choice import influences, recommendations
from sfcrime.tuning.effects import LATENCY_P50, THROUGHPUT, Comparison
from sfcrime.tuning.plan import Kind
from tuning_samples import BASE, an_exercise_run, backlog, failed, paced


def test_the_simplest_of_those_that_cannot_be_told_from_the_best_is_recommended() -> None:
    found = {each.purpose: each for each in recommendations(Comparison(an_exercise_run(), BASE))}

    assert found["a backlog"].group.name == "base"
    assert {group.name for group in found["a backlog"].equals} == {
        "base",
        "state_store=rocksdb",
        "trigger_ms=0",
    }
    assert found["latency"].group.name == "trigger_ms=0"
    assert [group.name for group in found["latency"].equals] == ["trigger_ms=0"]
    assert found["a small machine"].group.name == "base"


def test_what_does_nothing_is_never_recommended_however_lucky_it_was() -> None:
    lucky = backlog(90_000, **{"option.maxRatePerPartition": "100"})
    (backlogs, _) = recommendations(Comparison([backlog(50_000), lucky], BASE))

    assert backlogs.group.name == "base"


def test_what_failed_once_is_not_recommended() -> None:
    trials = [
        backlog(50_000),
        backlog(90_000, heap="2g"),
        failed(Kind.BACKLOG, "ran out of memory", 1, heap="2g"),
    ]
    (backlogs, _) = recommendations(Comparison(trials, BASE))

    assert backlogs.best.name == "base"


def test_a_small_machines_setting_still_has_half_of_the_throughput() -> None:
    slim_slow = msgspec.structs.replace(backlog(20_000, heap="300m"), peak_mb=300.0)
    slim = msgspec.structs.replace(backlog(30_000, heap="500m"), peak_mb=500.0)
    found = recommendations(Comparison([backlog(50_000), slim_slow, slim], BASE))

    assert [each.group.name for each in found] == ["base", "heap=500m"]


def test_without_repeats_only_large_differences_are_taken_for_true() -> None:
    trials = [paced(500), paced(400, trigger_ms="0"), paced(4000, heap="300m")]
    assert recommendations(Comparison(trials, BASE))[0].group.name == "base"

    trials = [paced(500), paced(300, trigger_ms="0"), paced(4000, heap="300m")]
    assert recommendations(Comparison(trials, BASE))[0].group.name == "trigger_ms=0"


def test_without_repeats_a_knob_of_large_effect_tells_something() -> None:
    trials = [paced(500), paced(400, trigger_ms="0"), paced(4000, heap="300m")]
    found = influences(Comparison(trials, BASE), LATENCY_P50)

    assert [each.key for each in found if each.gain.is_larger] == ["heap"]


def test_nothing_measured_nothing_recommended() -> None:
    assert recommendations(Comparison([failed(Kind.PACED, "no broker")], BASE)) == []


def test_the_most_powerful_knob_comes_first_with_its_best_and_worst_value() -> None:
    found = influences(Comparison(an_exercise_run(), BASE), THROUGHPUT)

    told = [(each.key, each.worst, each.best, round(each.gain.ratio)) for each in found]
    assert told[:2] == [
        ("max_records_per_batch", "500", "250000", 50),
        ("shuffle_partitions", "200", "2", 5),
    ]
    larger = [each.key for each in found if each.gain.is_larger]
    assert larger == ["max_records_per_batch", "shuffle_partitions"]


def test_less_latency_is_the_better_value() -> None:
    (shuffle, trigger, _) = influences(Comparison(an_exercise_run(), BASE), LATENCY_P50)

    assert (shuffle.worst, shuffle.best, round(shuffle.gain.ratio)) == ("200", "2", 6)
    assert (trigger.worst, trigger.best, round(trigger.gain.ratio)) == ("500", "0", 2)


def test_a_knob_with_one_measured_value_tells_nothing() -> None:
    trials = [paced(500), failed(Kind.PACED, "x", heap="64m"), paced(9, trigger_ms="0")]
    found = influences(Comparison(trials, BASE), LATENCY_P50)

    assert [each.key for each in found] == ["trigger_ms"]
