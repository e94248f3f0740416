"""Calls by hour of the whole count: what is usual for an hour, and which hours stand out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

HOUR_S = 3600

HourState = Literal["complete", "so_far", "repeated", "missing"]


@dataclass(frozen=True, slots=True)
class UsualCalls:
    """What the same weekday and hour had in the weeks before."""

    median: float
    low: float
    """Lower quartile."""
    high: float
    """Upper quartile."""
    n: int
    """Weeks that are known, 3 to 8."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Calls of one hour on the wall."""

    start_s: int
    calls: int | None
    """None for the hour that March leaves out, where no call claims it."""
    state: HourState
    usual: UsualCalls | None
    stands_out: Literal["high", "low"] | None


@dataclass(frozen=True, slots=True)
class StandOutHours:
    """The hours of a span that stand out."""

    hours: list[Hour]
    """Newest first."""
    compared: int
    """Hours of the span that were compared with a usual value."""
    left_out: int
    """Hours that stand out beyond those listed."""


@dataclass(frozen=True, slots=True)
class HourTotals:
    """Calls by hour, over all types and dispositions, from the first counted hour to the newest.

    Hours are seconds on the wall since 1970, whole hours; spans are half open.
    """

    first_s: int
    """Start of the first hour with a call; 0 where nothing was counted."""
    calls: NDArray[np.int64]
    """By hour from `first_s` on, without holes; the last one has the newest call. Empty where
    nothing was counted."""

    @property
    def newest_s(self) -> int | None:
        """Start of the hour of the newest call; None where nothing was counted."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        raise NotImplementedError

    def within(self, since_s: int, until_s: int) -> tuple[int, int]:
        """The part of a span that was counted: from the first counted hour to the end of the
        newest one; (since_s, since_s) where they have nothing in common."""
        raise NotImplementedError

    def between(self, since_s: int, until_s: int) -> NDArray[np.int64]:
        """Calls of each hour of a span; 0 outside of the count."""
        raise NotImplementedError

    def known(self, since_s: int, until_s: int) -> NDArray[np.bool_]:
        """Of each hour of a span, whether it can be compared with others: it was counted to its
        end, the wall showed it once, and its day has a call."""
        raise NotImplementedError

    def hours(self, since_s: int, until_s: int) -> list[Hour]:
        """The counted hours of a span, oldest first, without holes."""
        raise NotImplementedError

    def stand_outs(self, since_s: int, until_s: int, most: int) -> StandOutHours:
        """The hours of a span that stand out, at most `most`."""
        raise NotImplementedError
