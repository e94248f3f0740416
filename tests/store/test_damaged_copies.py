"""A copy of a store goes on exactly from a state of its ledger, or is refused: never wrong numbers.

The copies here are those that a file-by-file backup makes of a store in use: its files, or parts
of one file, are of different moments.
"""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import StoreUnavailable
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount, LateRecord, PartitionRange, RejectedRecord
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, HOUR_US, NINE_US

BATCHES = 9
CALLS = 300
_PAGE = 4096


def _batch(number: int) -> BatchOutcome:
    """300 calls of the same two days, one late and one rejected record."""
    chance = random.Random(number)
    cells = [
        CellCount(
            NINE_US + (30 * number + chance.randrange(40)) * HOUR_US,
            f"Type {chance.randrange(10 + 5 * number)}",
            f"D{chance.randrange(4 + number)}",
            1,
        )
        for _ in range(CALLS)
    ]
    ids = np.array(chance.sample(range(number * 10**6, (number + 1) * 10**6), CALLS))
    start = number * (CALLS + 2)
    end = start + CALLS + 2
    return BatchOutcome(
        batch_id=number,
        cells=cells_of(cells),
        rejected=[RejectedRecord(0, start, "not-json")],
        late=[LateRecord(0, start + 1, NINE_US, 1_600_000_000_000)],
        ranges=[PartitionRange(0, start, end, counted=CALLS, late=1, rejected=1)],
        accounting=Accounting(read=CALLS + 2, counted=CALLS, late=1, rejected=1),
        identities=IdentityColumns.of_calls(ids, np.full(CALLS, NINE_US)),
        newest_call_us=NINE_US,
    )


class Moment(NamedTuple):
    """The files of a store in use, as bytes; what is empty is not copied."""

    store: bytes
    wal: bytes = b""


class State(NamedTuple):
    """All that was counted."""

    cells: frozenset[CellCount]
    rejected: tuple[RejectedRecord, ...]
    late: tuple[LateRecord, ...]
    identities: frozenset[tuple[int, int]]


class History(NamedTuple):
    moments: list[Moment]
    states: dict[int, State]
    """By the number of batches in the ledger."""


def _moment(path: Path) -> Moment:
    return Moment(path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes())


def _state(path: Path) -> State:
    with open_reader(path) as reader:
        identities = {
            key
            for _, rows, _ in reader.identity_blocks()
            for key in zip(rows.call_ids.tolist(), rows.calls_us.tolist(), strict=True)
        }
        return State(
            frozenset(reader.cells()),
            tuple(reader.rejected()),
            tuple(reader.late()),
            frozenset(identities),
        )


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A store in use, looked at after each of its batches; what stands beside the database is
    taken into it after every third, and begun again by the next."""
    path = tmp_path_factory.mktemp("history") / "sfcrime.db"
    moments, states = [], {}
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(replace(GENERATION, start_offsets={0: 0}))
        states[0] = _state(path)
        for number in range(BATCHES):
            writer.commit_batch(_batch(number))
            states[number + 1] = _state(path)
            moments.append(_moment(path))
            if number % 3 == 2:
                with closing(sqlite3.connect(path)) as other:
                    other.execute("PRAGMA wal_checkpoint(PASSIVE)")
                moments.append(_moment(path))
    return History(moments, states)


def _restored(folder: Path, copy: Moment) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "sfcrime.db"
    path.write_bytes(copy.store)
    if copy.wal:
        path.with_name("sfcrime.db-wal").write_bytes(copy.wal)
    return path


def _batches(path: Path, history: History) -> int | None:
    """With how many batches a job goes on from a state of the ledger; None where it was refused by
    name."""
    try:
        with open_writer(path, history_rows=100) as writer:
            totals = writer.totals()
    except StoreUnavailable as refused:
        assert "is damaged" in refused.happened
        return None
    if totals is None:
        return 0
    assert _state(path) == history.states[totals.batches]
    return totals.batches


def test_files_of_different_moments_are_a_state_or_refused(
    history: History, tmp_path: Path
) -> None:
    sound = 0
    pairs = [(i, j) for i in range(len(history.moments)) for j in range(i - 4, i + 5, 2)]
    for i, j in pairs:
        if 0 <= j < len(history.moments):
            copy = Moment(history.moments[i].store, history.moments[j].wal)
            sound += _batches(_restored(tmp_path / f"{i}-{j}", copy), history) is not None
    assert len(history.moments) <= sound


def test_a_database_without_the_file_beside_it_is_a_state(history: History, tmp_path: Path) -> None:
    found = [
        _batches(_restored(tmp_path / str(i), Moment(moment.store)), history) or 0
        for i, moment in enumerate(history.moments)
    ]
    assert found == sorted(found)
    assert found[-1] == BATCHES, "the last moment is after a checkpoint of all"


def test_pages_of_different_moments_are_a_state_or_refused(
    history: History, tmp_path: Path
) -> None:
    """A copy that is taken while the database is being written."""
    chance = random.Random(1)
    whole = [each.store for each in history.moments[2::3]]
    refused = 0
    for number in range(60):
        earlier, later = sorted(chance.sample(range(len(whole)), 2))
        pages = [
            whole[later if chance.random() < 0.5 else earlier][at : at + _PAGE]
            for at in range(0, len(whole[later]), _PAGE)
        ]
        copy = Moment(b"".join(pages))
        refused += _batches(_restored(tmp_path / str(number), copy), history) is None
    assert refused > 30


@pytest.mark.parametrize("part", [0, 0.001, 0.6, 0.999])
@pytest.mark.parametrize("file", ["store", "wal"])
def test_a_file_that_was_cut_off_is_a_state_or_refused(
    history: History, tmp_path: Path, file: str, part: float
) -> None:
    refused = 0
    for i, moment in enumerate(history.moments):
        content: bytes = getattr(moment, file)
        copy = moment._replace(**{file: content[: int(len(content) * part)]})
        refused += _batches(_restored(tmp_path / str(i), copy), history) is None
    may_be_whole = file == "wal" or part in (
        0,
        0.999,
    )  # nothing is a state; so may an end be unused
    assert refused > 0 or may_be_whole


def test_what_is_no_database_is_refused(history: History, tmp_path: Path) -> None:
    assert _batches(_restored(tmp_path / "a", Moment(b"no database" * 1000)), history) is None


def test_the_command_that_a_refusal_names_begins_a_new_count(
    history: History, tmp_path: Path
) -> None:
    for _ in range(2):  # what the first put aside is kept
        path = _restored(tmp_path / "my data", Moment(history.moments[-1].store[:8192]))
        with pytest.raises(StoreUnavailable) as refused:
            open_writer(path, history_rows=100)
        command = re.search(r"mkdir .*", refused.value.next_step)
        assert command is not None
        subprocess.run(command.group(), shell=True, check=True)  # noqa: S602 - what the user would do
        assert _batches(path, history) == 0
    assert len(list(path.parent.glob("damaged-*/sfcrime.db"))) == 2
