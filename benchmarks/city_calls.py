"""Invented calls as batches that a store takes: the habits of the synthetic city, drawn by NumPy.

Types, dispositions and calls an hour follow the city's tables, and the notes in place of a type
have its long tail. Nothing is published: what is made goes into a store through its writer, so
all that a store proves of itself holds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcrime.domain.outcomes import RULES_VERSION, Accounting, Reason
from sfcrime.domain.wall_clock import MICROS, is_missing
from sfcrime.sources.city_notes import other_label
from sfcrime.sources.city_rates import DISPERSION_THOUSANDTHS, HOURLY_CALLS_HUNDREDTHS
from sfcrime.sources.city_tables import (
    DISPOSITION_CODES,
    DRAW_BITS,
    HOURS_OF_WEEK,
    OTHER_TYPE,
    TYPE_LABELS,
    disposition_bounds_by_type,
    type_bounds_by_hour,
)
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.outcome import BatchOutcome, CellColumns
from sfcrime.store.records import Generation, PartitionRange, RejectedRecord
from sfcrime.store.writer import StoreWriter

Integers = NDArray[np.int64]

MOST_LABELS = 30_000
_HOUR_S = 3600
_MONDAY_OFFSET = 3 * 24  # 1970-01-01 was a Thursday
_RECORDS_A_REJECTED = 5_000
_REASONS = (Reason.NOT_JSON, Reason.BAD_CALL_ID, Reason.FIELD_MISSING, Reason.BAD_CALL_TIME)


@dataclass(frozen=True, slots=True)
class Cells:
    """Row i of all columns is one cell; by window, label and code."""

    windows_s: Integers
    """On the wall."""
    labels: Integers
    """Indexes into `CityCalls.labels`."""
    codes: Integers
    """Indexes into `DISPOSITION_CODES`."""
    calls: Integers

    def __len__(self) -> int:
        return len(self.calls)

    def first(self, most: int) -> Cells:
        """The first `most` of them."""
        columns = (self.windows_s, self.labels, self.codes, self.calls)
        return Cells(*(column[:most] for column in columns))


class CityCalls:
    """Draws calls of any hours; the same seed asked for the same hours gives the same calls."""

    def __init__(self, seed: int = 1, labels: int = MOST_LABELS) -> None:
        self._chance = np.random.default_rng(seed)
        notes, self._notes_drawn = _notes(random.Random(seed), labels - len(TYPE_LABELS))  # noqa: S311
        self.labels: Sequence[str] = [*TYPE_LABELS, *notes]
        self._types = [np.array(bounds) for bounds in type_bounds_by_hour()]
        self._dispositions = [np.array(bounds) for bounds in disposition_bounds_by_type()]

    def of_hours(self, first: int, past: int) -> Cells:
        """As many calls as a city has in the hours [first, past), numbered since 1970 on the wall;
        none in the hour that the wall leaves out in March."""
        hours = np.array([h for h in range(first, past) if not is_missing(h * _HOUR_S * MICROS)])
        mean = np.array(HOURLY_CALLS_HUNDREDTHS)[(hours + _MONDAY_OFFSET) % HOURS_OF_WEEK] / 100
        dispersion = DISPERSION_THOUSANDTHS / 1000
        calls = self._chance.negative_binomial(mean / (dispersion - 1), 1 / dispersion)
        return self.of_calls(np.repeat(hours, calls))

    def of_calls(self, hours: Integers) -> Cells:
        """Cells of calls in the given hours, one call for each number."""
        types = self._drawn_types(hours % 24)
        codes = self._drawn_codes(types)
        others = np.flatnonzero(types == OTHER_TYPE)
        types[others] = OTHER_TYPE + self._chance.choice(self._notes_drawn, len(others))
        key = (hours * len(self.labels) + types) * len(DISPOSITION_CODES) + codes
        cells, calls = np.unique(key, return_counts=True)
        rest, codes = np.divmod(cells, len(DISPOSITION_CODES))
        hours, labels = np.divmod(rest, len(self.labels))
        return Cells(hours * _HOUR_S, labels, codes, calls)

    def _drawn_types(self, hours_of_day: Integers) -> Integers:
        found = np.empty(len(hours_of_day), np.int64)
        for hour in np.unique(hours_of_day):
            mine = np.flatnonzero(hours_of_day == hour)
            found[mine] = np.searchsorted(self._types[hour], self._draws(len(mine)), "right")
        return found

    def _drawn_codes(self, types: Integers) -> Integers:
        found = np.empty(len(types), np.int64)
        for each in np.unique(types):
            mine = np.flatnonzero(types == each)
            bounds = self._dispositions[each]
            found[mine] = np.searchsorted(bounds, self._draws(len(mine)), "right")
        return found

    def _draws(self, count: int) -> Integers:
        return self._chance.integers(1 << DRAW_BITS, size=count)


def _notes(chance: random.Random, most: int) -> tuple[list[str], Integers]:
    """Different notes, and which of them was drawn each time until there were so many."""
    numbers: dict[str, int] = {}
    drawn = []
    while len(numbers) < most:
        note = other_label(tuple(chance.getrandbits(DRAW_BITS) for _ in range(8)))
        if note not in TYPE_LABELS:
            drawn.append(numbers.setdefault(note, len(numbers)))
    return list(numbers), np.array(drawn)


class CityBatches:
    """Turns cells into the batches that go on where a store's ledger ends."""

    def __init__(self, city: CityCalls, writer: StoreWriter) -> None:
        (ledger,) = writer.partition_ledger()
        last = writer.last_batch_id()
        self._city = city
        self._next_batch = 0 if last is None else last + 1
        self._next_call_id = ledger.counted + 1
        self._next_offset = ledger.end

    def outcome(self, cells: Cells) -> BatchOutcome:
        """The next batch: these cells, and one rejected record in 5,000."""
        counted = int(cells.calls.sum())
        rejected = (self._next_offset + counted) // _RECORDS_A_REJECTED - (
            self._next_offset // _RECORDS_A_REJECTED
        )
        start, end = self._next_offset, self._next_offset + counted + rejected
        call_ids = np.arange(self._next_call_id, self._next_call_id + counted)
        minutes = call_ids * 7 % 60
        calls_us = (np.repeat(cells.windows_s, cells.calls) + minutes * 60) * MICROS
        number, self._next_batch = self._next_batch, self._next_batch + 1
        self._next_call_id += counted
        self._next_offset = end
        return BatchOutcome(
            batch_id=number,
            cells=self._columns(cells),
            rejected=[
                RejectedRecord(0, end - 1 - each, _REASONS[(number + each) % len(_REASONS)])
                for each in range(rejected)
            ],
            late=[],
            ranges=[PartitionRange(0, start, end, counted=counted, rejected=rejected)],
            accounting=Accounting(read=counted + rejected, counted=counted, rejected=rejected),
            identities=IdentityColumns.of_calls(call_ids, calls_us),
            newest_call_us=int(calls_us.max()) if counted else None,
        )

    def _columns(self, cells: Cells) -> CellColumns:
        used, indexes = np.unique(cells.labels, return_inverse=True)
        texts = pa.array([self._city.labels[each] for each in used], pa.string())
        codes = pa.DictionaryArray.from_arrays(cells.codes, pa.array(DISPOSITION_CODES))
        return CellColumns(
            windows_us=pa.array(cells.windows_s * MICROS),
            call_types=pa.DictionaryArray.from_arrays(indexes, texts),
            dispositions=codes,
            calls=pa.array(cells.calls.astype(np.int64)),
        )


def city_generation() -> Generation:
    """A count of one partition of a synthetic source, from its beginning."""
    return Generation(
        topic="org.sf.police.calls",
        topic_id="yV3m0r0nQ0m2f8q1l5XbXA",
        start_offsets={0: 0},
        lateness_s=604_800,
        window_minutes=60,
        rules_version=RULES_VERSION,
        source_name="synthetic:seed=1:start=2015-01-01",
        source_title="synthetic city (seed 1)",
        synthetic=True,
        created_ms=time.time_ns() // 1_000_000,
    )
