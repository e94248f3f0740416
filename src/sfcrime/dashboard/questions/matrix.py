"""Calls by type and disposition. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from sfcrime.dashboard.answers.records import Disposition, Matrix, MatrixRow
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.hours import counted_span
from sfcrime.dashboard.questions.parameters import MatrixForm, span_of
from sfcrime.dashboard.questions.selection import (
    Counts,
    cells_meta,
    columns_of,
    summed_by,
    wanted_labels,
)
from sfcrime.domain.dispositions import OFFICIAL_CODES, describe

_DEFAULT_HOURS = 24
_MOST_CODES = 60
"""The calls of a year have some 35; a topic may carry any text."""
_NOT_RECORDED = ("", "Not recorded")
_OTHER_TYPES = "other types"
_OTHER_CODES = "other dispositions"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of the matrix: its names, and where each number of the cells belongs."""

    names: list[str]
    place: NDArray[np.int64]
    """Of each number, the place of its name."""
    folded: int
    """Names that the last place stands for; 0: it stands for itself."""


def matrix_of(seen: Seen, form: MatrixForm) -> Matrix:
    """Types by calls, each by disposition. Codes are merged as in reports: "22" is "CAN"."""
    columns = columns_of(seen)
    types = columns.types
    span = span_of(form.since, form.until, counted_span(seen), _DEFAULT_HOURS)
    pairs = columns.by_label_and_disposition(span.since_s, span.until_s)
    wanted = wanted_labels(types, form.category, None)
    calls = pairs.calls if wanted is None else pairs.calls * wanted[pairs.labels]
    readings = types.reading[pairs.labels]
    down = _types(types.readings, summed_by(readings, calls, len(types.readings)), form.limit)
    by_code = summed_by(pairs.dispositions, calls, len(columns.dispositions))
    across = _codes(columns.dispositions, by_code)
    height, width = len(down.names), len(across.names)
    cells = down.place[readings] * width + across.place[pairs.dispositions]
    table = summed_by(cells, calls, height * width)[: height * width].reshape(height, width)
    dispositions = [
        _disposition(code, count, across.folded > 0 and at == width - 1)
        for at, (code, count) in enumerate(
            zip(across.names, table.sum(axis=0).tolist(), strict=True)
        )
    ]
    return Matrix(
        meta=cells_meta(seen),
        since=span.since,
        until=span.until,
        category=form.category,
        dispositions=dispositions,
        rows=[
            MatrixRow(type=name, calls=int(row.sum()), by_disposition=row.tolist())
            for name, row in zip(down.names, table, strict=True)
        ],
        left_out=down.folded,
        calls=int(table.sum()),
        unofficial_calls=sum(each.calls for each in dispositions if not each.official),
        not_recorded_calls=sum(each.calls for each in dispositions if each.code in _NOT_RECORDED),
    )


def _disposition(code: str, calls: int, folded: bool) -> Disposition:
    if folded:
        return Disposition(code=code, meaning="several codes", official=False, calls=calls)
    known = describe(code)
    return Disposition(code=code, meaning=known.meaning, official=known.official, calls=calls)


def _types(readings: Sequence[str], calls: Counts, limit: int) -> _Side:
    """Those with the most calls, and one place for all others that have any."""
    found = np.flatnonzero(calls).tolist()
    kept = nsmallest(limit, found, key=lambda at: (-calls[at], readings[at]))
    place = np.full(len(readings), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    names, folded = [readings[at] for at in kept], len(found) - len(kept)
    if folded:
        names.append(_new_name(_OTHER_TYPES, names))
    return _Side(names, place, folded)


def _codes(raw_codes: Sequence[str], calls: Counts) -> _Side:
    """Merged codes, most calls first; where there are very many, one place for the rarest of those
    outside of the city's table."""
    found = np.flatnonzero(calls).tolist()
    merged = {at: describe(raw_codes[at]).merged_code for at in found}
    sums: Counter[str] = Counter()
    for at, code in merged.items():
        sums[code] += int(calls[at])
    codes = sorted(sums, key=lambda code: (-sums[code], code))
    if len(codes) > _MOST_CODES:
        official = [code for code in codes if code in OFFICIAL_CODES]
        others = [code for code in codes if code not in OFFICIAL_CODES]
        kept = {*official, *others[: _MOST_CODES - 1 - len(official)]}
    else:
        kept = set(codes)
    names = [code for code in codes if code in kept]
    folded = len(codes) - len(names)
    places = {code: at for at, code in enumerate(names)}
    place = np.full(len(raw_codes), len(names), dtype=np.int64)
    for at, code in merged.items():
        place[at] = places.get(code, len(names))
    if folded:
        names.append(_new_name(_OTHER_CODES, names))
    return _Side(names, place, folded)


def _new_name(name: str, taken: Sequence[str]) -> str:
    """The name, changed where a call carries it itself."""
    while name in taken:
        name += " (folded)"
    return name
