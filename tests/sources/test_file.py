"""A file of calls, published in call-time order."""

from __future__ import annotations

import gzip
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from real_file import REAL_FILE
from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import files_of


def read_all(path: Path, work_dir: Path, start: int = 0) -> list[SourceRecord]:
    source = open_files_source(files_of(str(path)), work_dir)
    try:
        return list(source.records(start))
    finally:
        source.close()


def write(tmp_path: Path, content: str | bytes, name: str = "calls.json") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("lines", "packed"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_newest_first_file_is_published_oldest_first(
    make_call, write_calls, tmp_path: Path, lines: int, packed: int
) -> None:
    path = write_calls(
        [
            make_call("182750003", "2018-10-02T09:30"),
            make_call("182750002", "2018-10-02T09:12"),
            make_call("182750009", "2018-10-02T09:12"),
            make_call("182750001", "2018-10-02T09:11"),
        ],
        lines=bool(lines),
        packed=bool(packed),
    )
    records = read_all(path, tmp_path)
    assert [(r.sequence, r.key, r.published_at_ms) for r in records] == [
        (0, b"182750001", 1538496660000),
        (1, b"182750002", 1538496720000),  # of one minute: the file's order
        (2, b"182750009", 1538496720000),
        (3, b"182750003", 1538497800000),
    ]
    assert json.loads(records[0].value) == make_call("182750001", "2018-10-02T09:11")


def test_a_record_keeps_exactly_its_bytes(tmp_path: Path) -> None:
    odd = b'{ "crime_id":"2",\t"call_date_time":"2018-10-02T09:00:00.000", "x":"\\u00e9\\/\xff"}'
    other = b'{"crime_id":"1","call_date_time":"2018-10-02T08:00:00.000"}'
    path = write(tmp_path, b"[\n  " + odd + b" ,\n" + other + b"\n]\n")
    assert [r.value for r in read_all(path, tmp_path)] == [other, odd]


def test_reading_can_begin_anywhere_and_again(make_call, write_calls, tmp_path: Path) -> None:
    path = write_calls([make_call(str(9 - n), f"2018-10-02T09:0{9 - n}") for n in range(10)])
    source = open_files_source(files_of(str(path)), tmp_path)
    everything = list(source.records())
    unfinished = source.records(2)
    assert next(unfinished) == everything[2]
    assert list(source.records(7)) == everything[7:]
    assert next(unfinished) == everything[3]
    assert list(source.records(10)) == []
    assert source.total == 10
    source.close()


def test_the_identity_is_the_content_whatever_its_name_and_packing(tmp_path: Path) -> None:
    plain = write(tmp_path, "[]", "a.json")
    packed = write(tmp_path, gzip.compress(b"[]"), "b.txt")
    # sha256("[]") = 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
    first = open_files_source(files_of(str(plain)), tmp_path)
    second = open_files_source(files_of(str(packed)), tmp_path)
    assert first.identity == SourceIdentity("file:4f53cda18c2baa0c", "a.json", synthetic=False)
    assert second.identity == SourceIdentity("file:4f53cda18c2baa0c", "b.txt", synthetic=False)
    first.close()
    second.close()


@pytest.mark.parametrize("content", ["[]", "", "\n\n"])
def test_a_file_without_elements_is_a_source_without_records(tmp_path: Path, content: str) -> None:
    source = open_files_source(files_of(str(write(tmp_path, content))), tmp_path)
    assert source.total == 0
    assert list(source.records()) == []
    source.close()


def test_what_is_no_call_follows_its_predecessor_in_the_file(make_call, tmp_path: Path) -> None:
    early = json.dumps(make_call("1", "2018-10-02T09:00"))
    late = json.dumps(make_call("2", "2018-10-02T10:00"))
    undated = '{"crime_id": "3", "call_date_time": "soon"}'
    path = write(tmp_path, f'["first", {late}, 17, {undated}, {early}, null]')
    records = read_all(path, tmp_path)
    assert [r.value.decode() for r in records] == [early, "null", '"first"', late, "17", undated]
    assert [r.key for r in records] == [b"1", None, None, b"2", None, b"3"]
    nine, ten = 1538496000000, 1538499600000
    assert [r.published_at_ms for r in records] == [nine, nine, ten, ten, ten, ten]


def test_a_file_without_any_date_keeps_its_order(tmp_path: Path) -> None:
    records = read_all(write(tmp_path, '[3, {"crime_id": "1"}, "x"]'), tmp_path)
    assert [r.value for r in records] == [b"3", b'{"crime_id": "1"}', b'"x"']
    assert {r.published_at_ms for r in records} == {946713600000}  # 2000-01-01 on the wall


@pytest.mark.parametrize(
    ("call_id", "key"),
    [
        ('"182750001"', b"182750001"),
        ('"caf\\u00e9"', b"caf\xc3\xa9"),
        ('"caf\u00e9"', b"caf\xc3\xa9"),
        ('""', None),
        ("17", None),
        ("null", None),
        ('["1"]', None),
    ],
)
def test_the_key_is_the_call_id_where_it_is_text(
    tmp_path: Path, call_id: str, key: bytes | None
) -> None:
    text = f'[{{"crime_id": {call_id}, "call_date_time": "2018-10-02T09:00:00.000"}}]'
    assert [r.key for r in read_all(write(tmp_path, text), tmp_path)] == [key]


def test_publication_never_runs_backwards_at_the_yearly_seams(
    make_call, write_calls, tmp_path: Path
) -> None:
    path = write_calls(
        [
            make_call("1", "2018-11-04T01:30"),
            make_call("2", "2018-11-04T02:00"),
            make_call("3", "2019-03-10T02:30"),  # an hour that never was
            make_call("4", "2019-03-10T03:00"),
        ]
    )
    assert [r.published_at_ms for r in read_all(path, tmp_path)] == [
        1541320200000,  # the earlier of the two 01:30
        1541325600000,
        1552213800000,
        1552213800000,  # not 30 minutes before its predecessor
    ]
    assert [r.published_at_ms for r in read_all(path, tmp_path, 3)] == [1552213800000]


def test_nothing_is_published_after_the_present(make_call, write_calls, tmp_path: Path) -> None:
    path = write_calls([make_call("1", "2018-10-02T09:11"), make_call("2", "2098-01-01T00:00")])
    source = open_files_source(files_of(str(path)), tmp_path, clock=lambda: 1600000000000)
    assert [r.published_at_ms for r in source.records()] == [1538496660000, 1600000000000]
    source.close()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[{"crime_id": "1"},\n {"crime_id": ', "byte 34, line 2"),
        ('[{"crime_id": "1"}]\n]', "byte 20, line 2"),
        ('{"crime_id": "1"}\n\n{"crime_id": \n', "byte 31, line 3"),
    ],
)
def test_a_broken_file_publishes_nothing_and_tells_where(
    tmp_path: Path, content: str, place: str
) -> None:
    with pytest.raises(UnreadableFile, match=place) as caught:
        open_files_source(files_of(str(write(tmp_path, content))), tmp_path)
    assert caught.value.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["calls.json"]  # no scratch is left


def test_gzip_that_ends_too_early_is_unreadable(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps([{"crime_id": str(n)} for n in range(1000)]).encode())
    for content in (packed[:-20], packed[: len(packed) // 2], packed + b"tail"):
        with pytest.raises(UnreadableFile, match="cannot be read to its end"):
            open_files_source(files_of(str(write(tmp_path, content))), tmp_path)


def test_damaged_gzip_is_unreadable(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(2000)))
    packed[1000] ^= 0xFF
    with pytest.raises(UnreadableFile):
        open_files_source(files_of(str(write(tmp_path, bytes(packed)))), tmp_path)


def test_a_file_that_is_not_there_or_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json is not there"):
        open_files_source(files_of(str(tmp_path / "none.json")), tmp_path)
    with pytest.raises(UsageError, match="is a folder"):
        open_files_source(files_of(str(tmp_path)), tmp_path)


def test_a_file_that_may_not_be_read_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[]")

    opened = Path.open

    def refused(file: Path, *arguments: Any, **named: Any) -> Any:
        if file == path:  # not by its mode: root may read everything
            raise PermissionError(13, "Permission denied")
        return opened(file, *arguments, **named)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UsageError, match="cannot be opened"):
        open_files_source(files_of(str(path)), tmp_path)


@pytest.mark.parametrize("count", [3, 1000, 1500])
def test_a_file_of_another_shape_is_refused_by_its_fields(tmp_path: Path, count: int) -> None:
    incidents = [{"incident_id": str(n), "incident_datetime": "2018-10-02"} for n in range(count)]
    with pytest.raises(UsageError, match="crime_id") as caught:
        open_files_source(files_of(str(write(tmp_path, json.dumps(incidents)))), tmp_path)
    assert "call_date_time" in str(caught.value)


def test_one_call_among_other_objects_is_enough(tmp_path: Path) -> None:
    objects = [{"other": "1"}] * 5 + [{"crime_id": "1"}]
    assert len(read_all(write(tmp_path, json.dumps(objects)), tmp_path)) == 6


def test_progress_counts_the_bytes_of_the_file_as_it_is(
    make_call, write_calls, tmp_path: Path
) -> None:
    path = write_calls([make_call("1", "2018-10-02T09:11")], packed=True)
    seen: list[tuple[int, int]] = []
    open_files_source(
        files_of(str(path)), tmp_path, lambda read, of: seen.append((read, of))
    ).close()
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_closing_twice_is_allowed_and_leaves_no_scratch(
    make_call, write_calls, tmp_path: Path
) -> None:
    source = open_files_source(
        files_of(str(write_calls([make_call("1", "2018-10-02T09:11")]))), tmp_path
    )
    source.close()
    source.close()
    assert [path.name for path in tmp_path.iterdir()] == ["calls.json"]


@pytest.mark.real_data
def test_the_real_file_comes_out_whole_and_in_order(tmp_path: Path) -> None:
    if not REAL_FILE.exists():
        pytest.skip("the real file is not beside the project")
    source = open_files_source(files_of(str(REAL_FILE)), tmp_path)
    assert source.identity.name == "file:cb1cf961047dfe57"
    assert source.total == 199_999
    records = list(source.records())
    source.close()
    assert len(records) == 199_999
    assert all(a.published_at_ms <= b.published_at_ms for a, b in pairwise(records))
    times = [json.loads(record.value)["call_date_time"] for record in records]
    assert times == sorted(times)
    assert (times[0], times[-1]) == ("2018-10-02T09:11:00.000", "2018-12-31T23:57:00.000")
    assert len({record.key for record in records}) == 199_995
