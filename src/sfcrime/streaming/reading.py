"""What `foreachBatch` calls: one Spark action a batch, whose rows another thread stores.

What the action did is asked before the batch is committed. Query progress arrives only after it, so
it cannot prove anything; the executed plan can. It is reached over py4j: Spark gives Python no way
to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sfcrime.errors import AccountingBroken
from sfcrime.streaming.arrival import PhaseClock, Planned, ReadBatch
from sfcrime.streaming.storing import Handover

_SCAN = "MicroBatchScanExec"


class StopRequested(Exception):
    """Ends the query between two batches: raised into Spark, which passes on only its text. The job
    recognizes it by `BatchReader.failure`, and raises nothing."""


class BatchReader:
    """Reads batches and hands them over; waits only where the one before is still being stored.

    Args:
        session: the one that the query runs in (a batch's own is a copy that does not know it).
        storing: takes the batches.
        stop: set: no further batch is read.
    """

    def __init__(self, session: SparkSession, storing: Handover[ReadBatch], stop: Event) -> None:
        self._session = session
        self._storing = storing
        self._stop = stop
        self.failure: BaseException | None = None
        """What ended the query, as it was raised: Spark passes on only its text."""
        self.last_batch_id = -1
        """Spark's number of the newest batch that was begun; -1 before the first."""

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        try:
            self._take(batch, batch_id)
        except BaseException as failure:
            self.failure = failure
            raise

    def _take(self, batch: DataFrame, batch_id: int) -> None:
        self._storing.check()
        if self._stop.is_set():
            raise StopRequested(f"stopped before batch {batch_id}")
        self.last_batch_id = batch_id
        clock = PhaseClock()
        packets = [(row.partition, bytes(row.records)) for row in batch.collect()]
        clock.ends("action")
        execution = execution_of_batch(self._session, batch_id)
        clock.ends("proof")
        read = ReadBatch(batch_id, packets, execution.planned, execution.records_scanned, clock)
        if not read.is_empty:
            self._storing.wait()
            clock.ends("handover")
            self._storing.hand_over(read)


@dataclass(frozen=True, slots=True)
class BatchExecution:
    """Facts of one executed batch."""

    records_scanned: int
    planned: Mapping[int, Planned]
    """By partition, what the scan read."""


def execution_of_batch(session: SparkSession, batch_id: int) -> BatchExecution:
    """Facts of the batch that has just run its one action.

    Args:
        session: the one that the query runs in.
        batch_id: Spark's number of the batch.

    Raises:
        AccountingBroken: the plan that Spark shows is of another batch, or reads otherwise.
    """
    execution = _running_query(session).lastExecution()
    if execution.currentBatchId() != batch_id:
        raise AccountingBroken(
            f"Batch {batch_id} has run, and Spark shows the plan of {execution.currentBatchId()}.",
            rule="A batch is proved by its own metrics.",
            next_step="start the job again; it continues after the last committed batch",
        )
    scans = _scans(execution.executedPlan())
    if len(scans) != 1:
        raise AccountingBroken(
            f"The plan of batch {batch_id} scans {len(scans)} sources.",
            rule="It scans one topic, once.",
            next_step="start the job again with the Spark version that this release pins",
        )
    (scan,) = scans
    start, end = _offsets(scan.start()), _offsets(scan.end())
    return BatchExecution(
        records_scanned=int(scan.metrics().apply("numOutputRows").value()),
        # A partition that was added since has no start: Spark reads it from 0.
        planned={number: Planned(start.get(number, 0), last) for number, last in end.items()},
    )


def _running_query(session: SparkSession) -> Any:
    """The one query of this session, below the wrapper that Spark puts around it."""
    active = session._jsparkSession.streams().active()
    return active[0].streamingQuery()


def _scans(plan: Any) -> list[Any]:
    """The scans of a physical plan, which is a chain."""
    found = []
    while True:
        if plan.getClass().getSimpleName() == _SCAN:
            found.append(plan)
        children = plan.children()
        if children.isEmpty():
            return found
        plan = children.head()


def _offsets(offset: Any) -> dict[int, int]:
    """A Kafka source's {topic: {partition: offset}}, by partition."""
    by_topic: dict[str, dict[str, int]] = json.loads(offset.json())
    (offsets,) = by_topic.values()
    return {int(partition): end for partition, end in offsets.items()}
