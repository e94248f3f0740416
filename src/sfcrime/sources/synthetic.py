"""The synthetic city as a source: endless calls that are a pure function of (seed, place in time).

Each hour on the wall is drawn by itself from (seed, hour), with a cryptographic hash as the only
source of chance, so any record can be reached without making those before it, and every machine
and Python version makes the same bytes. What the city is like stands in `city_rates`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import count

from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.domain.outcomes import FIRST_YEAR
from sfcrime.domain.wall_clock import from_datetime, to_iso, wall_clock_of
from sfcrime.errors import UsageError
from sfcrime.machine.clock import now_ms
from sfcrime.sources.city_hours import HOUR_US, plan_hour, records_in_hour
from sfcrime.sources.source import Source

_IDENTITY = re.compile(r"synthetic:seed=(\d{1,19}):start=(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class SyntheticCity:
    """What a synthetic source's identity names."""

    seed: int
    start: date
    """Its first day on the wall."""

    @property
    def identity(self) -> SourceIdentity:
        return SourceIdentity(
            name=f"synthetic:seed={self.seed}:start={self.start.isoformat()}",
            title=f"synthetic city (seed {self.seed})",
            synthetic=True,
        )


def parse_synthetic_identity(name: str) -> SyntheticCity | None:
    """The city that an identity's name stands for; None where it names another source."""
    match = _IDENTITY.fullmatch(name)
    if match is None:
        return None
    try:
        return SyntheticCity(int(match[1]), date.fromisoformat(match[2]))
    except ValueError:
        return None


def open_synthetic_source(seed: int, start: date, clock: Callable[[], int] = now_ms) -> Source:
    """An endless source of calls from the first minute of `start` on the wall.

    Records whose time still lies ahead are given too: waiting for it is the reader's part.

    Args:
        seed: 0 to 2**63 - 1; another seed is another city of the same habits.
        clock: the present, in milliseconds since 1970 UTC.

    Raises:
        UsageError: a start before 2000 or after today.
    """
    today = to_iso(wall_clock_of(clock()))[:10]
    if start.year < FIRST_YEAR or start.isoformat() > today:
        raise UsageError(
            f"The synthetic city cannot start on {start.isoformat()}.",
            rule=f"It starts in {FIRST_YEAR} or later and at most today, {today}.",
            next_step="--start YYYY-MM-DD, or leave it out",
        )
    return _SyntheticSource(SyntheticCity(seed, start))


class _SyntheticSource:
    def __init__(self, city: SyntheticCity) -> None:
        self.identity = city.identity
        self.total: int | None = None
        self._seed = city.seed
        self._first_hour = from_datetime(datetime.combine(city.start, time.min)) // HOUR_US
        # Records before each hour, from the first on; grows as far as it is asked for.
        self._before = [0]

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        sequence = start
        for block in count(self._block_of(start)):
            before = self._records_before(block)
            number_of_day = before - self._records_before(block - block % 24)
            records = records_in_hour(self._seed, self._first_hour + block, number_of_day)
            for record in records[sequence - before :]:
                yield SourceRecord(sequence, *record)
                sequence += 1

    def close(self) -> None:
        """Nothing is held."""

    def _block_of(self, sequence: int) -> int:
        """The hour, counted from the first, that holds a record."""
        while self._before[-1] <= sequence:
            self._append_hour()
        return bisect_right(self._before, sequence) - 1

    def _records_before(self, block: int) -> int:
        while len(self._before) <= block:
            self._append_hour()
        return self._before[block]

    def _append_hour(self) -> None:
        plan = plan_hour(self._seed, self._first_hour + len(self._before) - 1)
        self._before.append(self._before[-1] + plan.records)
