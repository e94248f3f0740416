"""Makes the calls that records are made of: ids, real times, labels; some of them repeatedly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple, TypeVar

import fuzz_tables as tables

_Choice = TypeVar("_Choice")
_EPOCH = datetime(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = datetime(2000, 1, 1), datetime(2099, 12, 31)
_DAYS = (_LAST_DAY - _FIRST_DAY).days + 1
_MICROSECOND = timedelta(microseconds=1)

PLAIN_LABELS = [label.encode() for label in tables.LABELS]


class Dice:
    """Random choices, made with as little work as there can be: a run makes a billion."""

    def __init__(self, random: Random) -> None:
        self._random = random.random

    def _below(self, bound: int) -> int:
        return int(self._random() * bound)

    def _one_of(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[int(self._random() * len(choices))]


class MadeCall(NamedTuple):
    """What a valid record says, as it is written in JSON strings."""

    call_id: bytes
    time: bytes
    call_us: int
    """The same time, microseconds on the wall."""
    call_type: bytes
    disposition: bytes


class CallMaker(Dice):
    """Makes calls, always the same ones from the same random numbers."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._days = [self._random_day() for _ in range(40)]
        # Few enough for the judge to remember: what it has seen takes another way through it.
        self._clocks = [self._random_clock() for _ in range(60)]
        self._recent: list[MadeCall] = []
        self._conflicting = random.choice((0.0, 0.0, 0.002, 0.1))
        """How many repeats differ from the first copy in a cell's field."""

    def next_call(self) -> MadeCall:
        """A call: new, one that was made before, or one with the identity of such."""
        if self._recent and self._random() < 0.25:
            before = self._one_of(self._recent)
            if self._random() >= self._conflicting:
                return before
            return before._replace(disposition=self._one_of(PLAIN_LABELS))
        time, call_us = self._real_time()
        digits = b"%d" % self._below(10 ** (1 + self._below(18)))
        if self._random() < 0.05:
            digits = digits.zfill(1 + self._below(18))
        call = MadeCall(
            digits, time, call_us, self._one_of(PLAIN_LABELS), self._one_of(PLAIN_LABELS)
        )
        if len(self._recent) < 2_000:
            self._recent.append(call)
        else:
            self._recent[self._below(2_000)] = call
        return call

    def _real_time(self) -> tuple[bytes, int]:
        if self._random() < 0.05:
            text = self._one_of(tables.SEAM_TIMES)
            return text.encode(), (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
        day, midnight_us = self._one_of(self._days)
        clock, us = self._one_of(self._clocks) if self._random() < 0.7 else self._random_clock()
        return day + clock, midnight_us + us

    def _random_clock(self) -> tuple[bytes, int]:
        """A time of day with none to six digits of a fraction, and its microseconds."""
        second = self._below(86_400)
        clock = b"%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
        digits = self._below(13) - 6
        if digits < 0:
            return clock, second * 1_000_000
        if digits == 0:
            return clock + b".000", second * 1_000_000
        fraction = self._below(10**digits)
        us = second * 1_000_000 + fraction * 10 ** (6 - digits)
        return clock + b".%0*d" % (digits, fraction), us

    def _random_day(self) -> tuple[bytes, int]:
        day = _FIRST_DAY + timedelta(days=self._below(_DAYS))
        return day.strftime("%Y-%m-%dT").encode(), (day - _EPOCH) // _MICROSECOND
