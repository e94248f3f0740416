"""The cells that the store shows, dealt to piles by window, with the labels they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.recount import Label, Labels
from sfcrime.audit.repeats import CELL
from sfcrime.audit.share_count import in_piles, pile_of_window
from sfcrime.audit.spill import CHUNK_ROWS, Rows, Spill
from sfcrime.store.reader import StoreReader

_PAIR_BITS = 32
"""A pair of labels is packed into a number: that of the call type above that of the disposition,
each as it was first met."""


class StoredCells:
    """The cells of one generation.

    Args:
        store: is read once, here.
        spill: takes the cells.
        piles: they are dealt to so many.
    """

    def __init__(self, store: StoreReader, spill: Spill, piles: int) -> None:
        self._spill = spill
        types, codes = dict[int, int](), dict[int, int]()
        pairs = np.empty(0, np.int64)
        for columns in _columns(store.numbered_cells()):
            cells = np.empty(len(columns), CELL)
            cells["window_s"], cells["calls"] = columns[:, 0], columns[:, 3]
            cells["label"] = _numbered(columns[:, 1], types) << _PAIR_BITS
            cells["label"] |= _numbered(columns[:, 2], codes)
            pairs = np.union1d(pairs, cells["label"])
            for pile, some in in_piles(cells, pile_of_window(cells["window_s"], piles)):
                spill.append(_file(pile), some)
        self._known = _labels(store, pairs, list(types), list(codes))

    @property
    def labels(self) -> Iterable[Label]:
        """Of all cells; a cell without a label is shown by no report, and by none of these."""
        return self._known.values()

    def numbering(self, labels: Labels) -> None:
        """Settles what numbers labels get in `of_pile`; all of them are known there."""
        self._pairs = np.fromiter(self._known, np.int64)
        order = np.argsort(self._pairs)
        self._pairs, self._numbers = self._pairs[order], labels.numbers(self.labels)[order]

    def of_pile(self, pile: int) -> Rows:
        """The cells of a pile, once; those that have labels."""
        cells = self._spill.load(_file(pile), CELL)
        self._spill.remove(_file(pile))
        cells = cells[np.isin(cells["label"], self._pairs)]
        cells["label"] = self._numbers[np.searchsorted(self._pairs, cells["label"])]
        return cells


def _file(pile: int) -> str:
    return f"stored-cells-{pile}"


def _columns(pages: Iterable[Sequence[tuple[int, ...]]]) -> Iterator[NDArray[np.int64]]:
    """Rows of four columns, many at a time."""
    waiting, rows = list[NDArray[np.int64]](), 0
    for page in pages:
        flat = np.fromiter(chain.from_iterable(page), np.int64, 4 * len(page))
        waiting.append(flat.reshape(-1, 4))
        rows += len(page)
        if rows >= CHUNK_ROWS:
            yield np.concatenate(waiting)
            waiting, rows = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _numbered(ids: NDArray[np.int64], known: dict[int, int]) -> NDArray[np.int64]:
    """Ids of the store as numbers from 0, in the order in which they are first met."""
    found, places = np.unique(ids, return_inverse=True)
    numbers = [known.setdefault(each, len(known)) for each in found.tolist()]
    return np.array(numbers, np.int64)[places]


def _labels(
    store: StoreReader, pairs: NDArray[np.int64], types: Sequence[int], codes: Sequence[int]
) -> dict[int, Label]:
    """Labels by pair; a pair of which the store has no text is not there."""
    type_texts, code_texts = store.call_type_texts(types), store.disposition_texts(codes)
    found: dict[int, Label] = {}
    for pair in pairs.tolist():
        call_type = type_texts.get(types[pair >> _PAIR_BITS])
        code = code_texts.get(codes[pair & (1 << _PAIR_BITS) - 1])
        if call_type is not None and code is not None:
            found[pair] = (call_type, code)
    return found
