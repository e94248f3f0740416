"""Which trials are run, how often, in which order. Pure.

Of each query, one setting at a time from the base. Of the exercise's query as well one grid
(records a trigger by shuffle partitions, the two that are known to act together), and what Spark's
own defaults and the exercise's usual choice are.
Time goes where a repeat tells something: paced trials try what can reach the latency of single
records, and what changes several settings at once runs twice, not three times.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sfcrime.tuning.knobs import Changes, Query, configuration_name, differing
from sfcrime.tuning.scales import Grid, Workload


class Kind(StrEnum):
    """What a trial measures."""

    BACKLOG = "backlog"
    """Throughput: a full topic is counted as fast as it goes."""
    PACED = "paced"
    """Latency: records arrive one by one at a steady pace."""


Sort = tuple[Query, Kind]
"""Trials of one sort take about the same time."""
_START_AND_STOP_S = 10.0
"""7 s to the first commit, 1 s to stop, and up to 2 s to check the count."""
_SUBMIT_S = 6.0
"""What `spark-submit` needs more than `sfcrime stream`, whose JVM has a start-up cache."""
_BACKLOG_PER_S = 40_000
"""Records a second with the warm-up, slow settings among them."""

BASE_RUNS = 2
"""How often the base runs in a repeat: every comparison has it on one side."""
COMBINED_REPEATS = 2
"""Most repeats of what changes several settings at once. They are many, their effects are large,
and how noisy figures are is known from all trials together: only their own mean gets less sure,
by a fifth."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fresh query."""

    query: Query
    changes: tuple[tuple[str, str], ...]
    """What differs from the base, by name."""
    kind: Kind
    run: int
    """Counts the runs of this configuration, query and kind, from 0."""

    @property
    def name(self) -> str:
        return configuration_name(dict(self.changes))

    @property
    def sort(self) -> Sort:
        return self.query, self.kind


def configurations(grid: Grid, base: Changes, kind: Kind) -> list[dict[str, str]]:
    """What of one query is tried, each once: the base first.

    A paced trial has no use for the grid: at its pace no batch reaches a bound.
    """
    alone = grid.one_at_a_time if kind is Kind.BACKLOG else grid.paced
    tried: list[Changes] = [{}]
    tried += [{key: value} for key, values in alone.items() for value in values]
    tried += grid.named
    if kind is Kind.BACKLOG and grid.shuffle_partitions:
        sizes = (base["max_records_per_batch"], *grid.records_per_batch)
        shuffles = (base["shuffle_partitions"], *grid.shuffle_partitions)
        tried += [
            {"max_records_per_batch": size, "shuffle_partitions": shuffle}
            for size in sizes
            for shuffle in shuffles
        ]
    found: dict[str, dict[str, str]] = {}
    for changes in tried:
        real = differing(changes, base)
        found.setdefault(configuration_name(real), real)
    return list(found.values())


def plan_trials(
    by_sort: Mapping[Sort, Sequence[Changes]], repeats: int, seed: int
) -> tuple[Trial, ...]:
    """The trials in the order they are run: repeat after repeat, each in an order of its own.

    A machine that gets slower or busier over time so meets every configuration alike. The first
    trials are the bases, so that whatever is wrong with the machine shows at once.

    Args:
        by_sort: the configurations of each query and kind.
        repeats: of all of them, but for `COMBINED_REPEATS`.
        seed: of the orders.
    """
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    ordered: list[Trial] = []
    for repeat in range(repeats):
        block = [
            Trial(query, tuple(sorted(changes.items())), kind, run)
            for (query, kind), tried in by_sort.items()
            for changes in tried
            for run in _runs(changes, repeat, repeats)
        ]
        chance.shuffle(block)
        ordered += block
    bases = [trial for trial in ordered if not trial.changes and trial.run == 0]
    first = {trial.query: trial for trial in reversed(bases)}
    return tuple(sorted(ordered, key=lambda trial: first.get(trial.query) is not trial))


def _runs(changes: Changes, repeat: int, repeats: int) -> Iterable[int]:
    if len(changes) > 1 and repeat >= COMBINED_REPEATS:
        return ()
    if changes or repeats == 1:
        return (repeat,)
    return range(repeat * BASE_RUNS, (repeat + 1) * BASE_RUNS)


def one_at_a_time(given: Mapping[str, Sequence[str]], base: Changes) -> list[dict[str, str]]:
    """The base, and each of the given values alone: for a question of one's own."""
    return configurations(Grid(given, given, (), (), named=()), base, Kind.PACED)


def expected_seconds(sort: Sort, workload: Workload) -> float:
    """How long a trial takes, before any has been run: on two cores, with a start-up cache."""
    query, kind = sort
    around_s = _START_AND_STOP_S + (_SUBMIT_S if query is Query.EXERCISE else 0.0)
    if kind is Kind.PACED:
        return around_s + workload.paced_warm_s + workload.paced_s
    return around_s + min(workload.records / _BACKLOG_PER_S, workload.warm_s + workload.measure_s)


def seconds_left(
    waiting: Sequence[Trial], took: Mapping[Sort, Sequence[float]], workload: Workload
) -> float:
    """How long the waiting trials will take, by those of their sort that are over."""

    def mean(sort: Sort) -> float:
        known = took.get(sort)
        return sum(known) / len(known) if known else expected_seconds(sort, workload)

    return sum(mean(trial.sort) for trial in waiting)
