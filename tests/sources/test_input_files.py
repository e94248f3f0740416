"""Which files a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.sources.input_files import InputFile, files_of, without_repeats


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.csv", "a.csv", "c.json", "deep/d.csv", "calls[1].json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", ["a.csv"]),
        ("*.csv", ["a.csv", "b.csv"]),
        ("[ac].*", ["a.csv", "c.json"]),
        ("**/*.csv", ["a.csv", "b.csv", "deep/d.csv"]),
        ("d*", None),  # a folder alone is no file
        ("*.parquet", None),
        ("calls[1].json", ["calls[1].json"]),
        ("none.csv", ["none.csv"]),  # who opens it says that it is not there
    ],
)
def test_a_name_is_a_file_and_a_pattern_the_files_that_fit(
    name: str, expected: list[str] | None
) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="No file fits"):
            files_of(name)
    else:
        assert [file.name for file in files_of(name)] == expected


def test_a_pattern_may_begin_at_the_root(folder: Path) -> None:
    assert [file.path for file in files_of(f"{folder}/*.json")] == [
        folder / "c.json",
        folder / "calls[1].json",
    ]


def test_a_pattern_may_begin_in_the_home_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert [file.path for file in files_of("~/a.csv")] == [folder / "a.csv"]
    assert [file.path for file in files_of("~/b.*")] == [folder / "b.csv"]


def test_a_file_that_is_named_twice_is_read_once_where_it_stood_first(folder: Path) -> None:
    files = [*files_of("b.csv"), *files_of("*.csv"), InputFile(folder / "deep/../b.csv", "again")]
    assert [file.name for file in without_repeats(files)] == ["b.csv", "a.csv"]
