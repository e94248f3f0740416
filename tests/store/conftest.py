"""A store in each of the databases, where behaviour is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgres_server import PostgresDatabase
from sfcrime.store import postgresql
from sfcrime.store.address import PostgresqlAddress, StoreAddress


@pytest.fixture
def postgresql_store(
    postgres_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> PostgresqlAddress:
    """An empty database of the tests' own server, which syncs nothing and is allowed to here."""
    monkeypatch.setattr(postgresql, "MUST_BE_ON", ("synchronous_commit",))
    return PostgresqlAddress(postgres_database.url, str(postgres_database.password_file))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StoreAddress:
    """Where a store can be made: a file that is not there, and an empty database."""
    if request.param == "sqlite":
        return tmp_path / "folder" / "sfcrime.db"
    address: PostgresqlAddress = request.getfixturevalue("postgresql_store")
    return address
