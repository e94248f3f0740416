"""What Spark knows of the batch in hand, asked before the batch is committed.

Query progress arrives only after the commit, so it cannot prove anything; the executed plan and
the write-ahead offset log can. Both are reached over py4j: Spark gives Python no way to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from sfcrime.errors import AccountingBroken

_SCAN = "MicroBatchScanExec"
_REPEATS = ("StreamingDeduplicateWithinWatermarkExec", "StreamingDeduplicateExec")


@dataclass(frozen=True, slots=True)
class BatchExecution:
    """Facts of one executed batch."""

    records_scanned: int
    repeats_dropped: int
    dropped_by_watermark: int
    end_offsets: Mapping[int, int]
    """By partition, where the batch ends (exclusive): Spark's write-ahead offset log."""
    watermark_us: int | None
    """Wall clock; None before the first valid call moved it."""


def execution_of_batch(session: SparkSession, batch_id: int) -> BatchExecution:
    """Facts of the batch that has just run its one action.

    Raises:
        AccountingBroken: the plan that Spark shows is of another batch, or lacks the operator
            that removes repeats.
    """
    query = _running_query(session)
    execution = query.lastExecution()
    if execution.currentBatchId() != batch_id:
        raise AccountingBroken(
            f"Batch {batch_id} has run, and Spark shows the plan of {execution.currentBatchId()}.",
            rule="A batch is proved by its own metrics.",
            next_step="start the job again; it goes on behind the last committed batch",
        )
    nodes = _nodes(execution.executedPlan())
    repeats = [node for name, node in nodes if name in _REPEATS]
    if len(repeats) != 1:
        raise AccountingBroken(
            f"The plan of batch {batch_id} has {len(repeats)} operators that remove repeats.",
            rule="There is exactly one.",
            next_step="start the job again with the Spark version that this release pins",
        )
    watermark_ms = execution.offsetSeqMetadata().batchWatermarkMs()
    return BatchExecution(
        # A batch without data (it only forgets old ids) has no scan in its plan.
        records_scanned=sum(
            _metric(node, "numOutputRows") for name, node in nodes if name == _SCAN
        ),
        repeats_dropped=_metric(repeats[0], "numDroppedDuplicateRows"),
        dropped_by_watermark=_metric(repeats[0], "numRowsDroppedByWatermark"),
        end_offsets=_logged_end(query, batch_id),
        watermark_us=watermark_ms * 1000 if watermark_ms > 0 else None,
    )


def _running_query(session: SparkSession) -> Any:
    """The one query of this session, below the wrapper that Spark puts around it."""
    active = session._jsparkSession.streams().active()
    return active[0].streamingQuery()


def _nodes(plan: Any) -> list[tuple[str, Any]]:
    """Class name and node of a physical plan, from the top; the plan is a chain."""
    found = []
    while True:
        found.append((plan.getClass().getSimpleName(), plan))
        children = plan.children()
        if children.isEmpty():
            return found
        plan = children.head()


def _metric(node: Any, name: str) -> int:
    """0 where Spark defines no such metric for the node."""
    metrics = node.metrics()
    return int(metrics.apply(name).value()) if metrics.contains(name) else 0


def _logged_end(query: Any, batch_id: int) -> dict[int, int]:
    """{topic: {partition: offset}} of the one source, as the offset log holds it."""
    logged = query.offsetLog().get(batch_id).get()
    by_topic: dict[str, dict[str, int]] = json.loads(logged.offsets().apply(0).get().json())
    (offsets,) = by_topic.values()
    return {int(partition): offset for partition, offset in offsets.items()}
