"""How the offsets of a topic are dealt out to be counted at the same time, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.spill import Spill
from sfcrime.kafka.consumer import TopicRecord

PILE_ROWS = 200_000
"""Valid records of a pile, as far as they are spread evenly: 6 MB, some 40 while it is sorted."""
_MOST_PILES = 1024

ROW = np.dtype(
    [
        ("call_id", np.int64),
        ("call_us", np.int64),
        ("offset", np.int64),
        ("partition", np.int32),
        ("label", np.int32),
    ]
)
"""A valid record that is not late: its identity, its place, and its label as its share numbers it
(`ShareResult.labels`)."""
REJECTED = np.dtype([("offset", np.int64), ("reason", np.int64)])
"""A rejected record; the reason is its place among all of `Reason`."""
LATE = np.dtype([("offset", np.int64), ("call_us", np.int64), ("published_ms", np.int64)])
SEQUENCE = np.dtype([("offset", np.int64), ("sequence", np.int64)])
"""A record of our own producer's source."""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets [start, end) of a partition."""

    start: int
    end: int


Ranges = Mapping[int, OffsetRange]
"""By partition."""


class SliceCount(msgspec.Struct, frozen=True):
    """What was found in a share's part of one partition."""

    partition: int
    start: int
    end: int
    read: int


class ShareResult(msgspec.Struct, frozen=True):
    """What one share's records came to, beside its files in the spill."""

    slices: tuple[SliceCount, ...]
    labels: tuple[tuple[str, str], ...]
    """Call type and disposition, by the number that the share's rows have."""
    sizes: dict[str, int]
    """Of the files that its process wrote, see `Spill.sizes`."""


class Share(NamedTuple):
    """What is read and judged by one process."""

    number: int
    """From 0; shares stand in the order of (partition, offset)."""
    ranges: dict[int, OffsetRange]


@dataclass(frozen=True, slots=True)
class CountPlan:
    """What is to be counted, and where to."""

    ranges: Ranges
    rules: CountingRules
    source_name: str
    """Whose sequences are noted; "" for a topic of others."""
    spill: Spill
    sized_for: int = 0
    """Offsets by which the number of piles goes: of the plan that this one is a part of. Its own
    where 0."""

    @property
    def due(self) -> int:
        """Offsets to pass."""
        return offsets_of(self.ranges)

    @property
    def piles(self) -> int:
        """Files that the rows of a share are dealt to, by identity."""
        return min(1 + (self.sized_for or self.due) // PILE_ROWS, _MOST_PILES)

    def shares(self, most: int) -> list[Share]:
        """As many shares as that, of as many offsets each; fewer where offsets are few."""
        dealt = dealt_out(self.ranges, most)
        return [Share(number, each) for number, each in enumerate(filter(None, dealt))]


OnPassed = Callable[[int], None]
"""Told how many offsets were passed so far."""


class CountShares(Protocol):
    """Reads and judges everything that a plan names."""

    def __call__(self, plan: CountPlan, passed: OnPassed) -> list[ShareResult]:
        """What the shares came to, by number; their rows are in the spill."""


class ReadRange(Protocol):
    """Reads records of the topic that is audited; `kafka.consumer.read_range` does."""

    def __call__(
        self, start: Mapping[int, int], end: Mapping[int, int], *, source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        """Every record with start <= offset < end; each partition's in the order of offsets.

        Where a source is named, its records have their sequences.
        """


SHARE_FILE = re.compile(r"(rows|rejected|late|sequences)-[0-9]{1,6}-[0-9]{1,10}")
"""What `file_of` names."""


def file_of(kind: str, share: int, number: int) -> str:
    """The name of a share's file; `number` is that of a pile, or of a partition."""
    return f"{kind}-{share}-{number}"


def of_later_share(file: str, by: int) -> str:
    """What a share's file is called once so many shares stand before those it was counted with."""
    kind, share, number = file.rsplit("-", 2)
    return file_of(kind, int(share) + by, int(number))


def offsets_of(ranges: Ranges) -> int:
    """How many offsets there are."""
    return sum(span.end - span.start for span in ranges.values())


def dealt_out(ranges: Ranges, parts: int) -> list[dict[int, OffsetRange]]:
    """So many parts of as many offsets each, in the order of (partition, offset); some are empty
    where offsets are few."""
    due = offsets_of(ranges)
    bounds = [due * number // parts for number in range(parts + 1)]
    return [_within(ranges, *each) for each in pairwise(bounds)]


def _within(ranges: Ranges, begin: int, end: int) -> dict[int, OffsetRange]:
    """What lies between two places in the row of all offsets, partition after partition."""
    found, place = {}, 0
    for partition, span in sorted(ranges.items()):
        first = span.start + max(begin - place, 0)
        last = min(span.end, span.start + end - place)
        if first < last:
            found[partition] = OffsetRange(first, last)
        place += span.end - span.start
    return found
