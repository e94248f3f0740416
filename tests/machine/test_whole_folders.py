"""A folder is there whole or not at all, whatever happens while it is filled."""

from __future__ import annotations

import os
import stat
from errno import ENOSPC
from pathlib import Path

import pytest

from sfcrime.errors import AlreadyRunning, UsageError
from sfcrime.machine.own_folder import MARK, FolderKind, take_alone
from sfcrime.machine.whole_folders import FileFacts, copy_file, facts_of, require_free, whole_folder

KIND = FolderKind("backup", "another name", ())
HELLO = FileFacts(5, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
"""Of "hello"; the digest is that of sha256sum."""


def _names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


def test_a_folder_gets_its_name_once_it_is_filled_and_nothing_is_left_beside_it(
    tmp_path: Path,
) -> None:
    place = tmp_path / "backups" / "monday"
    users = os.umask(0)
    try:
        with whole_folder(place, KIND, "backup") as content:
            assert not place.exists()
            copy_file(Path(__file__), content / "kafka" / "file", lambda _: None)
    finally:
        os.umask(users)

    assert _names(tmp_path) == [
        *("backups", "backups/monday", f"backups/monday/{MARK}"),
        *("backups/monday/kafka", "backups/monday/kafka/file"),
    ]
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (place, place / "kafka")}
    assert modes == {0o700}
    assert stat.S_IMODE((place / "kafka" / "file").stat().st_mode) == 0o600


def test_an_empty_folder_is_taken_the_place_of(tmp_path: Path) -> None:
    (tmp_path / "monday").mkdir()
    with whole_folder(tmp_path / "monday", KIND, "backup") as content:
        (content / "file").write_text("all of it")

    assert (tmp_path / "monday" / "file").read_text() == "all of it"


@pytest.mark.parametrize("error", [OSError(ENOSPC, "full"), KeyboardInterrupt(), SystemExit(1)])
def test_nothing_is_left_of_a_folder_that_could_not_be_filled(
    tmp_path: Path, error: BaseException
) -> None:
    with (
        pytest.raises(type(error)),
        whole_folder(tmp_path / "monday", KIND, "backup") as content,
    ):
        (content / "file").write_text("half of it")
        raise error

    assert _names(tmp_path) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "monday.partial"
    (left / "content" / "kafka").mkdir(parents=True)
    for name in (MARK, "lock", f"content/{MARK}", "content/file", "content/kafka/file"):
        (left / name).write_text("half of it")

    with whole_folder(tmp_path / "monday", KIND, "backup") as content:
        assert _names(content) == [MARK]

    assert _names(tmp_path) == ["monday", f"monday/{MARK}"]


def test_a_folder_of_somebody_else_in_the_way_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "monday.partial").mkdir()
    (tmp_path / "monday.partial" / "thesis.txt").write_text("three years")

    with pytest.raises(UsageError, match="was not made by sfcrime"):
        whole_folder(tmp_path / "monday", KIND, "backup").__enter__()

    assert (tmp_path / "monday.partial" / "thesis.txt").read_text() == "three years"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with (
        take_alone(tmp_path / "monday.partial", KIND, "backup"),
        pytest.raises(AlreadyRunning, match="Another backup works in"),
    ):
        whole_folder(tmp_path / "monday", KIND, "backup").__enter__()


def test_a_place_that_holds_something_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")

    require_free(tmp_path / "empty", KIND, "take another")
    require_free(tmp_path / "new", KIND, "take another")
    for held in (tmp_path, tmp_path / "file", tmp_path / "link"):
        with pytest.raises(UsageError, match=r"holds something(?s:.*)Next step: take another"):
            require_free(held, KIND, "take another")


def test_a_file_that_grows_is_copied_as_far_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    source, told = tmp_path / "source", []
    source.write_bytes(b"hello")

    def grow(more: int) -> None:
        told.append(more)
        assert len(told) == 1, "it runs after what is written meanwhile"
        with source.open("ab") as file:
            file.write(b" world")

    assert copy_file(source, tmp_path / "copy", grow) == HELLO
    assert (tmp_path / "copy").read_bytes() == b"hello"
    assert told == [5]
    assert facts_of(tmp_path / "copy") == HELLO


def test_a_place_where_a_disk_is_mounted_is_refused_before_anything_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda self: self == tmp_path)

    with pytest.raises(UsageError, match=rf"is where a disk is mounted(?s:.*){tmp_path}/backup"):
        require_free(tmp_path, KIND, "another")
