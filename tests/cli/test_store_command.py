"""`sfcrime store copy`: its names, what it prints, and whom it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postgres_server import PostgresDatabase
from sfcrime.cli.main import main
from sfcrime.errors import EXIT_FAILURE, EXIT_UNREACHABLE, EXIT_USAGE
from sfcrime.machine.own_folder import MARK
from sfcrime.pipeline.stream import job_lock
from sfcrime.store import STORE_FILE, postgresql
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a store of one batch."""
    folder = tmp_path / "data"
    folder.mkdir()
    with open_writer(folder / STORE_FILE, history_rows=10) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
    return folder


@pytest.fixture
def url(postgres_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of an empty database, whose password is known by the setting."""
    monkeypatch.setattr(postgresql, "MUST_BE_ON", ())
    monkeypatch.setenv("SFCRIME_STORE_PASSWORD_FILE", str(postgres_database.password_file))
    return postgres_database.url


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["store", "copy", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_store_is_copied_to_a_database_and_back_to_a_folder_that_is_made(
    data: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(data), url) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"Copied to {url}: 27 rows, each compared.",
        "Numbers: read 11, counted 7, duplicate 1, late 1, rejected 2, gaps 1; 1 batches.",
        "A job goes on in topic org.sf.police.calls at offsets 0:7, 1:15.",
    ]
    assert said.err.split("\n") == ["checking the store", "copying", "comparing", ""]

    back = tmp_path / "back"
    assert run(url, str(back), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accounting"]["counted"] == 7
    assert document["ledger_ends"] == {"0": 7, "1": 15}
    assert document["rows"]["identity_block"] == 1
    assert (document["source"], document["target"]) == (url, str(back))
    assert sorted(each.name for each in back.iterdir()) == [MARK, STORE_FILE, "stream.lock"]
    assert back.stat().st_mode & 0o777 == 0o700
    assert (back / STORE_FILE).stat().st_mode & 0o777 == 0o600


def test_names_that_name_no_store_are_refused(
    data: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(data / STORE_FILE), url) == EXIT_USAGE
    assert f"name the folder: {data}" in capsys.readouterr().err
    assert run(str(tmp_path / "none"), url) == EXIT_UNREACHABLE
    assert "There is no store at" in capsys.readouterr().err
    assert run(str(data), url.replace("sfcrime@", "sfcrime:word@")) == EXIT_USAGE
    error = capsys.readouterr().err
    assert "holds a password" in error
    assert "word@" not in error


def test_a_folder_that_holds_a_store_and_one_on_which_a_job_runs_are_refused(
    data: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(data), url) == 0
    assert run(url, str(data)) == EXIT_USAGE
    assert "holds something already" in capsys.readouterr().err

    with job_lock(tmp_path / "running"):
        assert run(url, str(tmp_path / "running")) == EXIT_FAILURE
    assert "Another job works in" in capsys.readouterr().err
