"""Brings a store of the schema version before up to this one, in one transaction.

Its statements are written out: they say what was changed then, whatever the tables are later.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

MIGRATED_VERSION: Mapping[str, int | None] = {"sqlite": 3, "postgresql": None}
"""By database, the one version that is brought up; older ones are refused. None: there is no older
one, the tables of version 4 were the first there."""

_STATEMENTS = (
    "ALTER TABLE rejected ADD COLUMN batch_id BIGINT",
    "ALTER TABLE late ADD COLUMN batch_id BIGINT",
    "CREATE TABLE set_aside (generation_id INTEGER NOT NULL, partition INTEGER NOT NULL, "
    "reason TEXT NOT NULL, records BIGINT NOT NULL, dropped BIGINT NOT NULL, "
    "kept_from BIGINT NOT NULL, PRIMARY KEY (generation_id, partition, reason), "
    "CONSTRAINT set_aside_dropped CHECK (0 <= dropped AND dropped <= records), "
    "FOREIGN KEY(generation_id) REFERENCES generation (id)) WITHOUT ROWID",
    "INSERT INTO set_aside SELECT generation_id, partition, reason, count(*), 0, 0 "
    "FROM rejected GROUP BY generation_id, partition, reason",
    "INSERT INTO set_aside SELECT generation_id, partition, 'late', count(*), 0, 0 "
    "FROM late GROUP BY generation_id, partition",
    "UPDATE schema_version SET version = 4",
)


def migrate(connection: Connection) -> None:
    """Brings up the tables of a store of version 3, which stands in a transaction."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)
