"""Keeps a piece of work that is done again and again within a share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Share:
    """Says when the work may be done again.

    Args:
        of_time: the share, above 0 and at most 1: after work of t seconds comes a rest, so that
            both together last t / share.
        clock_s: seconds that never go back.
        work_s: seconds of work of this thread; on a busy machine waiting is none.
    """

    def __init__(
        self,
        of_time: float,
        clock_s: Callable[[], float] = time.monotonic,
        work_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._of_time = of_time
        self._clock_s = clock_s
        self._work_s = work_s
        self._due_s = float("-inf")
        self.last_s = 0.0
        """How much work it was the last time."""

    def is_due(self) -> bool:
        """Whether the rest is over."""
        return self._clock_s() >= self._due_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Times the work in the `with` block, whether it succeeds or not."""
        began_s, before_s = self._clock_s(), self._work_s()
        try:
            yield
        finally:
            self.last_s = self._work_s() - before_s
            self._due_s = began_s + self.last_s / self._of_time
