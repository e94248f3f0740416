"""What a part of its own refuses before it starts a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import Sfcrime


def test_a_producer_starts_no_broker_for_a_source_that_is_not_there(sfcrime: Sfcrime) -> None:
    for source, said in (("missing.json", "is not there"), ("missing/*.csv", "No file fits")):
        ran = sfcrime("produce", source)

        assert ran.code == 2
        assert said in ran.err
        assert not sfcrime.data_dir.exists()


def test_a_producer_starts_no_broker_for_a_speed_that_cannot_be(sfcrime: Sfcrime) -> None:
    ran = sfcrime("produce", "--speed", "0")

    assert ran.code == 2
    assert "--speed 1800x" in ran.err
    assert not sfcrime.data_dir.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--no-dashboard"),
        ("broker",),
        ("produce",),
        ("produce", "--bootstrap-servers", "127.0.0.1:1"),
        ("consume",),
        ("stream", "--bootstrap-servers", "127.0.0.1:1"),
        ("rebuild",),
    ],
)
def test_a_folder_of_the_users_is_refused_before_anything_is_made(
    sfcrime: Sfcrime, arguments: tuple[str, ...]
) -> None:
    for name in ("spark/job.py", "checkpoint/model.bin", "kafka/server.properties", "run/x.log"):
        (sfcrime.data_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (sfcrime.data_dir / name).write_text("the user's")

    ran = sfcrime(*arguments)

    assert ran.code == 2, ran.err
    assert "is not empty, and was not made by sfcrime" in ran.err
    assert "--data-dir" in ran.err
    assert _files(sfcrime.data_dir) == {
        name: "the user's"
        for name in ("spark/job.py", "checkpoint/model.bin", "kafka/server.properties", "run/x.log")
    }


def _files(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_text() for each in files}
