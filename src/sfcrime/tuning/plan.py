"""Which trials are run, how much each has to do, how often, in which order. Pure.

Of each query, one setting at a time from the base. Of the exercise's query as well a grid (records
a trigger by shuffle partitions, the two that are known to act together), and what Spark's own
defaults and the exercise's usual choice are.
Time goes where a repeat tells something: paced trials try what can reach the latency of single
records, and what changes several settings at once runs twice, not three times.
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
    RATE_PER_PARTITION,
    UNBOUNDED,
    Changes,
    Query,
    configuration_name,
    differing,
)

BASE_RUNS = 2
"""How often the base runs in a repeat: every comparison has it on one side."""
COMBINED_REPEATS = 2
"""Most repeats of what changes several settings at once. They are many, their effects are large,
and how noisy figures are is known from all trials together: only their own mean gets less sure,
by a fifth."""


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
    tried: Mapping[Sort, Sequence[Changes]]
    """Besides the base. No bound on the records a trigger is reached at the pace of paced trials:
    there, its smallest value stands for all."""
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


def one_at_a_time(values: Mapping[str, Sequence[str]]) -> list[Changes]:
    """Each value of each knob alone."""
    return [{key: value} for key, given in values.items() for value in given]


def configurations(tried: Sequence[Changes], base: Changes) -> list[dict[str, str]]:
    """The base, and behind it what is tried, each once."""
    found = {"base": dict[str, str]()}
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


SPARK_DEFAULTS: Changes = {
    "max_records_per_batch": UNBOUNDED,
    "shuffle_partitions": "200",
    "trigger_ms": "0",
}
"""What Spark does with the exercise's query where nothing is set."""
TYPICAL_CHOICE: Changes = {"max_records_per_batch": "500", "shuffle_partitions": "200"}
"""What answers to the exercise usually settle on: maxOffsetsPerTrigger 500, the rest as it is."""

QUICK = Scale(
    Workload(
        records=350_000,
        warm_records=100_000,
        warm_s=3.0,
        measure_s=6.0,
        paced_per_s=50.0,
        paced_warm_s=3.0,
        paced_s=6.0,
    ),
    {
        (Query.EXERCISE, Kind.BACKLOG): [
            {"max_records_per_batch": "500"},
            {"shuffle_partitions": "200"},
            {"state_store": "rocksdb"},
            {BACKPRESSURE: "true"},
            *(SPARK_DEFAULTS, TYPICAL_CHOICE),
        ],
        (Query.EXERCISE, Kind.PACED): [
            {"shuffle_partitions": "200"},
            {"trigger_ms": "0"},
            *(SPARK_DEFAULTS, TYPICAL_CHOICE),
        ],
        (Query.PRODUCT, Kind.BACKLOG): one_at_a_time(
            {"max_records_per_batch": ("5000",), "partitions": ("1", "4")}
        ),
        (Query.PRODUCT, Kind.PACED): [{"trigger_ms": "0"}],
    },
    repeats=3,
    budget_s=540.0,
)
"""One repeat takes some 7 minutes on two cores; the budget cuts the others short."""

FULL = Scale(
    Workload(
        records=750_000,
        warm_records=250_000,
        warm_s=8.0,
        measure_s=12.0,
        paced_per_s=50.0,
        paced_warm_s=8.0,
        paced_s=12.0,
    ),
    {
        # What a stateful query depends on: the exercise asks for nothing else.
        (Query.EXERCISE, Kind.BACKLOG): [
            *one_at_a_time(
                {
                    "max_records_per_batch": ("500", "50000"),
                    "shuffle_partitions": ("1", "8", "200"),
                    "state_store": ("rocksdb",),
                    RATE_PER_PARTITION: ("100",),
                    BACKPRESSURE: ("true",),
                }
            ),
            *(SPARK_DEFAULTS, TYPICAL_CHOICE),
            # The last cell of the grid: 500 records with 200 partitions are the usual choice.
            {"max_records_per_batch": "50000", "shuffle_partitions": "200"},
        ],
        (Query.EXERCISE, Kind.PACED): [
            *one_at_a_time(
                {
                    "max_records_per_batch": ("500",),
                    "shuffle_partitions": ("1", "200"),
                    "trigger_ms": ("0", "2000"),
                    "state_store": ("rocksdb",),
                    BACKPRESSURE: ("true",),
                }
            ),
            *(SPARK_DEFAULTS, TYPICAL_CHOICE),
        ],
        # What the shipped defaults are chosen by.
        (Query.PRODUCT, Kind.BACKLOG): one_at_a_time(
            {
                "max_records_per_batch": ("5000", "50000"),
                "partitions": ("1", "2", "4"),
                "trigger_ms": ("0",),
                "heap": ("700m",),
            }
        ),
        (Query.PRODUCT, Kind.PACED): one_at_a_time(
            {"partitions": ("4",), "trigger_ms": ("0", "500", "2000")}
        ),
    },
    repeats=3,
    budget_s=math.inf,
)
