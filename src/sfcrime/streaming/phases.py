"""Where the time of a batch goes, in addition to what Spark itself reports."""

from __future__ import annotations

import time

READING_PHASES = ("action", "proof", "handover")
"""Parts of Spark's phase addBatch: its one action, the executed plan, and the wait until the batch
before is stored."""
STORING_PHASES = ("arrival", "repeats", "counting", "topicCheck", "storing")
"""What follows in the thread that stores, while Spark reads on: the records put together and
proved, repeats, cells, the wait for the topic's answer, the transaction."""


class PhaseClock:
    """Times the parts of a piece of work, one after another."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self.spent_ms: dict[str, int] = {}

    def ends(self, phase: str) -> None:
        """Notes what passed since the phase before as this one's time."""
        now = time.monotonic()
        self.spent_ms[phase] = round((now - self._at) * 1000)
        self._at = now
