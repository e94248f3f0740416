"""Live or stale: whether the numbers go on, since when they do not, and which part is down. Pure.

`status`, the live view, the page and its probes all say what is found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sfcrime.pipeline.activity import PartState, SupervisionActivity

if TYPE_CHECKING:
    from sfcrime.store.records import WriterState

SEEN_WITHIN_MS = 15_000
"""A job that runs says so every 5 s at least, and so does a supervisor."""
COMMITTED_WITHIN_MS = 60_000
"""Records that wait are committed sooner, however slow the machine is: a batch is bounded."""

ENDED = "No job writes to the store: the last one has ended."
SILENT = "The job that wrote to the store has not been seen for 15 seconds."
STUCK = "Records wait in the topic, and no batch was committed for a minute."
LIVE = "A job writes to the store."

_PAGE = "dashboard"


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether the numbers go on."""

    since_ms: int | None
    """Since when they do not, milliseconds since 1970 UTC; None: they do."""
    reason: str
    """In one sentence."""

    @property
    def state(self) -> Literal["live", "stale"]:
        return "live" if self.since_ms is None else "stale"


def supervised(said: SupervisionActivity, now_ms: int) -> SupervisionActivity:
    """What a supervisor says, without parts and with a `seen_ms` of 0 where nobody supervises: what
    was said over 15 s ago was said by one that is gone."""
    return said if abs(now_ms - said.seen_ms) <= SEEN_WITHIN_MS else SupervisionActivity()


def liveness_of(
    writer: WriterState,
    committed_ms: int | None,
    lag: int | None,
    parts: Sequence[PartState],
    now_ms: int,
) -> Liveness:
    """Whether the numbers go on, by what the store shows and by the parts that are down.

    Args:
        writer: the newest run that opened the store for writing.
        committed_ms: when the newest batch was committed; None before the first.
        lag: records of the topic that no batch has read; None: not known.
        parts: of the run, as `supervised` gave them.
        now_ms: milliseconds since 1970 UTC, as all times here.
    """
    shown, down = _by_store(writer, committed_ms, lag, now_ms), liveness_of_parts(parts)
    if down is None or down.since_ms is None:
        return shown
    # A job falls silent when a part goes down: that is no second reason. What is older is one.
    if shown.since_ms is None or shown.since_ms >= down.since_ms - SEEN_WITHIN_MS:
        return down
    return Liveness(shown.since_ms, f"{shown.reason[:-1]}; {as_clause(down.reason)}.")


def liveness_of_parts(parts: Sequence[PartState]) -> Liveness | None:
    """Stale, by the parts alone that are down; None where no number waits for one."""
    down = [part for part in parts if part.state == "down" and part.name != _PAGE]
    if not down:
        return None
    told = "; ".join(_told(part) for part in sorted(down, key=lambda part: part.since_ms))
    return Liveness(min(part.since_ms for part in down), f"{told[0].upper()}{told[1:]}.")


def as_clause(reason: str) -> str:
    """A reason as it stands after a colon or a semicolon."""
    return f"{reason[:1].lower()}{reason[1:]}".rstrip(".")


def _told(part: PartState) -> str:
    return f"the {part.name} is down: it {part.reason}"


def _by_store(
    writer: WriterState, committed_ms: int | None, lag: int | None, now_ms: int
) -> Liveness:
    if writer.ended_ms is not None:
        return Liveness(writer.ended_ms, ENDED)
    if now_ms - writer.seen_ms > SEEN_WITHIN_MS:
        return Liveness(writer.seen_ms, SILENT)
    worked_ms = max(committed_ms or 0, writer.started_ms)
    if lag and now_ms - worked_ms > COMMITTED_WITHIN_MS:
        return Liveness(worked_ms, STUCK)
    return Liveness(None, LIVE)
