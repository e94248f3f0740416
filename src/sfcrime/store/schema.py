"""The tables, as SQLAlchemy metadata. docs/store.md shows them; a test keeps it true.

Units sit in the names: `_us` microseconds on the San Francisco wall since 1970-01-01T00:00:00,
`_s` whole seconds on the same wall, `_ms` milliseconds since 1970 UTC. Offsets are half open:
`end_offset` is the first one not accounted for.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem

from sfcrime.domain.outcomes import ACCOUNTING_FIELDS, Outcome

SCHEMA_VERSION = 5
"""Raised whenever a table changes; a store of another version is brought up to it (`migration`), or
refused."""

metadata = MetaData()

_WORDS = Text().with_variant(Text(collation="C"), "postgresql")
"""Texts that are ordered by code point, whatever language a database speaks."""


def _key(name: str, kind: type[Integer] = Integer, *constraints: SchemaItem) -> Column[int]:
    return Column(name, kind, *constraints, primary_key=True, autoincrement=False)


def _numbers(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in names]


def _adds_up(table: str) -> CheckConstraint:
    return CheckConstraint(f"read = {' + '.join(Outcome)}", name=f"{table}_adds_up")


def _partition_range() -> list[Column[int]]:
    numbers = _numbers("start_offset", "end_offset", "counted", "late", "rejected")
    epoch = Column("leader_epoch", BigInteger, nullable=False, server_default=text("-1"))
    return [_key("partition"), *numbers, epoch]


def _of_generation() -> Column[int]:
    return _key("generation_id", Integer, ForeignKey("generation.id"))


schema_version = Table(
    "schema_version",
    metadata,
    _key("version"),
    comment="One row: the version of these tables.",
)

writer = Table(
    "writer",
    metadata,
    _key("slot", Integer, CheckConstraint("slot = 1")),
    Column("run_id", Text, nullable=False),
    *_numbers("started_ms", "seen_ms"),
    Column("ended_ms", BigInteger),
    Column("starts", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    comment="One row: the run that may write. Each start of a writer names itself here; `facts` is "
    "a JSON object.",
)

generation = Table(
    "generation",
    metadata,
    _key("id"),
    Column("topic", Text, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("lateness_s", BigInteger),
    Column("window_minutes", Integer, nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("source_title", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    comment="One count from the beginning, and everything that shaped its numbers.",
)

current_generation = Table(
    "current_generation",
    metadata,
    _key("slot", Integer, CheckConstraint("slot = 1")),
    Column("generation_id", Integer, ForeignKey("generation.id"), nullable=False),
    comment="One row: the generation that readers see. A swap is an update of it.",
)

call_type = Table(
    "call_type",
    metadata,
    _key("id"),
    Column("label", _WORDS, nullable=False, unique=True),
    comment="Raw call types, numbered as they were first counted.",
)

disposition = Table(
    "disposition",
    metadata,
    _key("id"),
    Column("code", _WORDS, nullable=False, unique=True),
    comment="Raw dispositions, numbered as they were first counted.",
)

# No foreign keys here: three look-ups a cell would cost as much as the write. The writer
# numbers the labels in the same transaction.
cell = Table(
    "cell",
    metadata,
    _key("generation_id"),
    _key("window_s", BigInteger),
    _key("call_type_id"),
    _key("disposition_id"),
    Column("calls", BigInteger, CheckConstraint("calls > 0"), nullable=False),
    sqlite_with_rowid=False,
    comment="Counted calls by start of window, raw call type and raw disposition.",
)

# One row for some hundred cells: what readers ask for with every batch is found without them.
window_total = Table(
    "window_total",
    metadata,
    _of_generation(),
    _key("window_s", BigInteger),
    Column("calls", BigInteger, CheckConstraint("calls > 0"), nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Index("window_total_by_batch", "generation_id", "batch_id"),
    sqlite_with_rowid=False,
    comment="Counted calls of each window over all its cells, and the batch that changed it last.",
)

# A rowid table with the bytes last: the rows are read without them, and a block is found by its
# number alone. Everything else about blocks is looked up in the writer's memory.
identity_block = Table(
    "identity_block",
    metadata,
    _key("id"),
    Column("generation_id", Integer, ForeignKey("generation.id"), nullable=False),
    Column("level", Integer, CheckConstraint("level >= 0"), nullable=False),
    *_numbers("first_time_key", "first_call_id", "last_time_key", "last_call_id"),
    Column("identities", Integer, CheckConstraint("identities > 0"), nullable=False),
    Column("packed", LargeBinary, nullable=False),
    comment="The identities that were counted, in sorted and packed blocks.",
)

partition_ledger = Table(
    "partition_ledger",
    metadata,
    _of_generation(),
    *_partition_range(),
    CheckConstraint("start_offset <= end_offset", name="partition_ledger_forward"),
    sqlite_with_rowid=False,
    comment="Cumulative account of each partition since counting began.",
)

totals = Table(
    "totals",
    metadata,
    _of_generation(),
    Column("batches", BigInteger, nullable=False),
    Column("last_batch_id", BigInteger),
    *_numbers(*ACCOUNTING_FIELDS),
    Column("committed_ms", BigInteger),
    Column("newest_call_us", BigInteger),
    _adds_up("totals"),
    comment="Accounting of all batches together, the last batch, and freshness.",
)

batch = Table(
    "batch",
    metadata,
    _of_generation(),
    _key("batch_id", BigInteger),
    *_numbers(*ACCOUNTING_FIELDS),
    Column("newest_call_us", BigInteger),
    Column("committed_ms", BigInteger, nullable=False),
    _adds_up("batch"),
    sqlite_with_rowid=False,
    comment="The ledger: one row a committed batch; only the newest are kept.",
)

batch_range = Table(
    "batch_range",
    metadata,
    _of_generation(),
    _key("batch_id", BigInteger),
    *_partition_range(),
    sqlite_with_rowid=False,
    comment="What each kept batch read of each partition.",
)

rejected = Table(
    "rejected",
    metadata,
    _of_generation(),
    _key("partition"),
    _key("record_offset", BigInteger),
    Column("reason", Text, nullable=False),
    Column("batch_id", BigInteger),
    sqlite_with_rowid=False,
    comment="Records that broke a rule, the newest of them; their bytes stay in Kafka.",
)

late = Table(
    "late",
    metadata,
    _of_generation(),
    _key("partition"),
    _key("record_offset", BigInteger),
    *_numbers("call_us", "published_ms"),
    Column("batch_id", BigInteger),
    sqlite_with_rowid=False,
    comment="Valid records published more than the allowed lateness after their call, the newest "
    "of them.",
)

set_aside = Table(
    "set_aside",
    metadata,
    _of_generation(),
    _key("partition"),
    Column("reason", _WORDS, primary_key=True),
    *_numbers("records", "dropped", "kept_from"),
    CheckConstraint("0 <= dropped AND dropped <= records", name="set_aside_dropped"),
    sqlite_with_rowid=False,
    comment="What each reason set aside in each partition, and how many of its rows were dropped.",
)

progress = Table(
    "progress",
    metadata,
    _of_generation(),
    _key("batch_id", BigInteger),
    *_numbers("started_ms", "duration_ms", "input_rows"),
    Column("input_rows_per_s", Float, nullable=False),
    Column("processed_rows_per_s", Float, nullable=False),
    Column("phases_ms", Text, nullable=False),
    Column("lag_records", BigInteger, nullable=False),
    Column("lag_by_partition", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="Spark's own report of each batch, for showing; `phases_ms` and `lag_by_partition` are "
    "JSON objects.",
)
