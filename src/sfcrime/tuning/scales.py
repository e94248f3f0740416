"""How much the lab does: the workload of a trial, the values that are tried, how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sfcrime.tuning.knobs import BACKPRESSURE, RATE_PER_PARTITION, UNBOUNDED, Changes, Query

SPARK_DEFAULTS: Changes = {
    "max_records_per_batch": UNBOUNDED,
    "shuffle_partitions": "200",
    "trigger_ms": "0",
}
"""What Spark does with the exercise's query where nothing is set."""

TYPICAL_CHOICE: Changes = {"max_records_per_batch": "500", "shuffle_partitions": "200"}
"""What answers to the exercise usually settle on: maxOffsetsPerTrigger 500, the rest as it is."""


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
class Grid:
    """The values of one query that are tried."""

    one_at_a_time: Mapping[str, Sequence[str]]
    """In backlog trials."""
    paced: Mapping[str, Sequence[str]]
    """In paced trials. No bound on the records a trigger is ever reached at their pace, so its
    smallest value stands for all."""
    records_per_batch: Sequence[str] = ()
    shuffle_partitions: Sequence[str] = ()
    """Both together in backlog trials; the base's own value of both is always among them."""
    named: Sequence[Changes] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done."""

    workload: Workload
    grids: Mapping[Query, Grid]
    repeats: int
    budget_s: float | None
    """No trial is begun that would not be over by then; None: all are run."""


_QUICK_EXERCISE = Grid(
    {
        "max_records_per_batch": ("500",),
        "shuffle_partitions": ("200",),
        "state_store": ("rocksdb",),
        BACKPRESSURE: ("true",),
    },
    paced={"shuffle_partitions": ("200",), "trigger_ms": ("0",)},
    records_per_batch=("500",),
    shuffle_partitions=("200",),
    named=(SPARK_DEFAULTS, TYPICAL_CHOICE),
)
_QUICK_PRODUCT = Grid(
    {"max_records_per_batch": ("5000",), "partitions": ("1", "4")},
    paced={"trigger_ms": ("0",)},
)
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
    {Query.EXERCISE: _QUICK_EXERCISE, Query.PRODUCT: _QUICK_PRODUCT},
    repeats=3,
    budget_s=540.0,
)
"""One repeat takes some 7 minutes on two cores; the budget cuts the others short."""

_FULL_EXERCISE = Grid(
    {
        "max_records_per_batch": ("500", "50000"),
        "shuffle_partitions": ("1", "8", "200"),
        "state_store": ("rocksdb",),
        RATE_PER_PARTITION: ("100",),
        BACKPRESSURE: ("true",),
    },
    paced={
        "max_records_per_batch": ("500",),
        "shuffle_partitions": ("1", "200"),
        "trigger_ms": ("0", "2000"),
        "state_store": ("rocksdb",),
        BACKPRESSURE: ("true",),
    },
    records_per_batch=("500", "50000"),
    shuffle_partitions=("200",),
    named=(SPARK_DEFAULTS, TYPICAL_CHOICE),
)
"""What a stateful query depends on: the exercise asks for nothing else."""
_FULL_PRODUCT = Grid(
    {
        "max_records_per_batch": ("5000", "50000"),
        "partitions": ("1", "2", "4"),
        "trigger_ms": ("0",),
        "heap": ("700m",),
    },
    paced={"partitions": ("4",), "trigger_ms": ("0", "500", "2000")},
)
"""What the shipped defaults are chosen by."""
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
    {Query.EXERCISE: _FULL_EXERCISE, Query.PRODUCT: _FULL_PRODUCT},
    repeats=3,
    budget_s=None,
)
