"""Several files as one source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import InputFile
from sfcrime.sources.source import Source


@pytest.fixture
def write(make_call, tmp_path: Path):
    """Writes a file of calls, one object a line, given as "id minute"."""

    def write_one(name: str, *calls: str) -> InputFile:
        path = tmp_path / name
        pairs = [call.split() for call in calls]
        path.write_text("".join(json.dumps(make_call(*pair)) + "\n" for pair in pairs))
        return InputFile(path, str(path))

    return write_one


def opened(files: list[InputFile]) -> Source:
    return open_files_source(files, files[0].path.parent)


def keys(files: list[InputFile]) -> list[bytes | None]:
    source = opened(files)
    try:
        return [record.key for record in source.records()]
    finally:
        source.close()


def identity(*files: InputFile) -> SourceIdentity:
    source = opened(list(files))
    source.close()
    return source.identity


def test_all_files_come_in_one_order_of_call_times(write) -> None:
    first = write("first", "5 2018-10-02T09:05", "1 2018-10-02T09:01", "31 2018-10-02T09:03")
    second = write("second", "4 2018-10-02T09:04", "32 2018-10-02T09:03", "2 2018-10-02T09:02")
    # Of one minute: the order of the files.
    assert keys([first, second]) == [b"1", b"2", b"31", b"32", b"4", b"5"]
    assert keys([second, first]) == [b"1", b"2", b"32", b"31", b"4", b"5"]


def test_the_identity_covers_every_file_and_their_order(write) -> None:
    a, b = write("a", "1 2018-10-02T09:01"), write("b", "2 2018-10-02T09:02")
    both = identity(a, b)
    assert both.name.startswith("files:")
    assert both.title == "a, b"
    assert identity(a, b) == both
    others = [identity(a), identity(b), identity(b, a), identity(a, b, write("c", "3 2018-10-03T"))]
    changed = identity(a, write("b", "2 2018-10-02T09:03"))
    assert len({each.name for each in [both, *others, changed]}) == 6


def test_a_title_names_three_files_and_counts_more(write) -> None:
    files = [write(name, "1 2018-10-02T09:01") for name in "abcd"]
    assert identity(*files[:3]).title == "a, b, c"
    assert identity(*files).title == "a and 3 more files"


def test_a_broken_file_among_good_ones_is_named_and_nothing_is_kept(write, tmp_path: Path) -> None:
    good, bad = write("good", "1 2018-10-02T09:01"), write("bad", "2 2018-10-02T09:02")
    bad.path.write_text('{"crime_id": ')
    with pytest.raises(UnreadableFile, match=r"bad is not JSON at byte 12, line 1"):
        opened([good, bad])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "good"]


def test_one_file_of_another_shape_is_not_hidden_by_the_others(write) -> None:
    good, other = write("good", "1 2018-10-02T09:01"), write("other")
    other.path.write_text("row_id,date\n1,2018\n")
    with pytest.raises(UsageError, match="other holds no calls for service"):
        opened([good, other])


def test_a_missing_file_is_told_before_any_is_read(write, tmp_path: Path) -> None:
    good, missing = write("good", "1 2018-10-02T09:01"), InputFile(tmp_path / "none", "none")
    with pytest.raises(UsageError, match="none is not there"):
        open_files_source([good, missing], tmp_path, _not_called)


def _not_called(done: int, of: int) -> None:
    raise AssertionError("something was read")


def test_progress_is_of_all_files_together(write, tmp_path: Path) -> None:
    files = [write("a", "1 2018-10-02T09:01"), write("b", "2 2018-10-02T09:02")]
    sizes = [file.path.stat().st_size for file in files]
    seen: list[tuple[int, int]] = []
    open_files_source(files, tmp_path, lambda done, of: seen.append((done, of))).close()
    assert seen == sorted(seen)
    assert (sizes[0], sum(sizes)) in seen
    assert seen[-1] == (sum(sizes), sum(sizes))
