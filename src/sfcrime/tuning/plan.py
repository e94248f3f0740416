"""Which trials are run, how much each has to do, how often, in which order. Pure.

Of each query, one setting at a time from the base. Of the exercise's query as well Spark's own
defaults and its usual choice, which change several settings at once. Time goes where a repeat tells
something: paced trials try what can reach the latency of single records.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from sfcrime.tuning.knobs import (
    BACKPRESSURE,
    UNBOUNDED,
    Changes,
    Query,
    configuration_name,
    differing,
)

BASE_RUNS = 2
"""How often the base runs in a repeat: every comparison has it on one side."""

USUAL: Mapping[str, Changes] = {
    "Spark's defaults": {
        "max_records_per_batch": UNBOUNDED,
        "shuffle_partitions": "200",
        "trigger_ms": "0",
    },
    "the exercise's usual choice": {"max_records_per_batch": "500", "shuffle_partitions": "200"},
}
"""What Spark does with the exercise's query where nothing is set, and what answers to the exercise
mostly settle on: maxOffsetsPerTrigger 500, all else as Spark has it."""


class Kind(StrEnum):
    """What a trial measures."""

    BACKLOG = "backlog"
    """Throughput: a full topic is counted as fast as it goes."""
    PACED = "paced"
    """Latency: records arrive one by one at a steady pace."""


Sort = tuple[Query, Kind]
"""Trials of one sort take about the same time."""


class Workload(msgspec.Struct, frozen=True):
    """What every trial has to do, and what of it is measured."""

    records: int
    """In the topic of a backlog trial."""
    warm_records: int
    """Of a backlog: what is left out at the beginning, in records or in seconds after the first
    commit, whichever is over first."""
    warm_s: float
    measure_s: float
    """A backlog trial that is not through by then is ended; what it did until then counts."""
    paced_per_s: float
    paced_warm_s: float
    """Of a paced trial: what is left out after the first commit."""
    paced_s: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done."""

    workload: Workload
    alone: Mapping[Sort, Mapping[str, Sequence[str]]]
    """Values of each knob, tried alone. No bound on the records a trigger is reached at the pace of
    paced trials: there, its smallest value stands for all."""
    repeats: int
    budget_s: float
    """No trial is begun that would not be over by then; infinite: all are run."""


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


def configurations(
    alone: Mapping[str, Sequence[str]], together: Iterable[Changes], base: Changes
) -> list[dict[str, str]]:
    """The base, each value of each knob alone, and what is changed together; each once."""
    tried = [{}, *({key: value} for key, values in alone.items() for value in values), *together]
    real = [differing(changes, base) for changes in tried]
    return list({configuration_name(changes): changes for changes in real}.values())


def plan_trials(
    by_sort: Mapping[Sort, Sequence[Changes]], repeats: int, seed: int
) -> tuple[Trial, ...]:
    """The trials in the order they are run: repeat after repeat, each in an order of its own.

    A machine that gets slower or busier over time so meets every configuration alike. The first
    trials are the bases, so that whatever is wrong with the machine shows at once.

    Args:
        by_sort: the configurations of each query and kind.
        repeats: of all of them; the base runs `BASE_RUNS` times as often, if more than once.
        seed: of the orders.
    """
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    ordered: list[Trial] = []
    base_runs = BASE_RUNS if repeats > 1 else 1
    for repeat in range(repeats):
        block = [
            Trial(query, tuple(sorted(changes.items())), kind, run)
            for (query, kind), tried in by_sort.items()
            for changes in tried
            for runs in [1 if changes else base_runs]
            for run in range(repeat * runs, (repeat + 1) * runs)
        ]
        chance.shuffle(block)
        ordered += block
    bases = [trial for trial in ordered if not trial.changes and trial.run == 0]
    first = {trial.query: trial for trial in reversed(bases)}
    return tuple(sorted(ordered, key=lambda trial: first.get(trial.query) is not trial))


def _workload(records: int, warm_records: int, warm_s: float, measure_s: float) -> Workload:
    return Workload(records, warm_records, warm_s, measure_s, 50.0, warm_s, measure_s)


QUICK = Scale(
    _workload(350_000, warm_records=100_000, warm_s=3.0, measure_s=6.0),
    {
        (Query.EXERCISE, Kind.BACKLOG): {
            "max_records_per_batch": ["500"],
            "shuffle_partitions": ["200"],
            "state_store": ["rocksdb"],
            BACKPRESSURE: ["true"],
        },
        (Query.EXERCISE, Kind.PACED): {"shuffle_partitions": ["200"], "trigger_ms": ["0"]},
        (Query.PRODUCT, Kind.BACKLOG): {
            "max_records_per_batch": ["5000"],
            "partitions": ["1", "4"],
        },
        (Query.PRODUCT, Kind.PACED): {"trigger_ms": ["0"]},
    },
    repeats=3,
    budget_s=540.0,
)
"""One repeat takes some 7 minutes on two cores; the budget cuts the others short."""

FULL = Scale(
    _workload(750_000, warm_records=250_000, warm_s=8.0, measure_s=12.0),
    {
        # What a stateful query depends on: the exercise asks for nothing else.
        (Query.EXERCISE, Kind.BACKLOG): {
            "max_records_per_batch": ["500", "50000"],
            "shuffle_partitions": ["1", "8", "200"],
            "state_store": ["rocksdb"],
            BACKPRESSURE: ["true"],
        },
        (Query.EXERCISE, Kind.PACED): {
            "max_records_per_batch": ["500"],
            "shuffle_partitions": ["1", "200"],
            "trigger_ms": ["0", "2000"],
            "state_store": ["rocksdb"],
            BACKPRESSURE: ["true"],
        },
        # What the shipped defaults are chosen by.
        (Query.PRODUCT, Kind.BACKLOG): {
            "max_records_per_batch": ["5000", "50000"],
            "partitions": ["1", "2", "4"],
            "trigger_ms": ["0"],
            "heap": ["700m"],
        },
        (Query.PRODUCT, Kind.PACED): {"partitions": ["4"], "trigger_ms": ["0", "500", "2000"]},
    },
    repeats=3,
    budget_s=math.inf,
)
