"""Writes down how the parts are, for views in other processes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from sfcrime.machine.clock import now_ms
from sfcrime.pipeline.activity import PartState, SupervisionActivity, write_activity
from sfcrime.pipeline.kept_part import KeptPart

SUPERVISOR, SUPERVISOR_LOCK_FILE = "supervisor", "run.lock"
"""A data folder has one at a time: `sfcrime run`, or that of a stream that runs alone."""
_RENEWED_S = 5.0


class Supervision:
    """The file in which a supervisor says how its parts are.

    Args:
        data_dir: of the run.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._started_ms = now_ms()
        self._written: tuple[PartState, ...] | None = None
        self._due_s = 0.0

    def note(self, parts: Iterable[KeptPart]) -> None:
        """Writes it where something has changed, and every 5 s."""
        states, now_s = tuple(part.as_state() for part in parts), time.monotonic()
        if states == self._written and now_s < self._due_s:
            return
        self._written, self._due_s = states, now_s + _RENEWED_S
        seen_ms = now_ms()
        write_activity(self._data_dir, SupervisionActivity(self._started_ms, seen_ms, states))

    def end(self) -> None:
        """Says that nobody supervises any more, where somebody did; else views would show the parts
        as they were for as long as a silent supervisor is believed. Repeatable."""
        if self._written is not None:
            self._written = None
            write_activity(self._data_dir, SupervisionActivity())
