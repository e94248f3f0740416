"""A file's form and packing are told by its content, whatever its name."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sfcrime.domain.calls import SourceRecord
from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import files_of

OTHER_DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "incidents"

Call = dict[str, str]
Packing = Callable[[bytes], bytes]


def zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return packed.getvalue().to_pybytes()


def as_csv(calls: list[Call]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(calls[0]))
    writer.writeheader()
    writer.writerows(calls)
    return text.getvalue().encode()


def as_parquet(calls: list[Call]) -> bytes:
    written = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(calls), written, compression="none", use_dictionary=False)
    return written.getvalue().to_pybytes()


def as_array(calls: list[Call]) -> bytes:
    return json.dumps(calls, indent=4).encode()


def as_lines(calls: list[Call]) -> bytes:
    return b"".join(json.dumps(call).encode() + b"\n" for call in calls)


def read_all(folder: Path, content: bytes) -> list[SourceRecord]:
    path = folder / "calls.data"
    path.write_bytes(content)
    source = open_files_source(files_of(str(path)), folder)
    try:
        return list(source.records())
    finally:
        source.close()


FORMS = [as_array, as_lines, as_csv]
PACKINGS: list[Packing] = [bytes, gzip.compress, zstd]
CASES = [(form, packing) for form in FORMS for packing in PACKINGS] + [(as_parquet, bytes)]


@pytest.mark.parametrize(("form", "packing"), CASES)
def test_every_form_gives_the_same_records_in_the_same_order(
    make_call, tmp_path: Path, form: Callable[[list[Call]], bytes], packing: Packing
) -> None:
    calls = [
        make_call("182750003", "2018-10-02T09:30", 'Quote " here'),
        make_call("182750002", "2018-10-02T09:12", "Café"),
        make_call("182750001", "2018-10-02T09:11", "Comma, here"),
    ]
    records = read_all(tmp_path, packing(form(calls)))
    assert [json.loads(record.value) for record in records] == [calls[2], calls[1], calls[0]]
    assert [(r.sequence, r.key, r.published_at_ms) for r in records] == [
        (0, b"182750001", 1538496660000),
        (1, b"182750002", 1538496720000),
        (2, b"182750003", 1538497800000),
    ]


@pytest.mark.parametrize("form", [as_array, as_csv, as_parquet])
def test_the_identity_is_of_the_whole_content(
    make_call, tmp_path: Path, form: Callable[[list[Call]], bytes]
) -> None:
    content = form([make_call(str(number), "2018-10-02T09:11") for number in range(5000)])
    path = tmp_path / "calls.data"
    path.write_bytes(content)
    source = open_files_source(files_of(str(path)), tmp_path)
    source.close()
    assert source.identity.name == f"file:{hashlib.sha256(content).hexdigest()[:16]}"


@pytest.mark.parametrize("packing", [gzip.compress, zstd])
def test_packed_pieces_behind_each_other_are_one_file(
    make_call, tmp_path: Path, packing: Packing
) -> None:
    content = as_lines([make_call(str(n), "2018-10-02T09:11") for n in range(10)])
    packed = packing(content[:700]) + packing(b"") + packing(content[700:])
    assert [record.key for record in read_all(tmp_path, packed)] == [b"%d" % n for n in range(10)]


@pytest.mark.parametrize("form", FORMS)
def test_zstd_that_is_cut_or_followed_by_other_bytes_is_unreadable(
    make_call, tmp_path: Path, form: Callable[[list[Call]], bytes]
) -> None:
    packed = zstd(form([make_call(str(n), "2018-10-02T09:11") for n in range(1000)]))
    for content in (packed[:-1], packed[: len(packed) // 2], packed + packed[:9], packed + b"tail"):
        with pytest.raises(UnreadableFile, match=r"cannot be read to its end: .* \(near byte \d+"):
            read_all(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "packing"),
    [(b"BZh91AY", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"PK\x03\x04..", "zip")],
)
def test_other_packings_are_refused_by_name(tmp_path: Path, content: bytes, packing: str) -> None:
    with pytest.raises(UsageError, match=f"packed with {packing}"):
        read_all(tmp_path, content)


def test_packed_parquet_is_refused(make_call, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a packed Parquet file"):
        read_all(tmp_path, gzip.compress(as_parquet([make_call("1", "2018-10-02T09:11")])))


def test_lines_may_begin_with_a_value_that_is_no_object(tmp_path: Path) -> None:
    records = read_all(tmp_path, b'"first, second"\n17\n{"crime_id": "1"}\n')
    assert [record.value for record in records] == [b'"first, second"', b"17", b'{"crime_id": "1"}']


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[1, 2, 3]", "(3 looked at); the first has the fields none; missing: crime_id, "),
        (b'{"disposition": "HAN", "agency": "Police"}\n', "the fields disposition, agency; "),
        (b"hello world\n", "its first line names hello world; missing: crime_id, "),
        (b"\x00\x01\x02", "its first line names '\\x00\\x01\\x02'; "),
    ],
)
def test_what_holds_no_calls_is_refused_with_what_was_found(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_all(tmp_path, content)
    assert said in caught.value.happened
    assert caught.value.exit_code == 2


@pytest.mark.real_data
def test_published_files_of_reports_are_refused_by_their_columns(tmp_path: Path) -> None:
    if not OTHER_DATA.exists():
        pytest.skip("the other public data is not beside the project")
    names = ["tmnf-yvry_2013_properpig.csv", "wg3w-h783_2018-12_johnrmurray.csv"]
    for name, column in zip(names, ["IncidntNum", "Incident Datetime"], strict=True):
        with pytest.raises(UsageError, match=f"{name} holds no calls .* names {column}, "):
            open_files_source(files_of(str(OTHER_DATA / name)), tmp_path)
