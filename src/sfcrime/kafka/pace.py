"""How fast a source is published: virtual time, and never before a record's own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How many virtual seconds pass in one real second."""

    factor: float | None
    """None: as fast as the broker takes records."""

    @classmethod
    def from_speed(cls, speed: str) -> Pace:
        """The pace of a setting: "max", "1800x" or "60"."""
        return cls(None if speed == "max" else float(speed.removesuffix("x")))


class PublicationClock:
    """When a record is due. Virtual time begins at the first record that is asked about."""

    def __init__(
        self,
        pace: Pace,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._factor = pace.factor
        self._wall = wall
        self._monotonic = monotonic
        self._began: tuple[int, float] | None = None
        self._wall_reached_ms = 0.0

    def seconds_until(self, published_at_ms: int) -> float:
        """Seconds until a record of that publication time may be sent; 0 or less: now.

        Never before the publication time itself has come, whatever the pace.
        """
        wait_s = 0.0
        if self._factor is not None:
            if self._began is None:
                self._began = (published_at_ms, self._monotonic())
            first_ms, began = self._began
            due = began + (published_at_ms - first_ms) / 1000 / self._factor
            wait_s = due - self._monotonic()
        if published_at_ms > self._wall_reached_ms:
            self._wall_reached_ms = self._wall() * 1000
            wait_s = max(wait_s, (published_at_ms - self._wall_reached_ms) / 1000)
        return wait_s
