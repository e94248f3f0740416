"""Commands on a store in PostgreSQL, and what of it none of them shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Run
from postgres_server import PostgresDatabase
from sfcrime.store.address import PostgresqlAddress
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, progress_of


@pytest.fixture
def url(
    postgresql_store: PostgresqlAddress,
    postgres_database: PostgresDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Of a store with two batches; its password is in the environment."""
    with open_writer(postgresql_store, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        for outcome in (FIRST, SECOND):
            writer.commit_batch(outcome)
            writer.record_progress(progress_of(outcome.batch_id))
    monkeypatch.setenv("PGPASSWORD", postgres_database.password)
    return postgresql_store.url


def test_what_reads_a_store_reads_it_from_the_database(url: str, run: Run) -> None:
    status = json.loads(run("status", "--store-url", url, "--json").out)
    assert status["accounting"] == {
        "read": 15, "counted": 10, "duplicate": 1, "late": 1, "rejected": 3, "gaps": 1,
    }  # fmt: skip
    report = run("report", "--store-url", url, "--by", "type", "--json")
    assert report.code == 0
    assert sum(each["calls"] for each in json.loads(report.out)["rows"]) == 10
    listed = run("identities", "--store-url", url, "--json").out
    assert len(listed.splitlines()) >= 10
    rejected = json.loads(run("rejected", "--store-url", url, "--json").out)
    assert rejected["total"] == 3


def test_doctor_says_that_the_database_is_sound_or_what_it_could_lose(
    url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"sound, 15 records accounted for: {url}" in _unwrapped(
        run("doctor", "--store-url", url).out
    )
    monkeypatch.setattr("sfcrime.store.postgresql.MUST_BE_ON", ("fsync",))
    assert "has fsync=off" in run("doctor", "--store-url", url).out


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_a_backup_of_a_database_is_left_to_its_own_programs(
    url: str, run: Run, tmp_path: Path
) -> None:
    refused = run("backup", "--store-url", url, str(tmp_path / "backup"))
    assert refused.code == 2
    assert "is in a database" in refused.err
    assert f"pg_dump --format=custom --file=store.dump {url}" in refused.err
    assert not (tmp_path / "backup").exists()


def test_a_password_in_a_url_is_refused_by_every_command_and_not_shown(run: Run) -> None:
    for command in ("status", "report", "run", "rebuild", "audit", "doctor"):
        refused = run(command, "--store-url", "postgresql://me:gehe1m@127.0.0.1:1/calls")
        said = refused.out + refused.err
        assert "gehe1m" not in said, command
        assert "holds a password" in said, command
