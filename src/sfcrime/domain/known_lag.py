"""How far a topic is ahead of the ledger, or why that is not known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lag:
    """Offsets that the ledger has not reached; both None where they are not known."""

    by_partition: dict[int, int] | None
    reason: str | None
    """Why they are not known."""

    @property
    def records(self) -> int | None:
        return None if self.by_partition is None else sum(self.by_partition.values())
