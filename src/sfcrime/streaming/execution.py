"""What Spark did for a batch, asked before the batch is committed.

Query progress arrives only after that, so it cannot prove anything; the executed plan can. It is
reached over py4j: Spark gives Python no way to it.
"""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import SparkSession

from sfcrime.errors import AccountingBroken
from sfcrime.spark.cluster import is_local
from sfcrime.streaming.read_batch import Planned, Scan

_SCAN = "MicroBatchScanExec"


def scan_of_batch(session: SparkSession, batch_id: int) -> Scan:
    """What the batch that has just run its one action read, by its executed plan.

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
    return Scan(
        # A partition that was added since has no start: Spark reads it from 0.
        planned={number: Planned(start.get(number, 0), last) for number, last in end.items()},
        records=int(scan.metrics().apply("numOutputRows").value()),
        is_exact=is_local(str(session.sparkContext.master)),
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
