"""What the API answers with: frozen records, which are its OpenAPI schema too.

Times without a zone are the San Francisco wall clock (`2018-10-02T09:00:00`); instants of this
machine are UTC and end in Z. A span is half open: `until` is the first time left out.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What all answers share: frozen, and no field that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Meta(Answer):
    """Which count an answer is taken from, and how fresh it is."""

    generation: int
    batch: int | None
    """The newest batch of the ledger that the answer knows."""
    as_of: str | None
    """Newest call, on the wall."""
    committed_at: str | None
    """When that batch was committed, UTC."""
    source: str
    synthetic: bool
    window_minutes: int


class ErrorBody(Answer):
    """The one form of every error."""

    error: str
    """A name that a program can ask for, e.g. `not_found`, `bad_parameter`, `store_empty`."""
    message: str
    """What happened, and the rule."""
    next_step: str | None = None


class Accounts(Answer):
    """Each record read is exactly one of the four: read = counted + duplicate + late + rejected."""

    read: int
    counted: int
    duplicate: int
    late: int
    rejected: int
    gaps: int
    """Offsets without a record."""


class Part(Answer):
    """A part of the run, as its supervisor sees it."""

    name: str
    """`broker` (of an outside cluster, too), `producer`, `stream` or `dashboard`."""
    state: Literal["starting", "up", "down", "done"]
    """`starting` until it works for the first time; `down` until it works again; `done`: a producer
    at the end of its source."""
    since: str | None
    """In this state since then, UTC."""
    restarts: int
    """Since the run began."""
    reason: str
    """Why it was last down; empty where it never was."""


class State(Answer):
    """Whether somebody still counts."""

    state: Literal["live", "stale"]
    since: str | None
    """Since when it is stale, UTC; None while it is live."""
    reason: str
    """One sentence, e.g. "No job writes to the store.": of a part that is down, which and why."""
    job_started_at: str | None
    job_seen_at: str | None
    starts: int
    """How often a job was started on this store."""
    lag: int | None
    """Records of the topic that are not accounted for; None: not known."""
    lag_by_partition: dict[int, int] | None
    lag_reason: str | None
    """Why the lag is not known."""
    run_started_at: str | None
    """When the run began that supervises the parts, UTC; None where nobody supervises."""
    parts: list[Part]
    """Of that run."""


class Partition(Answer):
    """What was read of one partition since counting began: offsets [start, end)."""

    partition: int
    start: int
    end: int
    counted: int
    late: int
    rejected: int


class Batch(Answer):
    """Spark's own report of a batch: for showing, never for proving."""

    batch: int
    started_at: str
    duration_ms: int
    input_rows: int
    input_rows_per_s: float
    processed_rows_per_s: float
    phases_ms: dict[str, int]
    lag: int
    lag_by_partition: dict[int, int]


class Overview(Answer):
    meta: Meta
    state: State
    accounts: Accounts
    batches: int
    rejected_by_reason: dict[str, int]
    partitions: list[Partition]
    last_batch: Batch | None
    spark_ui: str | None
    """Address of Spark's own UI while the job runs."""


class Usual(Answer):
    """What this weekday and hour had in the weeks before."""

    median: float
    low: float
    """Lower quartile."""
    high: float
    """Upper quartile."""
    n: int
    """Weeks that are known, at most 8."""


class Hour(Answer):
    hour: str
    """Its start."""
    calls: int | None
    """None for the hour that the wall leaves out in March, where no call claims it."""
    state: Literal["complete", "so_far", "repeated", "missing"]
    """`so_far`: the newest call is in it; `repeated`: the wall showed it twice in November."""
    usual: Usual | None
    """None where fewer than 3 weeks are known."""
    stands_out: Literal["high", "low"] | None


class Hours(Answer):
    meta: Meta
    hours: list[Hour]
    """Oldest first, without holes."""


class StandOuts(Answer):
    meta: Meta
    since: str
    until: str
    hours: list[Hour]
    """Those that stand out, newest first."""
    left_out: int
    """Hours that stand out beyond those listed."""
    compared: int
    """Complete hours of the span with a usual value: of so many, these stand out."""


