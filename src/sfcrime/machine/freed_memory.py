"""Gives freed memory back to the system once a backlog is done, and now and then while calls come
live.

What a program frees, the C library and Arrow keep for its next use. While a backlog is read that is
right; after it, it would be some 150 MB for as long as the program runs. Small work leaves little,
but in other places each time: over hours that adds up to megabytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

LARGE_WORK = 20_000
"""So many records at a time, or more, leave something to give back."""
SMALL_PIECES = 500
"""So many pieces of small work do so together: minutes of a fast replay, hours of live calls."""
_LARGE_BLOCK = 128 * 1024
_MMAP_THRESHOLD, _MOST_HEAPS = -3, -8
"""The numbers of those options of glibc's `mallopt`."""


def trim_heap() -> None:
    """Gives back what the C library holds free; nothing where it cannot (it can in glibc)."""
    _tell_heap("malloc_trim", 0)


def keep_large_blocks_apart() -> None:
    """From now on, each block of 128 KiB or more has pages of its own, which go back to the system
    with it; nothing where the C library cannot (it can in glibc).

    By itself glibc stops doing so once a larger block was freed. A thread that makes large columns
    anew again and again then leaves holes of megabytes in its heap. New pages cost some time: this
    is for programs that have more of that than of memory.
    """
    _tell_heap("mallopt", _MMAP_THRESHOLD, _LARGE_BLOCK)


def share_one_heap() -> None:
    """From now on, threads that begin take memory from the heap of the first; nothing where the C
    library cannot (it can in glibc).

    By itself glibc gives each thread a heap of its own, up to eight for each core, and each keeps
    holes of its own: in a program that runs on and on they add up. A thread may have to wait a
    moment for another; measured, a backlog takes no longer.
    """
    _tell_heap("mallopt", _MOST_HEAPS, 1)


def _tell_heap(name: str, *numbers: int) -> None:
    """Calls a function of the C library, if it has it."""
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*numbers)


@dataclass(slots=True)
class FreedMemory:
    """Gives back what large work left when small work follows, and then after every 500 pieces of
    small work."""

    give_back: Callable[[], None] = trim_heap
    """What there is to do; some milliseconds."""
    is_due: bool = False
    pieces: int = 0
    """Of small work, since something was given back."""

    def after(self, records: int) -> None:
        """Takes note of a piece of work that is done.

        Args:
            records: how many it was about.
        """
        if records >= LARGE_WORK:
            self.is_due = True
            return
        self.pieces += 1
        if self.is_due or self.pieces >= SMALL_PIECES:
            self.is_due, self.pieces = False, 0
            self.give_back()
