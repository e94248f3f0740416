"""The page's watch over a store in PostgreSQL."""

from __future__ import annotations

from counted_store import CountedStore
from postgres_server import PostgresDatabase
from running import wait_until
from sfcrime.dashboard.memory.seen import Watch
from sfcrime.store.address import PostgresqlAddress

NINE = "2018-10-02T09:00"


def test_batches_are_seen_and_so_are_those_after_a_lost_connection(
    postgresql_store: PostgresqlAddress, postgres_database: PostgresDatabase
) -> None:
    watch = Watch(postgresql_store, lambda _: None)

    def seen() -> int:
        return watch.seen.totals.accounting.counted if watch.seen else 0

    watch.start()
    try:
        with CountedStore(postgresql_store) as store:
            store.count([(NINE, "Passing Call", "HAN", 3)])
            wait_until(lambda: seen() == 3, "the first batch to be seen")
            with postgres_database.connect() as admin:
                ended = admin.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    "WHERE application_name IN ('sfcrime reader', 'sfcrime look')"
                ).fetchall()
            assert ended, "no connection was lost"
            store.count([(NINE, "Passing Call", "HAN", 4)])
            wait_until(lambda: seen() == 7, "the second batch to be seen")
            assert watch.restarts == 0
    finally:
        watch.stop()
