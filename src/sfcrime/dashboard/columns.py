"""All cells of a generation in memory, as columns, for questions about types and dispositions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcrime.store.records import Totals


@dataclass(frozen=True, slots=True)
class CallTypes:
    """Raw labels by number, and what each is read as.

    A number is a place in these lists and arrays, not the id of the store.
    """

    labels: Sequence[str]
    """Raw labels as the calls carry them. Beyond the bound, one entry stands for several."""
    reading: NDArray[np.int32]
    """Of each label, the number of what it is read as, in `readings`."""
    readings: Sequence[str]
    """What labels are read as: standard descriptions, meanings of codes, notes as they are."""
    category: NDArray[np.int8]
    """Of each label, the number of its category in `domain.categories.CATEGORIES`."""
    reading_category: NDArray[np.int8]
    """Of each reading, likewise."""

    def of_category(self, category: str) -> NDArray[np.bool_]:
        """Of each label, whether it belongs to a category."""
        raise NotImplementedError

    def of_reading(self, reading: str) -> NDArray[np.bool_]:
        """Of each label, whether it is read as this."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class TypeDispositionCalls:
    """Calls by label and disposition code: row i of the columns is one pair, each pair once."""

    labels: NDArray[np.int64]
    """Numbers of `CallTypes.labels`."""
    dispositions: NDArray[np.int64]
    """Numbers of `CellColumns.dispositions`."""
    calls: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CellColumns:
    """All cells of one generation, as one snapshot had them. Immutable; spans are half open,
    seconds on the wall, whole hours."""

    totals: Totals
    """Of the same snapshot: its newest batch, and as many counted calls as the cells hold."""
    types: CallTypes
    dispositions: Sequence[str]
    """Raw codes by number."""

    def by_label(self, since_s: int, until_s: int) -> NDArray[np.int64]:
        """Calls of each label of `types.labels`."""
        raise NotImplementedError

    def by_label_and_disposition(self, since_s: int, until_s: int) -> TypeDispositionCalls:
        raise NotImplementedError

    def by_hour(
        self, since_s: int, until_s: int, wanted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Calls of each hour of the span, 0 outside of the count.

        Args:
            since_s, until_s: the span.
            wanted: of each label, whether its calls are wanted; None: all.
        """
        raise NotImplementedError
