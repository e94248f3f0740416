"""Folders that are thrown away: ours alone, emptied at every start, and nobody else's touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.machine.own_folder import MARK
from sfcrime.spark.driver import fresh_work_dir
from sfcrime.spark.session import throw_away_checkpoint


def _mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def test_a_checkpoint_lies_in_memory_and_is_gone_behind_its_start(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    with throw_away_checkpoint(tmp_path / "data", memory) as folder:
        assert folder.parent.parent == memory
        assert (_mode(folder), _mode(folder.parent)) == (0o700, 0o700)
        assert list(folder.iterdir()) == []
        (folder / "commits").mkdir()
    assert _names(memory) == []


def test_what_a_killed_start_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    with throw_away_checkpoint(tmp_path / "data", memory) as first:
        pass
    (first / "offsets").mkdir(parents=True)
    (first.parent / MARK).touch()
    with throw_away_checkpoint(tmp_path / "data", memory) as folder:
        assert folder.parent == first.parent
        assert folder != first, "its JVM may still be writing there"
        assert sorted(_names(folder.parent)) == sorted([MARK, folder.name])


def test_a_folder_that_a_dying_jvm_writes_into_keeps_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    with throw_away_checkpoint(tmp_path / "data", memory) as folder:
        (folder / "commits").mkdir()
        monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert sorted(_names(folder.parent)) == sorted([MARK, folder.name])


def test_two_data_folders_have_two_checkpoints(tmp_path: Path) -> None:
    with (
        throw_away_checkpoint(tmp_path / "one", tmp_path) as one,
        throw_away_checkpoint(tmp_path / "two", tmp_path) as two,
    ):
        assert one.parent != two.parent


@pytest.mark.parametrize("kind", ["not there", "a file", "unmarked", "a link"])
def test_without_a_folder_in_memory_it_lies_on_the_disk(tmp_path: Path, kind: str) -> None:
    memory = tmp_path / "memory"
    if kind != "not there":
        memory.mkdir()
        with throw_away_checkpoint(tmp_path / "data", memory) as folder:
            pass
        taken = folder.parent
        if kind == "a file":
            taken.write_text("someone's")
        elif kind == "a link":
            taken.symlink_to(tmp_path)
        else:
            taken.mkdir()
            (taken / "thesis.txt").write_text("someone's")
    else:
        memory = tmp_path / "memory" / "missing"
        (tmp_path / "memory").write_text("a file where the folder would be")
    with throw_away_checkpoint(tmp_path / "data", memory) as folder:
        assert folder.parent == tmp_path / "data" / "spark" / "checkpoint"
        assert _mode(folder) == 0o700
    if kind == "unmarked":
        assert (taken / "thesis.txt").read_text() == "someone's"


def test_sparks_folder_is_emptied_where_it_is_ours(tmp_path: Path) -> None:
    work_dir = fresh_work_dir(tmp_path)
    (work_dir / "driver.log").write_text("an earlier one")
    assert fresh_work_dir(tmp_path) == work_dir == tmp_path / "spark"
    assert [each.name for each in work_dir.iterdir()] == [MARK]
    assert _mode(work_dir) == 0o700


def test_a_folder_whose_maker_was_killed_before_it_marked_it_is_ours(tmp_path: Path) -> None:
    (tmp_path / "spark").mkdir()
    assert _names(fresh_work_dir(tmp_path)) == [MARK]


def test_what_cannot_be_removed_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JVM of a killed job writes where its folder is being emptied."""
    work_dir = fresh_work_dir(tmp_path)
    (work_dir / "shuffle").mkdir()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert fresh_work_dir(tmp_path) == work_dir
    assert (work_dir / MARK).is_file()


def test_a_folder_of_the_users_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "thesis.txt").write_text("someone's")
    with pytest.raises(UsageError, match="was not made by sfcrime") as refused:
        fresh_work_dir(tmp_path)
    assert "--data-dir" in refused.value.next_step
    assert (tmp_path / "spark" / "thesis.txt").read_text() == "someone's"


def test_of_old_checkpoints_only_those_with_our_mark_are_removed(tmp_path: Path) -> None:
    ours, users = tmp_path / "checkpoint" / "0b5f", tmp_path / "checkpoint" / "mine"
    for folder in (ours, users):
        folder.mkdir(parents=True)
    (ours / "sfcrime.json").write_text("{}")
    (users / "notes.txt").write_text("someone's")
    with throw_away_checkpoint(tmp_path, tmp_path / "memory"):
        pass
    assert not ours.exists()
    assert (users / "notes.txt").read_text() == "someone's"
    (users / "notes.txt").unlink()
    users.rmdir()
    ours.mkdir()
    (ours / "sfcrime.json").write_text("{}")
    with throw_away_checkpoint(tmp_path, tmp_path / "memory"):
        pass
    assert not (tmp_path / "checkpoint").exists()


def test_a_link_in_place_of_sparks_folder_is_refused_and_not_followed(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.mkdir()
    (users / "thesis.txt").write_text("someone's")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spark").symlink_to(users)
    with pytest.raises(UsageError, match="is a link or another user's"):
        fresh_work_dir(tmp_path / "data")
    assert _names(users) == ["thesis.txt"]
