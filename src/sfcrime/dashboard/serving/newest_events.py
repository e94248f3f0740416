"""The newest events of the stream: made and put into bytes once for all who listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from sfcrime.dashboard.answers.records import Snapshot, State
from sfcrime.dashboard.api.sight import Sight
from sfcrime.dashboard.memory.seen import Seen

SAME_BATCH_S = 1.0
"""Least time between two snapshots of one batch: Spark's report of a batch comes after its commit,
and so do the changes of its cells."""
GONE = "The store is gone, or there is nothing in it any more."


@dataclass(frozen=True, slots=True)
class _Event:
    place: int
    """Among all events of this server, from 1."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client is to get, and the place that it has come to with it."""

    content: bytes
    place: int


class NewestEvents:
    """One snapshot, and the state if that changed after it; older ones are forgotten.

    Args:
        sight: what the endpoints answer from.
        snapshot_of: makes the snapshot of a `Seen`.
    """

    def __init__(self, sight: Sight, snapshot_of: Callable[[Seen, State], Snapshot]) -> None:
        self._sight = sight
        self._snapshot_of = snapshot_of
        self._places = 0
        self._snapshot: _Event | None = None
        self._name = ""
        self._state: _Event | None = None
        self._shown: State | None = None
        self._revision: int | None = None
        self._batch: tuple[int, int | None] | None = None
        self._made_s = float("-inf")
        self.snapshots = 0
        """How many were made."""

    def renew(self, now_s: float) -> bool:
        """Whether there is something new to send; `now_s` are seconds that never go back."""
        seen = self._sight.newest()
        if seen is None:
            return self._tell_gone()
        state = self._sight.state_of(seen)
        if self._is_due(seen, now_s) and self._make_snapshot(seen, state, now_s):
            return True
        if self._shown is not None and not _tells_more(state, self._shown):
            return False
        self._shown = state
        self._state = self._event(f"event: state\ndata: {state.model_dump_json()}\n\n")
        return True

    def _tell_gone(self) -> bool:
        """What was shown stays, but is no longer live once there is no store."""
        if self._shown is None or self._shown.reason == GONE:
            return False
        unknown = {"since": None, "lag": None, "lag_by_partition": None, "lag_reason": GONE}
        change = {"state": "stale", "reason": GONE, "run_started_at": None, **unknown}
        self._shown = self._shown.model_copy(update={**change, "parts": []})
        self._state = self._event(f"event: state\ndata: {self._shown.model_dump_json()}\n\n")
        return True

    def after(self, place: int) -> Sent | None:
        """What is newer than a place; None: nothing."""
        newer = [each for each in (self._snapshot, self._state) if each and each.place > place]
        if not newer:
            return None
        return Sent(b"".join(each.content for each in newer), newer[-1].place)

    def after_name(self, name: str | None) -> Sent | None:
        """What a client is to get first that has a snapshot of this id; the state in any case: it
        may have changed and changed back without the client."""
        if self._snapshot is None or name != self._name:
            return self.after(0)
        if self._state is None or self._state.place < self._snapshot.place:
            assert self._shown is not None
            self._state = self._event(f"event: state\ndata: {self._shown.model_dump_json()}\n\n")
        return self.after(self._snapshot.place)

    def _is_due(self, seen: Seen, now_s: float) -> bool:
        if (seen.generation_id, seen.totals.last_batch_id) != self._batch:
            return True
        return seen.revision != self._revision and now_s - self._made_s >= SAME_BATCH_S

    def _make_snapshot(self, seen: Seen, state: State, now_s: float) -> bool:
        """False where it says nothing new but the state."""
        snapshot = self._snapshot_of(seen, state)
        self._revision, self._made_s = seen.revision, now_s
        self._batch = seen.generation_id, seen.totals.last_batch_id
        self.snapshots += 1
        content = snapshot.model_dump_json(exclude={"state"})
        batch = "" if seen.totals.last_batch_id is None else seen.totals.last_batch_id
        # The last part tells snapshots of one batch apart, after a restart of the server too.
        name = f"{seen.generation_id}.{batch}.{crc32(content.encode())}"
        if name == self._name:
            return False
        self._name, self._shown, self._state = name, state, None
        text = f"event: snapshot\nid: {name}\ndata: {snapshot.model_dump_json()}\n\n"
        self._snapshot = self._event(text)
        return True

    def _event(self, text: str) -> _Event:
        self._places += 1
        return _Event(self._places, text.encode())


def _tells_more(state: State, shown: State) -> bool:
    """Whether a state differs by more than when the job was seen last."""
    return state != shown.model_copy(update={"job_seen_at": state.job_seen_at})
