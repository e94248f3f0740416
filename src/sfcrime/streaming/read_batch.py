"""A batch as Spark's one action gave it, and how long its parts took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sfcrime.streaming.packets import Packet

READING_PHASES = ("action", "proof", "handover")
"""Parts of Spark's phase addBatch: its one action, the executed plan, and the wait until the batch
before is stored."""
STORING_PHASES = ("arrival", "repeats", "counting", "topicCheck", "storing")
"""What follows in the thread that stores, while Spark reads on: the records put together and
proved, repeats, cells, the wait for the topic's answer, the transaction. `readAgain` is one more
where a partition got another leader."""


class PhaseClock:
    """Times the parts of a piece of work, one after another."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self.spent_ms: dict[str, int] = {}

    def ends(self, phase: str) -> None:
        """Adds what passed since the phase before to this one's time."""
        now = time.monotonic()
        self.spent_ms[phase] = self.spent_ms.get(phase, 0) + round((now - self._at) * 1000)
        self._at = now


class Planned(NamedTuple):
    """What a batch reads of a partition: offsets [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What the executed plan says of its scan."""

    planned: Mapping[int, Planned]
    """By partition, what was to be read; each that is not empty is one task."""
    records: int
    """How many it put out."""
    is_exact: bool
    """Every record is in that number once, as on a local master; else those of a task that ran
    again may be in it again."""


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What Spark's one action on a batch gave."""

    spark_batch_id: int
    """Spark's own number, from 0 at every start."""
    packets: Sequence[Packet]
    """In any order."""
    scan: Scan
    clock: PhaseClock
    """Of the reading."""

    @property
    def planned(self) -> Mapping[int, Planned]:
        return self.scan.planned

    @property
    def is_empty(self) -> bool:
        """Nothing was there to read, not even an offset without a record."""
        return all(span.start == span.end for span in self.planned.values())


def gaps(planned: Iterable[Planned], records: int) -> int:
    """Offsets without a record: transaction markers, aborted or compacted records."""
    return sum(span.end - span.start for span in planned) - records
