"""A store in each of the databases, where behaviour is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.store.address import PostgresqlAddress, StoreAddress


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StoreAddress:
    """Where a store can be made: a file that is not there, and an empty database."""
    if request.param == "sqlite":
        return tmp_path / "folder" / "sfcrime.db"
    address: PostgresqlAddress = request.getfixturevalue("postgresql_store")
    return address
