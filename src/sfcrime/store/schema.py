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
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from sfcrime.domain.outcomes import ACCOUNTING_FIELDS, Outcome

SCHEMA_VERSION = 2
"""Raised whenever a table changes; a store of another version is refused."""

metadata = MetaData()


def _accounting() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in ACCOUNTING_FIELDS]


def _adds_up(table: str) -> CheckConstraint:
    return CheckConstraint(f"read = {' + '.join(Outcome)}", name=f"{table}_adds_up")


def _partition_range() -> list[Column[int]]:
    names = ("start_offset", "end_offset", "counted", "late", "rejected")
    partition = Column("partition", Integer, primary_key=True, autoincrement=False)
    return [partition, *(Column(name, BigInteger, nullable=False) for name in names)]


def _of_generation() -> Column[int]:
    return Column(
        "generation_id", Integer, ForeignKey("generation.id"), primary_key=True, autoincrement=False
    )


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    comment="One row: the version of these tables.",
)

writer = Table(
    "writer",
    metadata,
    Column("slot", Integer, CheckConstraint("slot = 1"), primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False),
    comment="One row: the run that may write. Each start of a writer names itself here.",
)

generation = Table(
    "generation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
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
    Column("slot", Integer, CheckConstraint("slot = 1"), primary_key=True, autoincrement=False),
    Column("generation_id", Integer, ForeignKey("generation.id"), nullable=False),
    comment="One row: the generation that readers see. A swap is an update of it.",
)

call_type = Table(
    "call_type",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False, unique=True),
    comment="Raw call types, numbered as they were first counted.",
)

disposition = Table(
    "disposition",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    comment="Raw dispositions, numbered as they were first counted.",
)

# No foreign keys here: three look-ups a cell would cost as much as the write. The writer
# numbers the labels in the same transaction.
cell = Table(
    "cell",
    metadata,
    Column("generation_id", Integer, primary_key=True, autoincrement=False),
    Column("window_s", BigInteger, primary_key=True, autoincrement=False),
    Column("call_type_id", Integer, primary_key=True, autoincrement=False),
    Column("disposition_id", Integer, primary_key=True, autoincrement=False),
    Column("calls", BigInteger, CheckConstraint("calls > 0"), nullable=False),
    sqlite_with_rowid=False,
    comment="Counted calls by start of window, raw call type and raw disposition.",
)

# A rowid table with the bytes last: the rows are read without them, and a block is found by its
# number alone. Everything else about blocks is looked up in the writer's memory.
identity_block = Table(
    "identity_block",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation_id", Integer, ForeignKey("generation.id"), nullable=False),
    Column("level", Integer, CheckConstraint("level >= 0"), nullable=False),
    Column("first_time_key", BigInteger, nullable=False),
    Column("first_call_id", BigInteger, nullable=False),
    Column("last_time_key", BigInteger, nullable=False),
    Column("last_call_id", BigInteger, nullable=False),
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
    *_accounting(),
    Column("committed_ms", BigInteger),
    Column("newest_call_us", BigInteger),
    _adds_up("totals"),
    comment="Accounting of all batches together, the last batch, and freshness.",
)

batch = Table(
    "batch",
    metadata,
    _of_generation(),
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    *_accounting(),
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
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    *_partition_range(),
    sqlite_with_rowid=False,
    comment="What each kept batch read of each partition.",
)

rejected = Table(
    "rejected",
    metadata,
    _of_generation(),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("record_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="Records that broke a rule; their bytes stay in Kafka.",
)

late = Table(
    "late",
    metadata,
    _of_generation(),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("record_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("call_us", BigInteger, nullable=False),
    Column("published_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Valid records published more than the allowed lateness after their call.",
)

progress = Table(
    "progress",
    metadata,
    _of_generation(),
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("input_rows", BigInteger, nullable=False),
    Column("input_rows_per_s", Float, nullable=False),
    Column("processed_rows_per_s", Float, nullable=False),
    Column("phases_ms", Text, nullable=False),
    Column("lag_records", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Spark's own report of each batch, for showing; `phases_ms` is a JSON object.",
)
