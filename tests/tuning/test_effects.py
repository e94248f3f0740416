"""Ratios to the base, and how sure they are."""

from __future__ import annotations

import math

import msgspec
import pytest

from sfcrime.tuning.effects import (
    LATENCY_P50,
    MEMORY,
    THROUGHPUT,
    Comparison,
    Effect,
    Measure,
    Verdict,
    effect,
    residuals,
)
from sfcrime.tuning.plan import Kind
from tuning_samples import BASE, an_exercise_run, backlog, failed, paced

QUIET = (-0.01, 0.01, -0.02, 0.02, 0.0, 0.005, -0.005)
LOUD = (-0.5, 0.5, -0.4, 0.4, 0.0, 0.3, -0.3)


def test_residuals_are_distances_from_the_mean_of_their_own_sample() -> None:
    found = residuals([[100.0, 400.0], [7.0], []])

    # The mean of both logarithms is log 200; sqrt(2 / 1) widens.
    assert found == pytest.approx((-math.sqrt(2) * math.log(2), math.sqrt(2) * math.log(2)))


def test_a_ratio_is_that_of_the_geometric_means() -> None:
    found = effect((200.0, 800.0), (100.0, 400.0, 100.0, 400.0), QUIET, more_is_better=True)
    assert found.ratio == pytest.approx(2.0)


def test_where_the_noise_is_small_a_small_effect_can_be_measured() -> None:
    found = effect((110.0, 110.0), (100.0, 100.0), QUIET, more_is_better=True)

    assert found.interval is not None
    low, high = found.interval
    assert 1.05 < low < 1.1 < high < 1.16
    assert found.verdict is Verdict.BETTER


def test_where_the_noise_is_large_the_same_effect_cannot() -> None:
    found = effect((110.0, 110.0), (100.0, 100.0), LOUD, more_is_better=True)

    assert found.verdict is Verdict.NONE


def test_an_interval_is_narrower_with_more_repeats() -> None:
    few = effect((110.0,) * 2, (100.0,) * 2, LOUD, more_is_better=True)
    many = effect((110.0,) * 20, (100.0,) * 20, LOUD, more_is_better=True)

    assert few.interval is not None
    assert many.interval is not None
    assert many.interval[1] - many.ratio < (few.interval[1] - few.ratio) / 2


def test_without_repeats_nothing_is_claimed() -> None:
    found = effect((900.0,), (100.0,), QUIET[:3], more_is_better=True)

    assert (found.ratio, found.interval) == (pytest.approx(9.0), None)
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("ratio", "low", "high", "more_is_better", "verdict"),
    [
        (1.2, 1.1, 1.3, True, Verdict.BETTER),
        (1.2, 1.1, 1.3, False, Verdict.WORSE),
        (0.8, 0.7, 0.9, True, Verdict.WORSE),
        (0.8, 0.7, 0.9, False, Verdict.BETTER),
        (1.2, 1.0, 1.4, True, Verdict.NONE),
        (0.9, 0.8, 1.1, False, Verdict.NONE),
    ],
)
def test_better_or_worse_depends_on_the_measure(
    ratio: float, low: float, high: float, more_is_better: bool, verdict: Verdict
) -> None:
    assert Effect(ratio, (low, high), more_is_better).verdict is verdict


@pytest.mark.parametrize(
    ("ratio", "interval", "larger"),
    [
        (1.2, (1.1, 1.3), True),
        (1.2, (0.9, 1.6), False),
        (0.5, (0.4, 0.6), False),
        (1.6, None, True),
        (1.4, None, False),
    ],
)
def test_a_figure_is_told_to_be_larger_by_its_interval_or_by_far(
    ratio: float, interval: tuple[float, float] | None, larger: bool
) -> None:
    assert Effect(ratio, interval, more_is_better=False).is_larger is larger


def test_a_run_tells_what_matters_from_what_does_not() -> None:
    comparison = Comparison(an_exercise_run(), BASE)

    def verdict(name: str, measure: Measure) -> Verdict | None:
        found = comparison.effect(comparison.groups[name], measure)
        return found.verdict if found else None

    assert verdict("shuffle_partitions=200", THROUGHPUT) is Verdict.WORSE
    assert verdict("state_store=rocksdb", THROUGHPUT) is Verdict.NONE
    assert verdict("spark.streaming.backpressure.enabled=true", THROUGHPUT) is Verdict.NONE
    assert verdict("trigger_ms=0", LATENCY_P50) is Verdict.BETTER
    assert verdict("trigger_ms=0", MEMORY) is Verdict.NONE
    assert verdict("state_store=rocksdb", LATENCY_P50) is None


def test_a_throughput_with_warm_up_is_compared_with_one_with_warm_up() -> None:
    cold = msgspec.structs.replace(backlog(0.1, trigger_ms="0"), warm_per_s=None, whole_per_s=500.0)
    comparison = Comparison([backlog(50_000), backlog(50_000, 1), cold], BASE)

    group = comparison.groups["trigger_ms=0"]
    found = comparison.effect(group, THROUGHPUT)

    assert group.is_cold
    assert found is not None
    assert found.ratio == pytest.approx(500.0 / 25_000.0)


def test_a_failed_trial_has_no_figures_and_is_kept() -> None:
    trials = [backlog(50_000), failed(Kind.BACKLOG, "out of memory", heap="64m")]
    comparison = Comparison(trials, BASE)

    group = comparison.groups["heap=64m"]
    assert [trial.failure for trial in group.failures] == ["out of memory"]
    assert group.median(THROUGHPUT) is None
    assert comparison.effect(group, THROUGHPUT) is None


def test_the_base_comes_first_whatever_ran_first() -> None:
    comparison = Comparison([paced(1, trigger_ms="0"), paced(2)], BASE)
    assert list(comparison.groups) == ["base", "trigger_ms=0"]
