"""Gives freed memory back to the system once a backlog is done.

What a program frees, the C library and Arrow keep for its next use. While a backlog is read that is
right; after it, it would be some 150 MB for as long as the program runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

LARGE_WORK = 20_000
"""So many records at a time, or more, leave something to give back."""


def trim_heap() -> None:
    """Gives back what the C library holds free; nothing where it cannot (it can in glibc)."""
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@dataclass(slots=True)
class FreedMemory:
    """Gives back what large work left, when small work follows: once, not again and again."""

    give_back: Callable[[], None] = trim_heap
    """What there is to do; some milliseconds."""
    is_due: bool = False

    def after(self, records: int) -> None:
        """Takes note of a piece of work that is done.

        Args:
            records: how many it was about.
        """
        if records >= LARGE_WORK:
            self.is_due = True
        elif self.is_due:
            self.is_due = False
            self.give_back()
