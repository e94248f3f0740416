"""What goes into the store and what comes out of it: frozen records, no database types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.topic_state import UNKNOWN_EPOCH, CountedEnd
from sfcrime.domain.wall_clock import MICROS


class CellCount(NamedTuple):
    """The calls of one cell."""

    window_us: int
    """Start of the window on the wall, microseconds since 1970-01-01T00:00:00."""
    call_type: str
    """Raw label, blanks at the ends trimmed and inner runs folded to one."""
    disposition: str
    """Raw code, blanks folded likewise."""
    calls: int


class WindowTotal(NamedTuple):
    """The calls of one window, all its cells together."""

    window_s: int
    """Start of the window on the wall, seconds since 1970-01-01T00:00:00."""
    calls: int
    batch_id: int
    """The batch that changed it last."""


class LargestCells(NamedTuple):
    """The cells with the most calls, of some windows."""

    cells: list[CellCount]
    """Their dispositions are not read: "". Several may have one window and call type."""
    left_out: int
    """Calls of the cells that are not among them."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What calls are told apart by, besides their raw disposition."""

    windows: bool = True
    """False: over the whole span, with `window_us` 0."""
    types: bool = True
    """By raw call type. False: the call type is ""."""
    width_s: int | None = None
    """Fold the store's windows into wider ones of so many seconds."""
    origin_s: int = 0
    """A start of such a wider window, on the wall, at or before the first cell."""


class RejectedRecord(NamedTuple):
    """A record that broke a rule; its bytes are shown again from Kafka."""

    partition: int
    offset: int
    reason: str
    """A value of `domain.outcomes.Reason`."""


class LateRecord(NamedTuple):
    """A valid record published more than the allowed lateness after its call."""

    partition: int
    offset: int
    call_us: int
    """Call time on the wall, microseconds."""
    published_ms: int
    """Kafka timestamp, milliseconds since 1970 UTC."""


class PartitionRange(NamedTuple):
    """What was read of one partition, offsets [start, end), and the outcomes known of it: by one
    batch, or by all of them since counting began.

    Duplicates are known per partition only where gaps are 0: end - start - the other three.
    """

    partition: int
    start: int
    end: int
    counted: int = 0
    late: int = 0
    rejected: int = 0
    leader_epoch: int = UNKNOWN_EPOCH
    """Of the partition, when what stands before `end` was proved to be in the topic."""

    def followed_by(self, after: PartitionRange) -> PartitionRange:
        """Both together; `after` starts where this one ends."""
        return PartitionRange(
            self.partition,
            self.start,
            after.end,
            self.counted + after.counted,
            self.late + after.late,
            self.rejected + after.rejected,
            after.leader_epoch,
        )


def counted_ends(ledger: Iterable[PartitionRange]) -> dict[int, CountedEnd]:
    """What was counted of each partition, as the topic is asked for it (`kafka.topic`)."""
    return {each.partition: CountedEnd(each.end, each.leader_epoch) for each in ledger}


@dataclass(frozen=True, slots=True)
class Generation:
    """One count from the beginning: everything that shaped its numbers."""

    topic: str
    topic_id: str
    """Kafka's id of the topic: a recreated topic has another."""
    start_offsets: dict[int, int]
    """Where counting began, by partition."""
    lateness_s: int | None
    """Allowed lateness in seconds; None: the rule is off (no late, no future)."""
    window_minutes: int
    rules_version: int
    source_name: str
    """`SourceIdentity.name`, or "" for a topic of someone else's making."""
    source_title: str
    synthetic: bool
    created_ms: int

    @property
    def lateness_us(self) -> int | None:
        """The same in microseconds, as records are judged by it."""
        return None if self.lateness_s is None else self.lateness_s * MICROS

    @property
    def title(self) -> str:
        """What the numbers were made of: the source's title, or the topic where none is known."""
        return self.source_title or f"topic {self.topic}"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One committed batch, as the store shows it."""

    batch_id: int
    committed_ms: int
    accounting: Accounting


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Spark's own report of one batch, for showing and never for proving."""

    batch_id: int
    started_ms: int
    duration_ms: int
    input_rows: int
    input_rows_per_s: float
    processed_rows_per_s: float
    phases_ms: dict[str, int] = field(default_factory=dict)
    """Spark's durationMs: addBatch, getBatch, latestOffset, queryPlanning, walCommit, ...; and
    the parts of the batch that sfcrime timed itself."""
    lag_records: int = 0
    """Records in the topic that this batch had not reached."""
    lag_by_partition: dict[int, int] = field(default_factory=dict)
    """The same by partition; empty where it was not reported."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run says of itself once it knows, for showing; nothing of it is secret."""

    settings: dict[str, str] = field(default_factory=dict)
    """Those in force as text, by `room.name`."""
    spark_ui: str | None = None
    """Address of Spark's own UI, which is there as long as the run is."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of sfcrime, Python and the packages that take part, by name."""


@dataclass(frozen=True, slots=True)
class WriterState:
    """The newest run that opened the store for writing, and its last sign of life.

    Instants are milliseconds since 1970 UTC.
    """

    run_id: str
    started_ms: int
    seen_ms: int
    """Its last commit or beat, whichever is later."""
    ended_ms: int | None
    """None: it runs, or it was killed; then nothing is seen of it any more."""
    starts: int
    """How many runs have opened this store for writing, this one included."""
    facts: RunFacts


@dataclass(frozen=True, slots=True)
class Totals:
    """The accounting of the current generation, all batches together, and its freshness."""

    accounting: Accounting
    batches: int
    last_batch_id: int | None
    committed_ms: int | None
    newest_call_us: int | None
