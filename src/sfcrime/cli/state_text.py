"""Live or stale, the parts and their restarts, in the words of `status` and of the live view."""

from __future__ import annotations

from collections.abc import Sequence

from sfcrime.domain.wall_clock import second_iso
from sfcrime.pipeline.activity import PartState
from sfcrime.pipeline.liveness import Liveness, as_clause


def state_text(liveness: Liveness) -> str:
    """ "live", or "stale since 2026-02-03T04:05:06Z: " and the reason."""
    if liveness.since_ms is None:
        return "live"
    return f"stale since {second_iso(liveness.since_ms)}: {as_clause(liveness.reason)}"


def restarts_text(parts: Sequence[PartState]) -> str:
    """How often each part was started again: "broker 1, producer 0"."""
    return ", ".join(f"{part.name} {part.restarts:,}" for part in parts)


def down_text(part: PartState) -> str:
    """Of a part that is down: since when, and why."""
    return f"down since {second_iso(part.since_ms)}" + (f" ({part.reason})" if part.reason else "")


def parts_text(parts: Sequence[PartState]) -> str:
    """How each part is: "broker down since 2026-02-03T04:05:06Z (does not answer), stream up"."""
    return ", ".join(
        f"{part.name} {down_text(part) if part.state == 'down' else part.state}" for part in parts
    )
