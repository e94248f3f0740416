"""Hand-written trials for tests of the tuning lab."""

from __future__ import annotations

import msgspec

from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind, Workload
from sfcrime.tuning.results import Setup, TrialResult

WORKLOAD = Workload(
    records=100_000,
    warm_records=20_000,
    warm_s=3.0,
    measure_s=8.0,
    paced_per_s=50.0,
    paced_warm_s=4.0,
    paced_s=8.0,
)

BASE = {
    "max_records_per_batch": "250000",
    "shuffle_partitions": "2",
    "partitions": "2",
    "trigger_ms": "500",
    "state_store": "memory",
    "heap": "1200m",
}

PRODUCT_BASE = {
    "max_records_per_batch": "250000",
    "partitions": "2",
    "trigger_ms": "250",
    "heap": "1200m",
}

SETUP = Setup(
    machine={"cores": 2, "cpu": "a processor", "pyspark": "4.2.0"},
    workload=WORKLOAD,
    base={Query.PRODUCT: PRODUCT_BASE, Query.EXERCISE: BASE},
    settings={},
    source="synthetic city (seed 1)",
)


def backlog(per_s: float, run: int = 0, **changes: str) -> TrialResult:
    """A backlog trial of the exercise's query that was measured."""
    return TrialResult(
        setup=SETUP.digest,
        query=Query.EXERCISE,
        changes=changes,
        kind=Kind.BACKLOG,
        run=run,
        at="2026-11-24T12:00:00+00:00",
        seconds=20.0,
        read=100_000,
        batches=10,
        warm_per_s=per_s,
        whole_per_s=per_s / 2,
        cpu_us=1e6 / per_s,
        peak_mb=1000.0 + run,
        cells="00112233aabbccdd",
    )


def paced(p50_ms: float, run: int = 0, **changes: str) -> TrialResult:
    """A paced trial of the exercise's query that was measured."""
    return TrialResult(
        setup=SETUP.digest,
        query=Query.EXERCISE,
        changes=changes,
        kind=Kind.PACED,
        run=run,
        at="2026-11-24T12:00:00+00:00",
        seconds=25.0,
        read=900,
        batches=20,
        p50_ms=p50_ms,
        p99_ms=p50_ms * 2,
        latencies=400,
        peak_mb=900.0,
    )


def failed(kind: Kind, reason: str, run: int = 0, **changes: str) -> TrialResult:
    """A trial of the exercise's query that gave no figures."""
    return TrialResult(
        setup=SETUP.digest,
        query=Query.EXERCISE,
        changes=changes,
        kind=kind,
        run=run,
        at="2026-11-24T12:00:00+00:00",
        seconds=5.0,
        failure=reason,
    )


def of_product(trial: TrialResult) -> TrialResult:
    """The same of the product's query."""
    return msgspec.structs.replace(trial, query=Query.PRODUCT)


def a_product_run() -> list[TrialResult]:
    """A product that small batches slow down, and that is quicker by a trigger without a pause."""
    trials = [
        *(backlog(150_000, 0), backlog(151_000, 1), backlog(149_000, 2)),
        backlog(20_000, 0, max_records_per_batch="5000"),
        backlog(20_400, 1, max_records_per_batch="5000"),
        *(backlog(150_200, 0, trigger_ms="0"), backlog(149_700, 1, trigger_ms="0")),
        *(paced(100, 0), paced(102, 1), paced(98, 2)),
        *(paced(50, 0, trigger_ms="0"), paced(51, 1, trigger_ms="0")),
    ]
    return [of_product(trial) for trial in trials]


def a_whole_run() -> list[TrialResult]:
    """Both queries on one machine."""
    return [*a_product_run(), *an_exercise_run()]


def an_exercise_run() -> list[TrialResult]:
    """A machine on which 200 shuffle partitions are slow, small batches slower, and a trigger
    without a pause is quicker; the state store and backpressure do nothing."""
    return [
        *(backlog(50_000, 0), backlog(51_000, 1), backlog(49_000, 2)),
        *(
            backlog(10_000, 0, shuffle_partitions="200"),
            backlog(9_900, 1, shuffle_partitions="200"),
        ),
        backlog(1_000, 0, max_records_per_batch="500"),
        backlog(1_020, 1, max_records_per_batch="500"),
        backlog(250, 0, max_records_per_batch="500", shuffle_partitions="200"),
        *(backlog(50_500, 0, state_store="rocksdb"), backlog(49_500, 1, state_store="rocksdb")),
        backlog(51_500, 0, **{"spark.streaming.backpressure.enabled": "true"}),
        *(backlog(50_200, 0, trigger_ms="0"), backlog(49_700, 1, trigger_ms="0")),
        *(paced(500, 0), paced(510, 1), paced(490, 2)),
        *(paced(250, 0, trigger_ms="0"), paced(255, 1, trigger_ms="0")),
        *(paced(3_000, 0, shuffle_partitions="200"), paced(3_100, 1, shuffle_partitions="200")),
        paced(495, 0, **{"spark.streaming.backpressure.enabled": "true"}),
    ]
