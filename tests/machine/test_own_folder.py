"""Folders of our own: taken where nothing can be lost, refused where something is the user's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.kafka.broker import BROKER_FOLDER
from sfcrime.machine.own_folder import (
    DATA_FOLDER,
    MARK,
    closed_to_others,
    is_takeable,
    remove_folder,
    take_folder,
)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _write(file: Path, text: str = "something") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_new_folder_is_made_marked_and_closed_to_others_whatever_the_umask(
    tmp_path: Path,
) -> None:
    users = os.umask(0)
    try:
        take_folder(tmp_path / "new" / "data", DATA_FOLDER)
    finally:
        os.umask(users)

    assert _mode(tmp_path / "new" / "data") == 0o700
    assert _mode(tmp_path / "new" / "data" / MARK) == 0o600


def test_a_folder_of_ours_is_taken_again_and_closed_whatever_it_holds(tmp_path: Path) -> None:
    take_folder(tmp_path, DATA_FOLDER)
    _write(tmp_path / "kafka" / "server.properties")
    tmp_path.chmod(0o775)

    take_folder(tmp_path, DATA_FOLDER)

    assert _mode(tmp_path) == 0o700


def test_a_folder_in_which_nothing_can_be_lost_is_taken(tmp_path: Path) -> None:
    """As of a start that was refused at once, and of a project that keeps its empty folder."""
    (tmp_path / "kafka").mkdir()
    for name in ("run.lock", "kafka/lock", ".gitkeep"):
        (tmp_path / name).touch()

    take_folder(tmp_path, DATA_FOLDER)

    assert (tmp_path / MARK).is_file()


@pytest.mark.parametrize("sign", ["sfcrime.db", "kafka/broker.json", "run/ProducerActivity.json"])
def test_a_folder_of_a_version_without_marks_goes_on_working(tmp_path: Path, sign: str) -> None:
    _write(tmp_path / sign)

    take_folder(tmp_path, DATA_FOLDER)

    assert (tmp_path / MARK).is_file()


@pytest.mark.parametrize(
    "file", ["thesis.txt", "kafka/server.properties", "spark/jobs.py", "run/stream.log"]
)
def test_a_folder_of_the_users_is_refused_and_left_as_it_is(tmp_path: Path, file: str) -> None:
    users = _write(tmp_path / file)
    tmp_path.chmod(0o755)

    with pytest.raises(UsageError, match="not empty, and was not made by sfcrime") as refused:
        take_folder(tmp_path, DATA_FOLDER)

    assert "--data-dir" in refused.value.next_step
    assert users.read_text() == "something"
    assert not (tmp_path / MARK).exists()
    assert _mode(tmp_path) == 0o755


def test_a_link_is_something_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spark").symlink_to(tmp_path)

    assert not is_takeable(tmp_path / "data", DATA_FOLDER)


def test_a_brokers_folder_in_ours_that_is_the_users_is_refused(tmp_path: Path) -> None:
    """A store was restored beside it, for example."""
    _write(tmp_path / "sfcrime.db")
    _write(tmp_path / "kafka" / "server.properties")

    take_folder(tmp_path, DATA_FOLDER)

    with pytest.raises(UsageError, match="broker's folder"):
        take_folder(tmp_path / "kafka", BROKER_FOLDER)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "file")

    with pytest.raises(UsageError, match="cannot be made or written: Not a directory"):
        take_folder(tmp_path / "file" / "data", DATA_FOLDER)


def test_only_a_folder_with_the_mark_is_removed(tmp_path: Path) -> None:
    users, ours = _write(tmp_path / "work" / "thesis.txt"), tmp_path / "ours"
    take_folder(ours, DATA_FOLDER)
    (ours / "link").symlink_to(users.parent)

    remove_folder(users.parent)
    remove_folder(ours)

    assert users.read_text() == "something"
    assert not ours.exists()


def test_a_umask_forbids_more_and_never_less(tmp_path: Path) -> None:
    users = os.umask(0o027)
    try:
        with closed_to_others(0o022):
            (tmp_path / "inside").touch()
        (tmp_path / "outside").touch(mode=0o666)
    finally:
        os.umask(users)

    assert _mode(tmp_path / "inside") == 0o640
    assert _mode(tmp_path / "outside") == 0o640
