"""The files of an audit: what is written is read again, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from audit_surroundings import largest_file
from sfcrime.audit.spill import Spill, open_spill
from sfcrime.errors import Unreachable
from sfcrime.machine.own_folder import MARK, file_lock

ROW = np.dtype([("offset", np.int64), ("label", np.int32)])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def _left(place: Path) -> list[str]:
    return sorted(each.name for each in place.iterdir())


def test_rows_are_read_as_they_were_written_some_at_a_time(place: Path) -> None:
    first, second = np.array([(1, 7), (2**62, -1)], ROW), np.array([(3, 9)], ROW)
    with open_spill() as spill:
        for rows in (first, first[:0], second):
            spill.append("rows", rows)

        assert spill.rows("rows", ROW) == 3
        assert spill.load("rows", ROW).tolist() == [(1, 7), (2**62, -1), (3, 9)]
        assert [each.tolist() for each in spill.chunks("rows", ROW, 2)] == [
            [(1, 7), (2**62, -1)],
            [(3, 9)],
        ]
        spill.remove("rows")
        assert list(spill.chunks("rows", ROW)) == []
        assert spill.load("never written", ROW).tolist() == []


def test_a_column_of_wider_rows_is_written_alone(place: Path) -> None:
    with open_spill() as spill:
        spill.append("offsets", np.array([(1, 7), (2, 8)], ROW)["offset"])

        assert spill.load("offsets", np.dtype(np.int64)).tolist() == [1, 2]


def test_only_its_owner_can_open_it_and_nothing_is_left(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_spill() as spill:
        spill.append("rows", np.array([(1, 7)], ROW))
        assert stat.S_IMODE(spill.folder.stat().st_mode) == 0o700
        raise KeyboardInterrupt

    assert _left(place) == []


def test_what_a_killed_audit_left_is_removed_and_all_else_stays(place: Path) -> None:
    for name in ("sfcrime-audit-killed", "sfcrime-audit-running", "sfcrime-audit-of-the-user"):
        (place / name).mkdir()
        (place / name / "rows-0-0").write_bytes(b"rows")
    (place / "sfcrime-audit-killed" / "lock").touch()
    (place / "sfcrime-audit-killed" / MARK).touch()
    (place / "sfcrime-audit-running" / MARK).touch()

    with file_lock(place / "sfcrime-audit-running" / "lock", wait=False), open_spill():
        pass

    assert _left(place) == ["sfcrime-audit-of-the-user", "sfcrime-audit-running"]


def test_a_full_disk_is_named_with_the_variable_that_names_another(place: Path) -> None:
    with largest_file(1000), pytest.raises(Unreachable) as full, open_spill() as spill:
        spill.append("rows", np.zeros(1000, ROW))

    assert full.value.happened.endswith("for the temporary files of the audit is full.")
    assert f"The folder {place}/sfcrime-audit-" in full.value.happened
    assert "100 bytes a record" in full.value.rule
    assert "TMPDIR" in full.value.next_step
    assert full.value.exit_code == 4
    assert _left(place) == []


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nothing"))

    with pytest.raises(Unreachable, match="cannot be used: No such file or directory"):
        open_spill().__enter__()


def test_a_file_that_vanishes_meanwhile_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = Spill(place)
    spill.append("rows", np.array([(1, 7)], ROW))

    def gone(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(np, "fromfile", gone)
    with pytest.raises(Unreachable, match="cannot be used: Input/output error"):
        spill.load("rows", ROW)


@pytest.mark.parametrize("left", [0, 12, 13, None])
def test_rows_that_are_lost_are_an_error_and_never_fewer_rows(
    place: Path, left: int | None
) -> None:
    with open_spill() as spill:
        spill.append("rows", np.array([(1, 7), (2, 8), (3, 9)], ROW))
        path = spill.folder / "rows"
        if left is None:
            path.unlink()
        else:
            os.truncate(path, left)

        for read in (spill.rows, spill.load):
            with pytest.raises(Unreachable, match=r"the temporary files .* cannot be used"):
                read("rows", ROW)


def test_a_read_that_fails_half_way_is_an_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_spill() as spill:
        spill.append("rows", np.array([(1, 7), (2, 8), (3, 9)], ROW))
        monkeypatch.setattr(np, "fromfile", lambda *_, **__: np.zeros(1, ROW))

        with pytest.raises(Unreachable, match="rows does not hold what was written to it"):
            spill.load("rows", ROW)


def test_no_folder_for_temporary_files_at_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/nowhere"])

    with pytest.raises(Unreachable, match="No usable temporary directory found"):
        open_spill().__enter__()
