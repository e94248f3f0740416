"""Parquet rows as calls."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources import parquet
from sfcrime.sources.content import open_content
from sfcrime.sources.input_files import InputFile
from sfcrime.sources.parquet import parquet_elements

AT = datetime(2018, 10, 2, 9, 11)
CALL: dict[str, Any] = {
    "crime_id": ["182750001"],
    "original_crime_type_name": ["Passing Call"],
    "call_date_time": ["2018-10-02T09:11:00.000"],
    "disposition": ["HAN"],
}


def write(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / "calls.parquet"
    pq.write_table(table, path, **options)
    return path


def values(path: Path) -> list[bytes]:
    with open_content(InputFile(path, path.name)) as content:
        return [element.value for element in parquet_elements(content)]


def calls(path: Path) -> list[dict[str, Any]]:
    return [json.loads(value) for value in values(path)]


def test_columns_are_published_in_the_order_of_the_fields_and_others_are_left_out(
    tmp_path: Path,
) -> None:
    columns = {"point": [{"lat": 37.7}], "city": ["Daly City"], **dict(reversed(CALL.items()))}
    assert values(write(tmp_path, pa.table(columns))) == [
        b'{"crime_id":"182750001","original_crime_type_name":"Passing Call",'
        b'"call_date_time":"2018-10-02T09:11:00.000","disposition":"HAN","city":"Daly City"}'
    ]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([AT], pa.timestamp("s")), "2018-10-02T09:11:00.000"),
        (pa.array([AT], pa.timestamp("ms")), "2018-10-02T09:11:00.000"),
        (pa.array([AT], pa.timestamp("us")), "2018-10-02T09:11:00.000"),
        (pa.array([AT], pa.timestamp("ns")), "2018-10-02T09:11:00.000"),
        (pa.array([AT.replace(microsecond=5)], pa.timestamp("us")), "2018-10-02T09:11:00.000005"),
        (pa.array([date(2018, 10, 2)]), "2018-10-02T00:00:00.000"),
        (pa.array(["2018-10-02 09:11"]), "2018-10-02 09:11"),
    ],
)
def test_times_are_written_as_the_legacy_file_has_them_and_texts_as_they_stand(
    tmp_path: Path, column: pa.Array, text: str
) -> None:
    path = write(tmp_path, pa.table(CALL | {"call_date_time": column}))
    assert [call["call_date_time"] for call in calls(path)] == [text]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([182750001]), "182750001"),
        (pa.array(["182750001"]).dictionary_encode(), "182750001"),
        (pa.array(["182750001"], pa.large_string()), "182750001"),
        (pa.array([b"182750001"]), "182750001"),
        (pa.array([True]), "true"),
        (pa.array(["Café"]), "Café"),
        (pa.array([None], pa.string()), None),
        (pa.array([None], pa.null()), None),
    ],
)
def test_other_columns_become_text_and_a_null_stays_a_null(
    tmp_path: Path, column: pa.Array, text: str | None
) -> None:
    path = write(tmp_path, pa.table(CALL | {"crime_id": column}))
    assert [call["crime_id"] for call in calls(path)] == [text]


def test_bytes_that_are_no_utf8_pass_unharmed(tmp_path: Path) -> None:
    path = write(tmp_path, pa.table(CALL | {"disposition": pa.array([b"Caf\xe9"])}))
    assert b'"disposition":"Caf\xe9"' in values(path)[0]


def test_rows_keep_their_order_over_row_groups_and_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROWS_PER_BATCH", 7)
    table = pa.table({name: cells * 100 for name, cells in CALL.items()})
    table = table.set_column(0, "crime_id", [[str(number) for number in range(100)]])
    path = write(tmp_path, table, row_group_size=40)
    assert [call["crime_id"] for call in calls(path)] == [str(number) for number in range(100)]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (
            pa.array([AT.replace(tzinfo=UTC)], pa.timestamp("us", "UTC")),
            r"instants \(time zone UTC\)",
        ),
        (pa.array([["a"]]), r"disposition of the type list<"),
    ],
)
def test_a_column_that_is_no_text_of_a_call_is_refused_by_name(
    tmp_path: Path, column: pa.Array, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        values(write(tmp_path, pa.table(CALL | {"disposition": column})))


def test_a_table_of_something_else_is_refused_by_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"its columns are row_id, date; missing: crime_id, ori"):
        values(write(tmp_path, pa.table({"row_id": [1], "date": ["2018"]})))


def test_a_file_that_is_cut_is_unreadable_at_its_end(tmp_path: Path) -> None:
    path = write(tmp_path, pa.table(CALL))
    path.write_bytes(path.read_bytes()[:-10])
    size = path.stat().st_size
    with pytest.raises(UnreadableFile, match=rf"calls\.parquet is damaged at its end, byte {size}"):
        values(path)


def test_a_damaged_page_is_told_with_the_rows_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROWS_PER_BATCH", 10)
    table = pa.table({name: cells * 100 for name, cells in CALL.items()})
    path = write(tmp_path, table, row_group_size=50, use_dictionary=False)
    second = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[second : second + 60] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match="at row 51 or after it") as caught:
        values(path)
    assert caught.value.exit_code == 3
