"""What goes into the store and what comes out of it: frozen records, no database types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sfcrime.domain.outcomes import Accounting

if TYPE_CHECKING:  # they need Arrow and numpy, which readers do not
    from sfcrime.store.columns import CellColumns
    from sfcrime.store.identity_columns import IdentityColumns


class CellCount(NamedTuple):
    """Calls of one cell: in a batch what it adds (`store.columns`), when read what is held."""

    window_us: int
    """Start of the window on the wall, microseconds since 1970-01-01T00:00:00."""
    call_type: str
    """Raw label, blanks at the ends trimmed and inner runs folded to one."""
    disposition: str
    """Raw code, blanks folded likewise."""
    calls: int


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
    """What a batch read of one partition: offsets [start, end), and the outcomes known of it.

    Duplicates are known per partition only where gaps are 0: end - start - the other three.
    """

    partition: int
    start: int
    end: int
    counted: int
    late: int
    rejected: int


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


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Everything a micro-batch learned; written in one transaction."""

    batch_id: int
    cells: CellColumns
    """Arrow columns (`store.columns`); `CellColumns.from_cells` makes them of `CellCount`s."""
    rejected: Sequence[RejectedRecord]
    late: Sequence[LateRecord]
    ranges: Sequence[PartitionRange]
    accounting: Accounting
    """Of this batch alone. Proved by the caller; checked once more by the writer."""
    identities: IdentityColumns
    """Those of the calls that it counted, in any order, each once."""
    newest_call_us: int | None
    """Latest call time among the calls that it counted, on the wall."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One committed batch, as the store shows it."""

    batch_id: int
    committed_ms: int
    accounting: Accounting


@dataclass(frozen=True, slots=True)
class PartitionLedger:
    """Cumulative account of one partition: offsets [start, end) are accounted for."""

    partition: int
    start: int
    end: int
    counted: int
    late: int
    rejected: int


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


@dataclass(frozen=True, slots=True)
class Totals:
    """The accounting of the current generation, all batches together, and its freshness."""

    accounting: Accounting
    batches: int
    last_batch_id: int | None
    committed_ms: int | None
    newest_call_us: int | None
