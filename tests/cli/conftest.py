"""A filled store in a data folder, and the command run as a user runs it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sfcrime.cli.main import main
from sfcrime.store import STORE_FILE
from sfcrime.store.records import Generation
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, progress_of

COMMITTED_MS = 1_538_500_061_789


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def fill_store(data_dir: Path, generation: Generation = GENERATION) -> None:
    """Two batches, their progress, and a time of commit that does not depend on the clock."""
    with open_writer(data_dir / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(generation)
        for outcome in (FIRST, SECOND):
            writer.commit_batch(outcome)
            writer.record_progress(progress_of(outcome.batch_id))
    connection = sqlite3.connect(data_dir / STORE_FILE)
    connection.execute(f"UPDATE totals SET committed_ms = {COMMITTED_MS}")  # noqa: S608
    connection.commit()
    connection.close()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    fill_store(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `sfcrime ARGUMENTS` in this process, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SFCRIME_DATA_DIR", str(tmp_path))

    def run_command(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        captured = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return Ran(code, captured.out, captured.err)

    return run_command
