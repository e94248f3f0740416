"""Live or stale: whether the numbers go on, since when they do not, and which part is down.

`status`, the live view, the page and its probes all say what is found here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
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
_LOOKS_OFTEN_S = 60.0
"""Who looks again within so long takes what has changed for new; a probe may come that seldom."""
_SAME_CLOCK_MS = 2_000
"""Two clocks that differ by more are two, or one that was set."""


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
    """Whether the numbers go on, by what the store shows and by the parts that are down. Pure.

    Who looks only once cannot tell records that came this moment from some that have waited since
    the newest commit; `LivenessWatch` can.

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


@dataclass(slots=True)
class LivenessWatch:
    """Live or stale, for who looks again and again.

    What a job wrote is taken for a sign of life when it is seen to change, whatever the clock of
    the job says; and records wait from the moment at which they were seen to, or at which a batch
    was last seen to be committed. From any thread.

    Args:
        clock: seconds that never go back.
    """

    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock, init=False)
    _looked_s: float = field(default=float("-inf"), init=False)
    _written: tuple[str, int] | None = field(default=None, init=False)
    _seen: _Moment = field(init=False)
    _committed: tuple[str, int | None] | None = field(default=None, init=False)
    _waiting: _Moment | None = field(default=None, init=False)

    def look(
        self,
        writer: WriterState,
        committed_ms: int | None,
        lag: int | None,
        parts: Sequence[PartState],
        now_ms: int,
    ) -> Liveness:
        """Whether the numbers go on now; arguments as of `liveness_of`."""
        with self._lock:
            now_s = self.clock()
            seen_ms = self._seen_ms(writer, now_ms, now_s)
            waiting_ms = self._waiting_ms((writer.run_id, committed_ms), lag, now_ms, now_s)
            self._looked_s = now_s
        if waiting_ms is not None:
            started_ms = min(writer.started_ms, waiting_ms)
            writer, committed_ms = replace(writer, started_ms=started_ms), waiting_ms
        return liveness_of(replace(writer, seen_ms=seen_ms), committed_ms, lag, parts, now_ms)

    def _seen_ms(self, writer: WriterState, now_ms: int, now_s: float) -> int:
        """When the job gave its last sign of life."""
        written = writer.run_id, writer.seen_ms
        if written != self._written:
            self._written = written
            ago_ms = max(0, now_ms - writer.seen_ms)
            # Where nobody has looked for long, it may have come at any time since.
            if now_s - self._looked_s <= _LOOKS_OFTEN_S and ago_ms > _SAME_CLOCK_MS:
                ago_ms = 0
            self._seen = _Moment(now_ms - ago_ms, now_s - ago_ms / 1000)
        return self._seen.as_of(now_ms, now_s)

    def _waiting_ms(
        self, committed: tuple[str, int | None], lag: int | None, now_ms: int, now_s: float
    ) -> int | None:
        """Since when records wait without a commit; None: none do."""
        waits = bool(lag) or (lag is None and self._waiting is not None)
        if not waits:
            self._waiting = None
        elif self._waiting is None or committed != self._committed:
            self._waiting = _Moment(now_ms, now_s)
        self._committed = committed
        return None if self._waiting is None else self._waiting.as_of(now_ms, now_s)


@dataclass(slots=True)
class _Moment:
    """A time of day that stays the same while the clock is not set, and is moved with it."""

    at_ms: int
    at_s: float
    """By a clock that never goes back."""

    def as_of(self, now_ms: int, now_s: float) -> int:
        """The moment, by the clock as it is now."""
        moved_ms = now_ms - self.at_ms - (now_s - self.at_s) * 1000
        if abs(moved_ms) > _SAME_CLOCK_MS:
            self.at_ms += round(moved_ms)
        return self.at_ms
