"""Which ledger is read: the same number of a generation may mean another count."""

from __future__ import annotations

from dataclasses import dataclass

from sfcrime.store.address import StoreAddress
from sfcrime.store.records import Generation
from sfcrime.store.written_state import file_identity


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Equal as long as one ledger goes on. A rebuild begins another generation; a new store begins
    with the same number again."""

    file: tuple[int, int] | None
    number: int
    created_ms: int
    topic_id: str


def identity_of(store: StoreAddress, number: int, generation: Generation) -> LedgerIdentity:
    """Of the generation `number` of the store."""
    file = file_identity(store)
    return LedgerIdentity(file, number, generation.created_ms, generation.topic_id)
