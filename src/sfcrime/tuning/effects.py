"""What a change does, relative to the base, and how sure that is. Pure.

Figures of computers are noisy in proportion, so everything is done with logarithms, and an effect
is a ratio. Few repeats of one configuration say little about their noise; all trials of a measure
together say more: what each lies away from the mean of its configuration is drawn from again and
again (a bootstrap of pooled residuals), and what the ratio varies by in 99 of 100 draws is its
interval. 99, and not 95, because dozens of effects are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

import numpy as np

from sfcrime.tuning.plan import Kind
from sfcrime.tuning.results import TrialResult

DRAWS = 2000
_BOUNDS = (0.005, 0.995)
LEAST_RESIDUALS = 4
"""With fewer the noise is not known, and no interval is given."""

UNTESTED_FACTOR = 1.5
"""Where the noise is not known, a ratio from here on is taken to be more than noise."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a trial."""

    name: str
    unit: str
    kind: Kind
    more_is_better: bool
    of: Callable[[TrialResult], float | None]


THROUGHPUT = Measure(
    "throughput", "records/s", Kind.BACKLOG, True, lambda t: t.warm_per_s or t.whole_per_s
)
WHOLE_THROUGHPUT = Measure(
    "throughput with warm-up", "records/s", Kind.BACKLOG, True, lambda t: t.whole_per_s
)
LATENCY_P50 = Measure("latency p50", "ms", Kind.PACED, False, lambda t: t.p50_ms)
LATENCY_P99 = Measure("latency p99", "ms", Kind.PACED, False, lambda t: t.p99_ms)
CPU = Measure("CPU", "us a record", Kind.BACKLOG, False, lambda t: t.cpu_us)
MEMORY = Measure("peak memory", "MB", Kind.BACKLOG, False, lambda t: t.peak_mb)
MEASURES = (THROUGHPUT, LATENCY_P50, LATENCY_P99, CPU, MEMORY)


class Verdict(StrEnum):
    """What an effect comes to."""

    BETTER = "better"
    WORSE = "worse"
    NONE = "no measurable effect"
    UNKNOWN = "too few repeats to tell"


@dataclass(frozen=True, slots=True)
class Effect:
    """How a figure compares with the base's: their ratio, above 1 where it is larger."""

    ratio: float
    interval: tuple[float, float] | None
    """None where the noise is not known."""
    more_is_better: bool

    @property
    def verdict(self) -> Verdict:
        if self.interval is None:
            return Verdict.UNKNOWN
        low, high = self.interval
        if low <= 1.0 <= high:
            return Verdict.NONE
        return Verdict.BETTER if (self.ratio > 1.0) == self.more_is_better else Verdict.WORSE

    @property
    def is_larger(self) -> bool:
        """Whether the figure is told to be larger than the base's."""
        if self.interval is None:
            return self.ratio >= UNTESTED_FACTOR
        return self.interval[0] > 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """All trials of one configuration."""

    name: str
    changes: Mapping[str, str]
    trials: Sequence[TrialResult]

    @property
    def failures(self) -> list[TrialResult]:
        return [trial for trial in self.trials if trial.failure]

    @property
    def is_cold(self) -> bool:
        """Whether its throughput contains the warm-up, because one batch took all records."""
        rated = [t for t in self.trials if t.kind is Kind.BACKLOG and not t.failure]
        return any(trial.warm_per_s is None for trial in rated)

    def values(self, measure: Measure) -> tuple[float, ...]:
        """The measure of each trial that has it."""
        found = [
            measure.of(trial)
            for trial in self.trials
            if trial.kind is measure.kind and not trial.failure
        ]
        return tuple(value for value in found if value is not None and value > 0)

    def median(self, measure: Measure) -> float | None:
        """None where no trial has it."""
        values = self.values(measure)
        return median(values) if values else None


class Comparison:
    """Compares the configurations of one query, by any measure.

    Args:
        trials: of one query and one setup.
        base: what its knobs are set to where nothing is changed.
    """

    def __init__(self, trials: Sequence[TrialResult], base: Mapping[str, str]) -> None:
        self.base = base
        self.trials = sorted(trials, key=lambda each: bool(each.changes))
        by_name: dict[str, list[TrialResult]] = {}
        for trial in self.trials:
            by_name.setdefault(trial.name, []).append(trial)
        self.groups = {name: Group(name, mine[0].changes, mine) for name, mine in by_name.items()}
        """By name of the configuration; the base first, then as they were first run."""

    def effect(
        self, group: Group, measure: Measure, reference: Group | None = None
    ) -> Effect | None:
        """Against another configuration, or the base; None where one of both was not measured.

        Where one of both has a throughput only with its warm-up, both are taken with it.
        """
        reference = reference or self.groups.get("base")
        if reference is None:
            return None
        if measure is THROUGHPUT and (group.is_cold or reference.is_cold):
            measure = WHOLE_THROUGHPUT
        values, others = group.values(measure), reference.values(measure)
        if not values or not others:
            return None
        noise = residuals([each.values(measure) for each in self.groups.values()])
        return effect(values, others, noise, measure.more_is_better)

    def cannot_be_told(self, group: Group, best: Group, measure: Measure) -> bool:
        """Whether a configuration does as well as the best one, as far as can be measured."""
        found = self.effect(group, measure, best)
        if group is best or found is None:
            return group is best
        if found.verdict is Verdict.UNKNOWN:
            return 1 / UNTESTED_FACTOR < found.ratio < UNTESTED_FACTOR
        return found.verdict is Verdict.NONE


def residuals(samples: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """How far each value lies from the mean of its sample, in logarithms.

    Widened by sqrt(n / (n - 1)), as a mean follows its own values; a sample of one says nothing.
    """
    found: list[float] = []
    for sample in samples:
        if len(sample) > 1:
            logs = [math.log(value) for value in sample]
            middle, widened = fmean(logs), math.sqrt(len(logs) / (len(logs) - 1))
            found += [(each - middle) * widened for each in logs]
    return tuple(found)


def effect(
    values: tuple[float, ...],
    reference: tuple[float, ...],
    noise: tuple[float, ...],
    more_is_better: bool,
) -> Effect:
    """The ratio of two geometric means, with its interval; the same for the same figures.

    Args:
        values: of the configuration, above 0, at least one.
        reference: of what it is compared with.
        noise: residuals of all configurations.
        more_is_better: of the measure.
    """
    ratio = math.exp(fmean(map(math.log, values)) - fmean(map(math.log, reference)))
    if len(noise) < LEAST_RESIDUALS:
        return Effect(ratio, None, more_is_better)
    chance = np.random.default_rng([len(values), len(reference)])
    draws = chance.choice(noise, (DRAWS, len(values))).mean(axis=1)
    draws -= chance.choice(noise, (DRAWS, len(reference))).mean(axis=1)
    low, high = ratio * np.exp(np.quantile(draws, _BOUNDS))
    return Effect(ratio, (float(low), float(high)), more_is_better)
