"""What the page says of the job and of the run's parts: `liveness` as an answer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfcrime.dashboard.answers.records import Part, State
from sfcrime.domain.wall_clock import instant_iso

if TYPE_CHECKING:
    from sfcrime.domain.known_lag import Lag
    from sfcrime.pipeline.activity import SupervisionActivity
    from sfcrime.pipeline.liveness import Liveness
    from sfcrime.store.records import WriterState


def state_of(
    writer: WriterState, lag: Lag, supervision: SupervisionActivity, liveness: Liveness
) -> State:
    """What the page says of the job.

    Args:
        writer: the newest run that opened the store for writing.
        lag: as it was measured last.
        supervision: without parts where nobody supervises.
        liveness: what follows from all that.
    """
    return State(
        state=liveness.state,
        since=instant_iso(liveness.since_ms),
        reason=liveness.reason,
        job_started_at=instant_iso(writer.started_ms),
        job_seen_at=instant_iso(writer.seen_ms),
        starts=writer.starts,
        lag=lag.records,
        lag_by_partition=lag.by_partition,
        lag_reason=lag.reason,
        run_started_at=instant_iso(supervision.started_ms) if supervision.seen_ms else None,
        parts=[
            Part(
                name=part.name,
                state=part.state,
                since=instant_iso(part.since_ms),
                restarts=part.restarts,
                reason=part.reason,
            )
            for part in supervision.parts
        ],
    )
