"""Live or stale: whether somebody still counts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfcrime.dashboard.answers.records import State
from sfcrime.domain.wall_clock import instant_iso

if TYPE_CHECKING:
    from sfcrime.domain.known_lag import Lag
    from sfcrime.store.records import WriterState

SEEN_WITHIN_MS = 15_000
"""A job that runs says so every 5 s at least."""
COMMITTED_WITHIN_MS = 60_000
"""Records that wait are committed sooner, however slow the machine is: a batch is bounded."""

ENDED = "No job writes to the store: the last one has ended."
SILENT = "The job that wrote to the store has not been seen for 15 seconds."
STUCK = "Records wait in the topic, and no batch was committed for a minute."
LIVE = "A job writes to the store."


def state_of(writer: WriterState, committed_ms: int | None, lag: Lag, now_ms: int) -> State:
    """What the page says of the job.

    Args:
        writer: the newest run that opened the store for writing.
        committed_ms: when the newest batch was committed; None before the first.
        lag: as it was measured last.
        now_ms: milliseconds since 1970 UTC, as all times here.
    """
    since_ms, reason = _stale_since(writer, committed_ms, lag.records, now_ms)
    return State(
        state="live" if reason == LIVE else "stale",
        since=instant_iso(since_ms),
        reason=reason,
        job_started_at=instant_iso(writer.started_ms),
        job_seen_at=instant_iso(writer.seen_ms),
        starts=writer.starts,
        lag=lag.records,
        lag_by_partition=lag.by_partition,
        lag_reason=lag.reason,
    )


def _stale_since(
    writer: WriterState, committed_ms: int | None, lag: int | None, now_ms: int
) -> tuple[int | None, str]:
    """Since when, and why; `LIVE` where it is not."""
    if writer.ended_ms is not None:
        return writer.ended_ms, ENDED
    if now_ms - writer.seen_ms > SEEN_WITHIN_MS:
        return writer.seen_ms, SILENT
    worked_ms = max(committed_ms or 0, writer.started_ms)
    if lag and now_ms - worked_ms > COMMITTED_WITHIN_MS:
        return worked_ms, STUCK
    return None, LIVE
