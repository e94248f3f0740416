"""A topic of 16 records and the store that a right count of the first 15 leaves behind.

Everything is written out by hand from docs/rules.md; nothing comes from the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

from cell_samples import cells_of
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.partitions import PartitionCount
from sfcrime.audit.recount import Recount
from sfcrime.audit.repeats import CELL, ContestedCall, count_identities, counted_cells
from sfcrime.audit.result import AuditResult, Conflict
from sfcrime.audit.run_audit import Progress, run_audit
from sfcrime.audit.share_count import count_here
from sfcrime.audit.shares import CountPlan, OffsetRange, ReadRange
from sfcrime.audit.spill import open_spill
from sfcrime.domain.outcomes import RULES_VERSION, Accounting
from sfcrime.domain.topic_state import TopicState
from sfcrime.domain.wall_clock import from_datetime
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.address import StoreAddress
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import CellCount, Generation, LateRecord, PartitionRange, RejectedRecord
from sfcrime.store.writer import open_writer

HOUR_US = 3_600_000_000
NINE_US = 1_538_470_800_000_000
"""2018-10-02T09:00:00 on the wall."""
TEN_US = NINE_US + HOUR_US
ELEVEN_US = TEN_US + HOUR_US
PUBLISHED_MS = 1_538_508_600_000
"""2018-10-02T12:30:00 in San Francisco."""
LATE_CALL_US = 1_537_779_600_000_000
"""2018-09-24T09:00:00 on the wall: more than 8 days before."""


def call(call_id: str, call_type: str, call_time: str, disposition: str) -> bytes:
    return (
        f'{{"crime_id":"{call_id}","original_crime_type_name":"{call_type}",'
        f'"call_date_time":"{call_time}","disposition":"{disposition}"}}'
    ).encode()


def _record(partition: int, offset: int, value: bytes) -> TopicRecord:
    return TopicRecord(partition, offset, PUBLISHED_MS, None, value)


RECORDS = [
    _record(0, 0, call("1", "Passing Call", "2018-10-02T09:00:00.000", "HAN")),
    _record(0, 1, call("2", "  Passing   Call ", "2018-10-02T09:59:59.999999", "HAN ")),
    _record(0, 2, call("1", "Passing Call", "2018-10-02T09:00:00", "HAN")),  # duplicate
    _record(0, 3, b"not json"),  # rejected
    _record(0, 4, call("3", "Traf Violation Cite", "2018-10-02T10:00:00.000", "CIT")),
    _record(0, 5, call("4", "Passing Call", "2018-09-24T09:00:00.000", "HAN")),  # late
    _record(1, 10, call("8", "Passing Call", "2018-10-02T09:30:00.000", "HAN")),
    _record(1, 11, call("01", "Passing Call", "2018-10-02T09:00:00.000", "HAN")),  # duplicate
    _record(0, 6, call("5", "Passing Call", "2018-10-02T10:30:00.000", "GOA")),
    _record(0, 7, call("abc", "Passing Call", "2018-10-02T10:30:00.000", "GOA")),  # rejected
    _record(0, 8, call("6", "Noise Nuisance", "2018-10-02T11:00:00.000", "HAN")),
    # offset 9 of partition 0 is a gap
    _record(0, 10, call("007", "Noise Nuisance", "2018-10-02T11:05:00.000", "ABA")),
    _record(1, 12, call("9", "Passing Call", "2018-10-02T10:45:00.000", "GOA")),
    _record(1, 13, call("10", "Passing Call", "2018-10-02T13:30:01.000", "HAN")),  # rejected
    _record(1, 14, call("7", "Noise Nuisance", "2018-10-02T11:05:00.000", "REP")),  # conflict
    _record(0, 11, call("12", "Passing Call", "2018-10-02T11:30:00.000", "HAN")),  # not yet read
]

GENERATION = Generation(
    topic="org.sf.police.calls",
    topic_id="sR7o2k1kT3yJ9i5lUw8Q2g",
    start_offsets={0: 0, 1: 10},
    lateness_s=604_800,
    window_minutes=60,
    rules_version=RULES_VERSION,
    source_name="",
    source_title="",
    synthetic=False,
    created_ms=1_700_000_000_000,
)


def _identities(*calls: tuple[int, str]) -> IdentityColumns:
    """Of calls of 2018-10-02 by id and time of day."""
    day = datetime(2018, 10, 2)
    times = [datetime.combine(day, time.fromisoformat(each)) for _, each in calls]
    return IdentityColumns.of_calls(
        [number for number, _ in calls], list(map(from_datetime, times))
    )


BATCHES = (
    BatchOutcome(
        batch_id=0,
        cells=cells_of(
            [
                CellCount(NINE_US, "Passing Call", "HAN", 3),
                CellCount(TEN_US, "Traf Violation Cite", "CIT", 1),
            ]
        ),
        rejected=[RejectedRecord(0, 3, "not-json")],
        late=[LateRecord(0, 5, LATE_CALL_US, PUBLISHED_MS)],
        ranges=[
            PartitionRange(0, 0, 6, counted=3, late=1, rejected=1),
            PartitionRange(1, 10, 12, counted=1, late=0, rejected=0),
        ],
        accounting=Accounting(read=8, counted=4, duplicate=2, late=1, rejected=1, gaps=0),
        identities=_identities((1, "09:00"), (2, "09:59:59.999999"), (3, "10:00"), (8, "09:30")),
        newest_call_us=TEN_US,
    ),
    BatchOutcome(
        batch_id=1,
        cells=cells_of(
            [
                CellCount(TEN_US, "Passing Call", "GOA", 2),
                CellCount(ELEVEN_US, "Noise Nuisance", "HAN", 1),
                CellCount(ELEVEN_US, "Noise Nuisance", "ABA", 1),
            ]
        ),
        rejected=[RejectedRecord(0, 7, "bad-call-id"), RejectedRecord(1, 13, "from-the-future")],
        late=[],
        ranges=[
            PartitionRange(0, 6, 11, counted=3, late=0, rejected=1),
            PartitionRange(1, 12, 15, counted=1, late=0, rejected=1),
        ],
        accounting=Accounting(read=7, counted=4, duplicate=1, late=0, rejected=2, gaps=1),
        identities=_identities((5, "10:30"), (6, "11:00"), (7, "11:05"), (9, "10:45")),
        newest_call_us=ELEVEN_US + 300_000_000,
    ),
    BatchOutcome(
        batch_id=2,
        cells=cells_of([]),
        rejected=[],
        late=[],
        ranges=[],
        accounting=Accounting(),
        identities=_identities(),
        newest_call_us=None,
    ),
)

ACCOUNTING = Accounting(read=15, counted=8, duplicate=3, late=1, rejected=3, gaps=1)

SOURCE_NAME = "file:9f2c"
OUR_GENERATION = replace(GENERATION, source_name=SOURCE_NAME, source_title="calls.json")

_SEQUENCES_BY_PARTITION: Mapping[int, Mapping[int, int]] = {
    0: {0: 0, 1: 2, 2: 3, 4: 5, 5: 8, 6: 10, 7: 11, 8: 13, 10: 14, 11: 16},
    1: {10: 1, 11: 4, 12: 6, 13: 7, 14: 9},
}
SEQUENCES = {
    (partition, offset): sequence
    for partition, sequences in _SEQUENCES_BY_PARTITION.items()
    for offset, sequence in sequences.items()
}
"""By (partition, offset); all but the record at offset 3 of partition 0, which is someone else's.
12 and 15 are still on their way to partition 1."""


def numbered(sequences: Mapping[tuple[int, int], int] = SEQUENCES) -> list[TopicRecord]:
    """The records with sequences."""
    return [
        record._replace(sequence=sequences.get((record.partition, record.offset)))
        for record in RECORDS
    ]


def write_store(store: StoreAddress, generation: Generation = GENERATION, *, rows: int = 0) -> None:
    """`rows`: how many rejected records, and late ones, keep their rows; 0: all."""
    with open_writer(store, history_rows=100, rejected_rows=rows, late_rows=rows) as writer:
        writer.create_generation(generation)
        for batch in BATCHES:
            writer.commit_batch(batch)


@dataclass
class ListTopic:
    """A topic that lies in memory; `state` and `read` are what an audit asks of one."""

    records: Sequence[TopicRecord] = field(default_factory=lambda: RECORDS)
    id: str = GENERATION.topic_id
    firsts: Mapping[int, int] = field(default_factory=lambda: {0: 0, 1: 10})
    ends: Mapping[int, int] = field(default_factory=lambda: {0: 12, 1: 15})
    asked_for: list[str] = field(default_factory=list)
    """The source whose sequences were asked for, by reading."""

    @property
    def state(self) -> TopicState:
        return TopicState(self.id, self.firsts, self.ends)

    def read(
        self, start: Mapping[int, int], end: Mapping[int, int], source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        """Two records at a time."""
        self.asked_for.append(source_name)
        wanted = [
            record if source_name else record._replace(sequence=None)
            for record in self.records
            if record.partition in start
            and start[record.partition] <= record.offset < end[record.partition]
        ]
        for at in range(0, len(wanted), 2):
            yield wanted[at : at + 2]


def audit_of(store: StoreReader, topic: ListTopic, *told: Progress, shares: int = 1) -> AuditResult:
    """What an audit of the store finds in the topic, which is counted in so many shares."""
    return run_audit(store, topic.state, count_here(topic.read, shares), *told)


@dataclass(frozen=True)
class Counted:
    """What a recount came to, without a store."""

    count: Recount
    cells: list[CellCount]
    """By window, call type and disposition, without the calls of `conflicts`."""
    conflicts: list[Conflict]
    rejected: list[RejectedRecord]
    late: list[LateRecord]

    @property
    def accounting(self) -> Accounting:
        return self.count.accounting

    @property
    def partitions(self) -> Mapping[int, PartitionCount]:
        return self.count.partitions


def counted(
    read: ReadRange, ranges: Mapping[int, OffsetRange], rules: CountingRules, shares: int = 1
) -> Counted:
    """Counts a topic in so many shares."""
    with open_spill() as spill:
        plan = CountPlan(ranges, rules, "", spill)
        count = Recount(plan, count_here(read, shares)(plan, lambda _: None))
        contested: list[ContestedCall] = []
        for pile in range(plan.piles):
            count_identities(count, pile, contested)
        cells = [
            CellCount(window_s * 1_000_000, *count.labels.texts[label], calls)
            for pile in range(plan.piles)
            for window_s, label, calls in spill.load(counted_cells(pile), CELL).tolist()
        ]
        conflicts = [each.conflict(count.labels) for each in sorted(contested)]
        for part in count.partitions.values():
            assert (part.late, part.rejected) == (
                len(list(part.late_records())),
                len(list(part.rejected_records())),
            )
        return Counted(count, sorted(cells), conflicts, list(count.rejected()), list(count.late()))
