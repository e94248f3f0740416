"""What large work left behind is given back once small work follows, and what that leaves, at
length."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from sfcrime.machine.freed_memory import LARGE_WORK, FreedMemory

_HELD_BY_THE_HEAP = """
from sfcrime.machine.freed_memory import LARGE_WORK, FreedMemory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

freed = FreedMemory()
blocks = [bytes(1000) for _ in range(200_000)]
last = bytes(1000)  # the heap cannot shrink by itself below what is still in use
del blocks
freed.after(LARGE_WORK)
held = resident()
freed.after(1)
print(held - resident())
"""


def test_it_gives_back_once_after_large_work() -> None:
    given: list[str] = []
    freed = FreedMemory(lambda: given.append("back"))

    freed.after(LARGE_WORK - 1)
    freed.after(LARGE_WORK)
    freed.after(LARGE_WORK)
    assert given == []

    freed.after(LARGE_WORK - 1)
    freed.after(0)
    assert given == ["back"]

    freed.after(LARGE_WORK)
    freed.after(0)
    assert given == ["back", "back"]


def test_small_work_gives_back_after_every_500_pieces() -> None:
    given: list[str] = []
    freed = FreedMemory(lambda: given.append("back"))
    for _ in range(499):
        freed.after(10)
    assert given == []

    for _ in range(501):
        freed.after(10)
    assert given == ["back", "back"]


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc gives back what lies below memory in use",
)
def test_the_system_gets_what_the_heap_held_free() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _HELD_BY_THE_HEAP], capture_output=True, text=True, check=True
    )

    assert int(ended.stdout) > 100_000_000
