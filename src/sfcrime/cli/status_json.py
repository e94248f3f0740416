"""A status as one JSON object."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sfcrime.cli.output import source_title
from sfcrime.cli.status_facts import Status
from sfcrime.domain.wall_clock import instant_iso
from sfcrime.pipeline.activity import SupervisionActivity
from sfcrime.pipeline.liveness import Liveness
from sfcrime.store.records import PartitionRange, Totals, WriterState
from sfcrime.streaming.run_facts import versions


def status_as_json(status: Status) -> dict[str, Any]:
    """One JSON object; wall-clock times have no offset, instants end in Z."""
    generation, totals = status.generation, status.totals
    document = {
        "state": _state_as_json(status.liveness),
        "supervision": _supervision_as_json(status.supervision),
        "accounting": asdict(totals.accounting),
        "partitions": [partition_as_json(each, status) for each in status.partitions],
        "lag": status.lag.records,
        "lag_reason": status.lag.reason,
        "rates": _rates(status),
        "freshness": {
            "as_of": status.newest_call,
            "committed_at": instant_iso(totals.committed_ms),
            "seconds_since_commit": status.seconds_since_commit,
        },
        "batches": totals.batches,
        "last_batch_id": totals.last_batch_id,
        "job": _job_as_json(status.writer),
        "settings": {
            "window_minutes": generation.window_minutes,
            "lateness_rule": "off" if generation.lateness_s is None else "on",
            "lateness_s": generation.lateness_s,
            "rules_version": generation.rules_version,
        },
        "topic": generation.topic,
        "topic_id": generation.topic_id,
        "source": source_title(generation),
        "source_name": generation.source_name or None,
        "synthetic": generation.synthetic,
        "created_at": instant_iso(generation.created_ms),
        "versions": versions(),
    }
    if status.progress:
        document["progress"] = [asdict(each) for each in status.progress]
    return document


def _state_as_json(liveness: Liveness) -> dict[str, Any]:
    return {
        "state": liveness.state,
        "since": instant_iso(liveness.since_ms),
        "reason": liveness.reason,
    }


def _supervision_as_json(supervision: SupervisionActivity) -> dict[str, Any] | None:
    if not supervision.seen_ms:
        return None
    return {
        "started_at": instant_iso(supervision.started_ms),
        "seen_at": instant_iso(supervision.seen_ms),
        "parts": [
            {
                "name": part.name,
                "state": part.state,
                "since": instant_iso(part.since_ms),
                "restarts": part.restarts,
                "reason": part.reason,
            }
            for part in supervision.parts
        ],
    }


def _job_as_json(writer: WriterState) -> dict[str, Any]:
    return {
        "starts": writer.starts,
        "started_at": instant_iso(writer.started_ms),
        "seen_at": instant_iso(writer.seen_ms),
        "ended_at": instant_iso(writer.ended_ms),
    }


def partition_as_json(each: PartitionRange, status: Status) -> dict[str, Any]:
    """What was read of one partition; None is what is not known."""
    lag = status.lag.by_partition
    return {
        "partition": each.partition,
        "start_offset": each.start,
        "end_offset": each.end,
        "counted": each.counted,
        "duplicate": _duplicates(each, status.totals),
        "late": each.late,
        "rejected": each.rejected,
        "lag": None if lag is None else lag.get(each.partition),
    }


def _duplicates(each: PartitionRange, totals: Totals) -> int | None:
    """By subtraction, which holds only where every offset is a record."""
    if totals.accounting.gaps:
        return None
    return each.end - each.start - each.counted - each.late - each.rejected


def _rates(status: Status) -> dict[str, Any] | None:
    if not status.recent:
        return None
    newest = status.recent[0]
    return {
        "batch_id": newest.batch_id,
        "input_rows_per_s": newest.input_rows_per_s,
        "processed_rows_per_s": newest.processed_rows_per_s,
        "batch_ms": newest.duration_ms,
        "lag_by_partition": newest.lag_by_partition,
        "recent_batches": len(status.recent),
        "recent_records_per_s": status.records_per_s,
    }
