"""Brings a store of the schema version before up to this one, in one transaction.

Its statements are written out: they say what was changed then, whatever the tables are later.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

MIGRATED_VERSION: Mapping[str, int | None] = {"sqlite": 4, "postgresql": None}
"""By database, the one version that is brought up; older ones are refused. None: there is no older
one, the tables of version 5 were the first there."""

_STATEMENTS = (
    "ALTER TABLE partition_ledger ADD COLUMN leader_epoch BIGINT DEFAULT (-1) NOT NULL",
    "ALTER TABLE batch_range ADD COLUMN leader_epoch BIGINT DEFAULT (-1) NOT NULL",
    "UPDATE schema_version SET version = 5",
)


def migrate(connection: Connection) -> None:
    """Brings up the tables of a store of version 4, which stands in a transaction."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)
