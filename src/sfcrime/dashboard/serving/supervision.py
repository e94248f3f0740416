"""What a supervisor said last, read again while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sfcrime.pipeline.activity import SupervisionActivity, read_activity

READ_EVERY_S = 0.5


class SupervisionWatch:
    """Reads a small file at most twice a second, and only when it is looked at.

    Args:
        data_dir: of the run.
        clock: seconds that never go back.
    """

    def __init__(self, data_dir: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._read_s = float("-inf")
        self._said = SupervisionActivity()

    def look(self) -> SupervisionActivity:
        """The last word, half a second old at most. From any thread: two at once read it twice."""
        now_s = self._clock()
        if now_s - self._read_s >= READ_EVERY_S:
            self._read_s = now_s
            with suppress(OSError):  # one that cannot be read is old soon
                self._said = read_activity(self._data_dir, SupervisionActivity)
        return self._said
