"""Call types and disposition codes of one generation in memory: numbered as they are met.

The store's ids are not used as numbers: an id that no cell has any more may be given to another
label, and hostile records may bring a million different labels, of which most are kept without
their text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfcrime.domain.call_types import read_call_type
from sfcrime.domain.categories import CATEGORIES, NOTES, category_of
from sfcrime.domain.dispositions import OFFICIAL_CODES
from sfcrime.errors import StoreUnavailable

LABELS_NAMED = 65_536
"""Raw call types that keep their own text; real ones of ten years are some 30,000. With 256 bytes
each they take 20 MB. Those first met beyond them share one entry for each thing they are read as.
"""
CODES_NAMED = 1_024
"""The same of disposition codes, of which real ones are some 30; official ones keep their own."""

OTHER_NOTES = "other notes"
"""Stands for the labels beyond `LABELS_NAMED` that are read as themselves."""
OTHER_CODES = "other codes"

_ASKED_AT_ONCE = 500


Texts: TypeAlias = Callable[[Collection[int]], Mapping[int, str]]
"""Gives the texts of labels by id."""


@dataclass(frozen=True, slots=True)
class CallTypes:
    """Raw labels by number, and what each is read as.

    A number is a place in these lists and arrays, not the id of the store.
    """

    labels: Sequence[str]
    """Raw labels as the calls carry them. Beyond `LABELS_NAMED`, one entry stands for several."""
    reading: NDArray[np.int32]
    """Of each label, the number of what it is read as, in `readings`."""
    readings: Sequence[str]
    """What labels are read as: standard descriptions, meanings of codes, notes as they are."""
    category: NDArray[np.int8]
    """Of each label, the number of its category in `domain.categories.CATEGORIES`."""
    reading_category: NDArray[np.int8]
    """Of each reading, likewise."""

    def of_category(self, category: str) -> NDArray[np.bool_]:
        """Of each label, whether it belongs to a category; of none if there is no such one."""
        number = CATEGORIES.index(category) if category in CATEGORIES else -1
        found: NDArray[np.bool_] = self.category == number
        return found

    def of_reading(self, reading: str) -> NDArray[np.bool_]:
        """Of each label, whether it is read as this."""
        number = self.readings.index(reading) if reading in self.readings else -1
        found: NDArray[np.bool_] = self.reading == number
        return found


class CallTypeEntries:
    """The call types met so far; grows, and never changes what it has."""

    def __init__(self, named: int = LABELS_NAMED) -> None:
        self._named = named
        self._labels: list[str] = []
        self._reading: list[int] = []
        self._readings: dict[str, int] = {}
        self._category: list[int] = []
        self._shared: dict[str, int] = {}
        self._types: CallTypes | None = None

    def add(self, label: str) -> int:
        """The number of a label that was not met before."""
        reading = read_call_type(label)
        if len(self._labels) < self._named:
            return self._new(label, reading)
        if category_of(reading) == NOTES:
            label = reading = OTHER_NOTES
        else:
            label = f"{reading} (other labels)"
        if reading not in self._shared:
            self._shared[reading] = self._new(label, reading)
        return self._shared[reading]

    def _new(self, label: str, reading: str) -> int:
        number = self._readings.setdefault(reading, len(self._readings))
        if number == len(self._category):
            self._category.append(CATEGORIES.index(category_of(reading)))
        self._labels.append(label)
        self._reading.append(number)
        self._types = None
        return len(self._labels) - 1

    def types(self) -> CallTypes:
        """All of them as they are now."""
        if self._types is None:
            reading = np.array(self._reading, np.int32)
            of_reading = np.array(self._category, np.int8)
            self._types = CallTypes(
                labels=tuple(self._labels),
                reading=reading,
                readings=tuple(self._readings),
                category=of_reading[reading],
                reading_category=of_reading,
            )
        return self._types


class CodeEntries:
    """The disposition codes met so far, likewise."""

    def __init__(self, named: int = CODES_NAMED) -> None:
        self._named = named
        self._codes: list[str] = []
        self._shared: int | None = None

    def add(self, code: str) -> int:
        """The number of a code that was not met before."""
        if len(self._codes) < self._named or code in OFFICIAL_CODES:
            return self._new(code)
        if self._shared is None:
            self._shared = self._new(OTHER_CODES)
        return self._shared

    def _new(self, code: str) -> int:
        self._codes.append(code)
        return len(self._codes) - 1

    def codes(self) -> tuple[str, ...]:
        """All of them as they are now."""
        return tuple(self._codes)


class Numbers:
    """Numbers in place of the store's ids of labels: 4 bytes an id.

    Args:
        add: gives a label that was not met before its number.
    """

    def __init__(self, add: Callable[[str], int]) -> None:
        self._add = add
        self._of_id = np.full(0, -1, np.int32)

    def of(self, ids: NDArray[np.int64], texts: Texts) -> NDArray[np.int64]:
        """The number of each id.

        Args:
            ids: as cells of the generation have them.
            texts: those of the store.

        Raises:
            StoreUnavailable: the store has no label of an id.
        """
        if not len(ids):
            return np.zeros(0, np.int64)
        newest = int(ids.max())
        if newest >= len(self._of_id):
            more = np.full(newest + 1 - len(self._of_id) + len(self._of_id) // 8, -1, np.int32)
            self._of_id = np.concatenate([self._of_id, more])
        if len(unknown := np.unique(ids[self._of_id[ids] < 0])):
            self._learn(unknown.tolist(), texts)
        return self._of_id[ids].astype(np.int64)

    def _learn(self, unknown: list[int], texts: Texts) -> None:
        for start in range(0, len(unknown), _ASKED_AT_ONCE):
            some = unknown[start : start + _ASKED_AT_ONCE]
            found = texts(some)
            if len(found) < len(some):
                raise StoreUnavailable(
                    f"The store lacks the text of {len(some) - len(found):,} labels of its cells."
                )
            for number in some:
                self._of_id[number] = self._add(found[number])
