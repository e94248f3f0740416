"""What every source offers: records in publication order, from any place on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sfcrime.domain.calls import SourceIdentity, SourceRecord

SYNTHETIC = "synthetic"
"""What names the synthetic city, alone."""


class Source(Protocol):
    """A source of calls. Reading it twice gives the same records."""

    @property
    def identity(self) -> SourceIdentity:
        """Stable across machines and restarts."""

    @property
    def total(self) -> int | None:
        """How many records there are; None where they never end."""

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        """The records whose sequence is `start` or more, in publication order.

        May be called again, also after an earlier iterator was left unfinished. An endless
        source yields records whose publication time still lies ahead: waiting is the reader's
        part.
        """

    def close(self) -> None:
        """Frees what the source holds (files, memory); idempotent. No reading after it."""
