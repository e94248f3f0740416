"""What an audit found: frozen records, for the command to print and the exit code to follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sfcrime.audit.shares import OffsetRange
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import EXIT_DATA_DIFFERS, EXIT_OK
from sfcrime.store.records import CellCount

MAX_LISTED = 50
"""Differences listed of each kind, and conflicts; all are counted."""
_EPOCH = datetime(1970, 1, 1)


class DifferenceKind(StrEnum):
    """Where the stored numbers and the recount differ."""

    CELL = "cell"
    """The calls of one cell."""
    WINDOW = "window"
    """The total of a window, or the batch that is said to have changed it last."""
    ACCOUNTING = "accounting"
    """The totals of the four outcomes, or the gaps."""
    PARTITION = "partition"
    """The cumulative account of one partition."""
    REJECTED = "rejected"
    """A rejected record, its reason, or the sum of a reason."""
    LATE = "late"
    """A late record, its times, or the sum of a partition."""
    BATCH = "batch"
    """The rows of the ledger among themselves, or one of them against the recount."""
    IDENTITY = "identity"
    """One call by id and time: counted by one side alone, or kept twice."""
    SEQUENCE = "sequence"
    """The order or completeness of our producer's records in the topic."""


class RecordPlace(NamedTuple):
    """Where a record stands in the topic."""

    partition: int
    offset: int


CellKey = tuple[int, str, str]
"""(start of the window in microseconds on the wall, call type, disposition)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Copies of one identity in several partitions which fall into different cells.

    Either may be the one that was counted, so either cell is accepted.
    """

    call_id: int
    call_us: int
    choices: tuple[tuple[int, CellCount], ...]
    """(partition, the cell of its first copy with `calls` 1), by partition."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the store and the recount do not agree on."""

    kind: DifferenceKind
    what: str
    """What is compared, in words: "2018-10-02T09:00:00 | Passing Call | HAN"."""
    recounted: str
    """What the topic says; "nothing" where it has no such thing."""
    stored: str
    """What the store says; "nothing" where it has no such thing. Of a sequence: what a topic of
    the stored source says."""
    places: tuple[RecordPlace, ...] = ()
    """Records behind it, as far as they were looked for: the first 10 cells, 50 records each."""


@dataclass(frozen=True, slots=True)
class ConflictFound:
    """A conflict and where its copies stand."""

    conflict: Conflict
    places: tuple[RecordPlace, ...]
    """All copies, repeats within a partition included; at most 50."""


@dataclass(frozen=True, slots=True)
class SequenceSpan:
    """How much the sequences of our producer's records prove."""

    records: int
    """Records of the source within the ranges."""
    start: int
    """Each sequence from here..."""
    end: int
    """... to here (exclusive) has to be there. Equal: nothing can be said of holes yet."""
    again: int = 0
    """Records whose sequence their partition held before: sent again where a broker died."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The verdict on one generation, up to the offsets its ledger had reached."""

    generation: int
    """Its number in the store."""
    created_ms: int
    """When it was begun, milliseconds since 1970 UTC: another store may give the number again."""
    batch: int | None
    """The newest batch of the ledger; None before the first."""
    topic: str
    ranges: Mapping[int, OffsetRange]
    lateness_s: int | None
    window_minutes: int
    cells: int
    """Cells that the recount found."""
    differing: int
    """Cells whose calls differ, those that only one side has included."""
    accounting: Accounting
    stored_accounting: Accounting
    differences: tuple[Difference, ...]
    """At most 50 of each kind."""
    difference_counts: Mapping[DifferenceKind, int]
    """All of them; a kind that does not occur is absent."""
    conflicts: tuple[ConflictFound, ...]
    """At most 50."""
    conflict_count: int
    sequences: SequenceSpan | None
    """None for a topic of others, whose records have none."""

    @property
    def equal(self) -> bool:
        return not self.difference_counts

    @property
    def exit_code(self) -> int:
        return EXIT_OK if self.equal else EXIT_DATA_DIFFERS


class DifferenceLog:
    """Collects differences: counts all, keeps the first of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[DifferenceKind] = Counter()
        self.listed: list[Difference] = []

    def add(
        self,
        kind: DifferenceKind,
        what: str,
        recounted: object,
        stored: object,
        places: tuple[RecordPlace, ...] = (),
    ) -> None:
        """Notes a difference; a side that is None reads "nothing"."""
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_LISTED:
            self.listed.append(Difference(kind, what, shown(recounted), shown(stored), places))

    def add_unlisted(self, kind: DifferenceKind, number: int) -> None:
        """Counts further differences, where as many as can be are listed."""
        if number:
            self.counts[kind] += number

    def room(self, kind: DifferenceKind) -> int:
        """How many more differences of a kind will be listed."""
        return max(0, MAX_LISTED - self.counts[kind])

    def expect(self, kind: DifferenceKind, what: str, recounted: object, stored: object) -> None:
        """Notes a difference unless both sides are equal."""
        if recounted != stored:
            self.add(kind, what, recounted, stored)


def shown(side: object) -> str:
    """One side of a difference, as a person reads it."""
    if side is None:
        return "nothing"
    return f"{side:,}" if isinstance(side, int) else str(side)


def on_the_wall(wall_us: int) -> str:
    """ "2018-10-02T09:11:00", with microseconds where there are any; the number of what is no time,
    which no call of the topic's has, but a damaged store may hold."""
    try:
        return (_EPOCH + timedelta(microseconds=wall_us)).isoformat()
    except OverflowError:
        return f"{wall_us} us"


def cell_key(cell: CellCount) -> CellKey:
    return (cell.window_us, cell.call_type, cell.disposition)


def cell_name(key: CellKey) -> str:
    """ "2018-10-02T09:00:00 | Passing Call | HAN"."""
    window_us, call_type, disposition = key
    return f"{on_the_wall(window_us)} | {call_type} | {disposition}"
