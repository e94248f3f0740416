"""The local PostgreSQL server's life: start, stop, ports, locks, what is left by the killed."""

from __future__ import annotations

from postgres_server import PostgresDatabase


def test_a_test_gets_an_empty_database_and_is_no_superuser(
    postgres_database: PostgresDatabase,
) -> None:
    with postgres_database.connect() as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        role = connection.execute(
            "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert tables == (0,)
    assert role == ("sfcrime", False)
