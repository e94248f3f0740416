"""Which count an answer is taken from."""

from __future__ import annotations

from sfcrime.dashboard.answers.records import Meta
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.domain.wall_clock import instant_iso, to_iso
from sfcrime.store.records import Generation, Totals


def meta_from(number: int, generation: Generation, totals: Totals) -> Meta:
    """Which count it is, and how fresh."""
    newest = totals.newest_call_us
    return Meta(
        generation=number,
        batch=totals.last_batch_id,
        as_of=None if newest is None else to_iso(newest),
        committed_at=instant_iso(totals.committed_ms),
        source=generation.title,
        synthetic=generation.synthetic,
        window_minutes=generation.window_minutes,
    )


def meta_of(seen: Seen) -> Meta:
    """Of answers from totals and hours; those from cells have their own."""
    return meta_from(seen.generation_id, seen.generation, seen.totals)
