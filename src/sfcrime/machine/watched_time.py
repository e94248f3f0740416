"""Seconds that pass while this process runs: what waits for others does not count its own pauses.

A process that was stopped for minutes, alone or with its machine, goes on with clocks that went on
without it. Judged by them, everything it looks after has been silent for as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

PAUSE_S = 5.0
"""Its threads read the time twice a second: where none did for so long, the process did not run."""


class WatchedTime:
    """A clock that never goes back, and stands still while nobody reads it.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._read_s = clock()
        self._paused_s = 0.0

    def seconds(self) -> float:
        """Since some moment; without the pauses of more than 5 s between two readings."""
        with self._lock:
            now_s = self._clock()
            passed_s, self._read_s = now_s - self._read_s, now_s
            if passed_s > PAUSE_S:
                self._paused_s += passed_s
            return now_s - self._paused_s


watched_s = WatchedTime().seconds
"""The time of this process, for all who look after others."""
