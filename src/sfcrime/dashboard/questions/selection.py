"""Which cells a question is about, and what is said of their counts. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.answers.api_error import bad_parameter, loading
from sfcrime.dashboard.answers.records import Meta
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.dashboard.memory.labels import CallTypes
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.meta import meta_from
from sfcrime.domain.categories import CATEGORIES

Counts = NDArray[np.int64]

LEAST_FOR_CHANGE = 20
"""Calls that both sides of a percentage must have: of fewer, chance alone makes large ones."""


def columns_of(seen: Seen) -> CellColumns:
    """The cells of this `Seen`.

    Raises:
        ApiError: `loading` while they are read for the first time.
    """
    if seen.columns is None:
        raise loading()
    return seen.columns


def cells_meta(seen: Seen) -> Meta:
    """Of an answer from cells, which may be some batches behind the totals."""
    return meta_from(seen.generation_id, seen.generation, columns_of(seen).totals)


def require_category(category: str | None) -> None:
    """Refuses a category that is none, naming those that are."""
    if category is not None and category not in CATEGORIES:
        raise bad_parameter(
            f"The parameter category cannot be {category!r}: the categories are "
            f"{', '.join(CATEGORIES)}.",
            "choose one of them",
        )


def wanted_labels(
    types: CallTypes, category: str | None, call_type: str | None
) -> NDArray[np.bool_] | None:
    """Of each raw label, whether it is of the category and read as the type; None: all are.

    Raises:
        ApiError: the category is none.
    """
    require_category(category)
    if category is None and call_type is None:
        return None
    wanted = np.ones(len(types.labels), dtype=np.bool_)
    if category is not None:
        wanted &= types.of_category(category)
    if call_type is not None:
        wanted &= types.of_reading(call_type)
    return wanted


def summed_by(numbers: NDArray[np.integer], counts: Counts, length: int) -> Counts:
    """Counts added up by number: entry n is the sum of the counts numbered n."""
    # Sums of doubles are exact below 2**53, far above any number of calls.
    return np.bincount(numbers, weights=counts, minlength=length).astype(np.int64)


def share_of(calls: int, all_calls: int) -> float:
    """A part of all calls, 0 to 1; 0 where there are none."""
    return calls / all_calls if all_calls else 0.0


def change_between(calls: int, before: int, ratio: float | None = None) -> float | None:
    """How much more or less it is, 0.5 for half as much again; None where either side has under 20
    calls.

    Args:
        calls, before: the counts of the two sides.
        ratio: of the two, where it is not that of the counts.
    """
    if min(calls, before) < LEAST_FOR_CHANGE:
        return None
    return (calls / before if ratio is None else ratio) - 1
