"""Made-up identities in the orders that `identities.py` measures: harmless and hostile ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from sfcrime.store.identity_columns import IdentityColumns, Integers

Shape: TypeAlias = Callable[..., Iterator[IdentityColumns]]

_START_US = 946_684_800_000_000  # 2000-01-01
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_SPAN_US = 99 * 365 * _DAY_US
_PER_DAY = 2_900  # 100 million fit into the century


def _numbers(total: int, batch: int, first: int) -> Iterator[tuple[Integers, np.random.Generator]]:
    for start in range(first, first + total, batch):
        yield np.arange(start, min(start + batch, first + total)), np.random.default_rng(start)


def _times(numbers: Integers, rng: np.random.Generator) -> Integers:
    """As the city publishes: by the minute, three in ten some minutes late."""
    late = np.where(rng.random(len(numbers)) < 0.3, rng.exponential(180e6, len(numbers)), 0)
    exact = numbers * (_DAY_US // _PER_DAY) - late.astype(np.int64)
    return _START_US + np.maximum(exact, 0) // _MINUTE_US * _MINUTE_US


def near_ordered(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """Ids YYDDDNNNN that ascend, times in nearly their order."""
    for numbers, rng in _numbers(total, batch, first):
        day, of_day = np.divmod(numbers, _PER_DAY)
        year, day_of_year = np.divmod(day, 365)
        ids = ((year % 100) * 1_000 + day_of_year + 1) * 10_000 + of_day * 3
        yield IdentityColumns.of_calls(ids + rng.integers(0, 3, len(ids)), _times(numbers, rng))


def newest_first(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """The same, backwards."""
    for keys in reversed(list(near_ordered(total, batch, first))):
        yield keys.take(slice(None, None, -1))


def random_ids(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """Random ids of 18 digits, times in nearly their order."""
    for numbers, rng in _numbers(total, batch, first):
        ids = rng.integers(0, 10**18, len(numbers))
        yield IdentityColumns.of_calls(ids, _times(numbers, rng))


def one_id(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """One id with as many call times, to the microsecond and in any order."""
    for numbers, rng in _numbers(total, batch, first):
        times = _START_US + rng.integers(0, _SPAN_US, len(numbers))
        yield IdentityColumns.of_calls(np.full(len(numbers), 180_010_001), times)


def one_hour(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """Random ids, all within the 60 minutes of one hour."""
    for numbers, rng in _numbers(total, batch, first):
        minutes = rng.integers(0, 60, len(numbers)) * _MINUTE_US
        yield IdentityColumns.of_calls(rng.integers(0, 10**18, len(numbers)), _START_US + minutes)


def one_instant(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """Random ids, all of one call time."""
    for numbers, rng in _numbers(total, batch, first):
        ids = rng.integers(0, 10**18, len(numbers))
        yield IdentityColumns.of_calls(ids, np.full(len(ids), _START_US))


def random_times(total: int, batch: int, first: int = 0) -> Iterator[IdentityColumns]:
    """Random ids and random times."""
    for numbers, rng in _numbers(total, batch, first):
        times = _START_US + rng.integers(0, _SPAN_US, len(numbers))
        yield IdentityColumns.of_calls(rng.integers(0, 10**18, len(numbers)), times)


SHAPES: dict[str, Shape] = {
    "near-ordered": near_ordered,
    "newest first": newest_first,
    "random ids": random_ids,
    "one id, random times": one_id,
    "one hour, random ids": one_hour,
    "one instant, random ids": one_instant,
    "random times": random_times,
}