class Named(Answer):
    """Calls under one name."""

    name: str
    calls: int
    share: float
    """Of all calls of the span."""
    before: int | None
    """Calls of the equally long span right before; None where counting began later."""
    change: float | None
    """Against the span before, of hours that are over; None where either has under 20 calls."""


class Names(Answer):
    """One level of: categories, their types, the raw labels of a type."""

    meta: Meta
    since: str
    until: str
    level: Literal["category", "type", "label"]
    category: str | None
    type: str | None
    calls: int
    """Of the span and the chosen category or type, whatever `q` is."""
    names: list[Named]
    """Most calls first."""
    left_out: int
    """Names beyond the limit."""
    left_out_calls: int


class Disposition(Answer):
    code: str
    meaning: str
    official: bool
    """Whether the code is in the city's table."""
    calls: int


class MatrixRow(Answer):
    type: str
    """All notes are one row, unless their category is asked for."""
    calls: int
    by_disposition: list[int]
    """In the order of `dispositions`."""


class Matrix(Answer):
    meta: Meta
    since: str
    until: str
    category: str | None
    dispositions: list[Disposition]
    """Most calls first; every code that occurs. Beyond 60, one more stands for the rarest of those
    outside of the city's table."""
    rows: list[MatrixRow]
    """Most calls first; the last one, "other types", holds what the limit leaves out."""
    left_out: int
    calls: int
    unofficial_calls: int
    """Under codes outside the city's table."""
    not_recorded_calls: int


class Heat(Answer):
    meta: Meta
    since: str
    until: str
    category: str | None
    type: str | None
    calls: list[list[int]]
    """7 rows, Monday first, of 24 hours; of hours that were counted whole."""
    hours: list[list[int]]
    """How many such hours went by while calls were counted: calls / hours is the mean. 0 where the
    span has none."""


class Day(Answer):
    day: str
    calls: int
    complete: bool
    """False for the first and the last day of the count, and where the span has only a part."""


class Days(Answer):
    meta: Meta
    since: str
    until: str
    category: str | None
    type: str | None
    days: list[Day]
    """Oldest first, without holes."""


class Compared(Answer):
    name: str
    calls: int
    per_day: float
    other_calls: int
    other_per_day: float
    change: float | None
    """per_day / other_per_day - 1; None where either has under 20 calls."""


class Comparison(Answer):
    """Of hours that were counted whole."""

    meta: Meta
    since: str
    until: str
    other_since: str
    other_until: str
    days: float
    """That went by while calls were counted."""
    other_days: float
    total: Compared
    categories: list[Compared]
    types: list[Compared]
    """The 25 types with the most calls in both spans together."""


class Span(Answer):
    meta: Meta
    first_hour: str | None
    last_hour: str | None
    """The hour of the newest call."""
    calls: int


class Change(Answer):
    """Calls that a batch added to one cell."""

    batch: int
    committed_at: str
    window: str
    type: str
    """What the label is read as; all notes have one name, because a note may describe a person."""
    label: str
    """As the calls carry it."""
    disposition: str
    added: int
    calls: int
    """Of the cell, now."""


class Changes(Answer):
    meta: Meta
    changes: list[Change]
    """Newest first."""
    left_out: int
    """Changes of the listed batches that are not listed."""


class Batches(Answer):
    meta: Meta
    batches: list[Batch]
    """Oldest first."""


class Snapshot(Answer):
    """What the event stream sends for each committed batch."""

    meta: Meta
    state: State
    accounts: Accounts
    batches: int
    rejected_by_reason: dict[str, int]
    last_batch: Batch | None
    hours: list[Hour]
    """The newest 3."""
    changes: list[Change]
    """The newest known, at most 30, newest first; they may be some batches behind the totals. Those
    above the newest batch that a client has are new to it."""
    changes_left_out: int
    """Changes of the listed batches that are not listed."""
