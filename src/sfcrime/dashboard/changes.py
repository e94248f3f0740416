"""Which cells the newest batches changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that were added to one cell."""

    batch_id: int
    """The batch that changed the cell's window last."""
    committed_ms: int
    window_s: int
    label: str
    """The raw call type."""
    reading: str
    """What it is read as."""
    disposition: str
    """The raw code."""
    added: int
    calls: int
    """Of the cell, with them."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The newest changes of cells, and how many there were."""

    newest: tuple[Change, ...] = ()
    """At most 500: newest batch first, then newest window, then most calls added."""
    by_batch: Mapping[int, int] | None = None
    """Of each batch in `newest`, how many changes it made, listed or not."""

    @property
    def left_out(self) -> int:
        """Changes of the batches in `newest` that are not listed."""
        raise NotImplementedError

    def of_batch(self, batch_id: int) -> tuple[Change, ...]:
        """Those listed of one batch."""
        return tuple(each for each in self.newest if each.batch_id == batch_id)
