"""Sizes that fit the machine: what a run takes of memory and cores where no setting says so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_LIMIT_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux tells a container its bound on memory (control groups, version 2 and 1)."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Settings that are chosen by memory."""

    broker_heap: str
    driver_heap: str
    records_per_batch: int


AMPLE_BYTES = 6_000_000_000
"""From here on nothing has to be smaller than it is by default."""

STEPS = (
    (AMPLE_BYTES, Sizes("256m", "1200m", 250_000)),
    (3_000_000_000, Sizes("192m", "800m", 100_000)),
    (0, Sizes("128m", "576m", 25_000)),
)
"""From so many bytes on; measured in docs/performance.md. A machine "of 8 GiB" may show 7.6. Spark
itself refuses a heap that leaves it less than 450 MiB: 448m was too small, 576m runs."""


def sizes_for(memory_bytes: int) -> Sizes:
    """What fits into a machine, or a container, of so much memory."""
    return next(sizes for least, sizes in STEPS if memory_bytes >= least)


CORES_PER_PARTITION = 2
"""A topic partition is read by a thread of Spark's JVM and judged by a Python process, at the same
time. On two cores one partition counted as fast as two, with a tenth less CPU time and memory
(docs/tuning.md); it was not measured on more."""
MOST_PARTITIONS = 256


def partitions_for(cores: int) -> int:
    """How many partitions a topic gets on a machine of so many cores."""
    return min(max(1, cores // CORES_PER_PARTITION), MOST_PARTITIONS)


def machine_cores() -> int:
    """The machine's processors, 1 where it does not say."""
    return os.cpu_count() or 1


def machine_memory_bytes(limit_files: tuple[Path, ...] = _LIMIT_FILES) -> int:
    """The machine's memory, or the container's bound where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for file in limit_files for limit in _limit(file))])


def free_memory_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """What further programs can take, by the machine; all of its memory where it does not say."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return machine_memory_bytes()
    free = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    return int(next(free, 0)) * 1024


def heap_bytes(heap: str) -> int:
    """Of a heap as Java takes it, in MiB or GiB: "576m", "1g"."""
    return int(heap[:-1]) * (2**30 if heap.endswith("g") else 2**20)


def _limit(file: Path) -> list[int]:
    """The bound that a file names; none where it says "max", or is not there."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return []
    return [int(text)] if text.isdecimal() else []
