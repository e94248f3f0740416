"""A store for tests of identities: tiny bounds, so that few rows reach many levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, insert

from sfcrime.store import rows, schema, sqlite
from sfcrime.store.identities import Identities
from sfcrime.store.identity_blocks import StoredBlock, block_faults, stored_identities
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.identity_levels import IdentityBounds
from store_samples import GENERATION

Key = tuple[int, int, int]
"""Call id, call time in microseconds, stage."""

TINY = IdentityBounds(
    block_identities=4,
    block_bytes=40,
    level_0_identities=6,
    level_0_blocks=3,
    level_1_identities=8,
    growth=2,
    cache_bytes=200,
    live_cache_bytes=100,
)


@contextmanager
def opened(folder: Path) -> Iterator[Engine]:
    """A store with generations 1 and 2."""
    engine = sqlite.open_for_writing(folder / "sfcrime.db")
    schema.metadata.create_all(engine)
    shape = rows.from_generation(GENERATION)
    with engine.begin() as connection:
        for number in (1, 2):
            values = shape | {"id": number}
            connection.execute(insert(schema.generation).values(values))
    try:
        yield engine
    finally:
        engine.dispose()


def columns(keys: Iterable[Key]) -> IdentityColumns:
    """Keys as columns, in their order."""
    listed = list(keys)
    return IdentityColumns.of_calls(
        [each[0] for each in listed], [each[1] for each in listed], [each[2] for each in listed]
    )


def keys_of(found: IdentityColumns) -> list[Key]:
    """Columns as keys, in their order."""
    return list(
        zip(found.call_ids.tolist(), found.calls_us.tolist(), found.stages.tolist(), strict=True)
    )


def loaded(engine: Engine, bounds: IdentityBounds = TINY, number: int = 1) -> Identities:
    """What a writer that was just opened knows."""
    identities = Identities(bounds)
    identities.turn_to(number)
    held(engine, identities)
    return identities


def held(engine: Engine, identities: Identities) -> int:
    """How many a writer holds."""
    with engine.begin() as connection:
        return identities.held(connection)


def write(connection: Connection, identities: Identities, keys: Iterable[Key]) -> list[bool]:
    """Adds what is new, without keeping it; which rows were."""
    batch = columns(keys)
    first = identities.first_copies(connection, batch)
    identities.add(connection, batch.take(first))
    return [bool(each) for each in first]


def commit(engine: Engine, identities: Identities, keys: Iterable[Key]) -> list[bool]:
    """One batch in one transaction; which of its rows were new."""
    with engine.begin() as connection:
        new = write(connection, identities, keys)
    identities.keep()
    return new


def blocks(engine: Engine, number: int = 1) -> list[StoredBlock]:
    """Every block of the generation."""
    with engine.begin() as connection:
        return list(stored_identities(connection, number))


def stored(engine: Engine, number: int = 1) -> list[Key]:
    """Every identity in the store, sorted."""
    return sorted(key for block in blocks(engine, number) for key in keys_of(block.rows))


def faults(engine: Engine) -> list[str]:
    """What is wrong with the blocks."""
    return list(block_faults(blocks(engine)))
