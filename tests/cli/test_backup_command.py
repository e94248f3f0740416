"""What `sfcrime backup` and `sfcrime restore` print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Run
from sfcrime.cli.backup import size_text
from sfcrime.store.schema import SCHEMA_VERSION

NUMBERS = [
    "Numbers: read 15, counted 10, duplicate 1, late 1, rejected 3, gaps 1; 2 batches, the newest "
    "of 2018-10-02T17:07:41.789Z.",
    "Ledger of topic org.sf.police.calls (id yV3m0r0nQ0m2f8q1l5XbXA): up to offsets 0:11, 1:15.",
    "Records of the topic: none, they stay in its cluster.",
]


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the data folder."""
    return tmp_path_factory.mktemp("elsewhere")


def test_a_backup_says_how_the_numbers_stand_and_so_does_its_restore(
    data_dir: Path, elsewhere: Path, run: Run
) -> None:
    made = run("backup", str(elsewhere / "backups" / "monday"), "--store-only")

    assert (made.code, made.err) == (0, "copying the store\n")
    lines = made.out.splitlines()
    assert lines[0].startswith(f"Backed up to {elsewhere}/backups/monday: ")
    assert lines[1:] == NUMBERS

    new = elsewhere / "new"
    back = run("restore", str(elsewhere / "backups" / "monday"), "--data-dir", str(new))

    assert (back.code, back.err) == (0, "checking the backup\nrestoring\n")
    first, *numbers, last = back.out.splitlines()
    assert first.startswith("Restored ")
    assert first.endswith(f"Z to {new}.")
    assert numbers == NUMBERS
    assert last.startswith("The next start on it (sfcrime run, or sfcrime stream) goes on")


def test_the_manifest_is_printed_for_programs(data_dir: Path, elsewhere: Path, run: Run) -> None:
    made = json.loads(run("backup", str(elsewhere / "b"), "--store-only", "--json").out)

    assert made.pop("made_at").endswith("Z")
    assert set(made.pop("versions")) == {"sfcrime", "python", "pyspark", "java", "kafka_client"}
    assert made.pop("bytes") > 50_000
    assert made == {
        "format": 1,
        "schema_version": SCHEMA_VERSION,
        "topic": "org.sf.police.calls",
        "topic_id": "yV3m0r0nQ0m2f8q1l5XbXA",
        "holds_topic": False,
        "batches": 2,
        "committed_at": "2018-10-02T17:07:41.789Z",
        "accounting": {
            **{"read": 15, "counted": 10, "duplicate": 1},
            **{"late": 1, "rejected": 3, "gaps": 1},
        },
        "ledger_ends": {"0": 11, "1": 15},
        "topic_ends": {},
        "files": 1,
    }
    back = run("restore", str(elsewhere / "b"), "--data-dir", str(elsewhere / "new"), "--json")
    assert json.loads(back.out)["accounting"]["read"] == 15


def test_each_refusal_has_its_exit_code(data_dir: Path, run: Run, elsewhere: Path) -> None:
    assert run("backup", str(data_dir)).code == 2
    assert run("backup", str(elsewhere / "b"), "--store-only").code == 0
    assert run("restore", str(elsewhere / "b")).code == 2
    (elsewhere / "b" / "sfcrime.db").write_bytes(b"another")
    damaged = run("restore", str(elsewhere / "b"), "--data-dir", str(elsewhere / "new"))
    assert damaged.code == 1
    assert damaged.err.splitlines()[-1] == (
        "Next step: restore another backup; nothing was written"
    )
    nothing = run("backup", str(elsewhere / "c"), "--data-dir", str(elsewhere / "nothing"))
    assert nothing.code == 4


@pytest.mark.parametrize(
    ("size", "text"),
    [(999, "1 kB"), (52_000, "52 kB"), (1_250_000, "1.2 MB"), (2_345_000_000_000, "2,345.0 GB")],
)
def test_sizes_are_told_in_the_units_of_disks(size: int, text: str) -> None:
    assert size_text(size) == text
