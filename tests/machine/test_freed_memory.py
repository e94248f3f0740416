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

_HOLES_OF_LARGE_BLOCKS = """
import ctypes
from sfcrime.machine.freed_memory import keep_large_blocks_apart

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

{call}
libc.free(libc.malloc(16_000_000))  # from here on, glibc takes smaller blocks from the heap
before = resident()
large = []
for _ in range(100):
    large.append(libc.malloc(1_000_000))
    ctypes.memset(large[-1], 1, 1_000_000)
last = libc.malloc(100_000)  # above the holes: the heap cannot shrink by itself
for block in large:
    libc.free(block)
print(resident() - before)
"""

_MEMORY_OF_THREADS = """
import ctypes
from threading import Barrier, Thread
from sfcrime.machine.freed_memory import share_one_heap

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
{call}
places, together = [], Barrier(8)

def take():
    together.wait()
    places.append(libc.malloc(5_000))
    together.wait()

threads = [Thread(target=take) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
with open("/proc/self/maps") as file:
    first = next(line for line in file if "[heap]" in line).split()[0].split("-")
low, high = (int(end, 16) for end in first)
print(sum(not low <= place < high for place in places))
"""

_ONLY_GLIBC = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc gives back what lies below memory in use",
)


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


@_ONLY_GLIBC
def test_the_system_gets_what_the_heap_held_free() -> None:
    assert _printed_by(_HELD_BY_THE_HEAP) > 100_000_000


@_ONLY_GLIBC
def test_large_blocks_leave_no_holes_once_they_are_kept_apart() -> None:
    assert _printed_by(_HOLES_OF_LARGE_BLOCKS.format(call="")) > 90_000_000
    kept_apart = _HOLES_OF_LARGE_BLOCKS.format(call="keep_large_blocks_apart()")
    assert _printed_by(kept_apart) < 5_000_000


@_ONLY_GLIBC
def test_threads_take_memory_from_the_heap_of_the_first_once_it_is_shared() -> None:
    assert _printed_by(_MEMORY_OF_THREADS.format(call="")) > 0
    assert _printed_by(_MEMORY_OF_THREADS.format(call="share_one_heap()")) == 0


def _printed_by(program: str) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(ended.stdout)
