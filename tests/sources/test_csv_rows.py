"""CSV rows as calls."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources import csv_rows as rows
from sfcrime.sources.csv_rows import csv_elements

NEEDED = b"crime_id,original_crime_type_name,call_date_time,disposition\n"


class Content(io.BytesIO):
    """Content from memory, as the reader needs it."""

    name = "calls.csv"


def values(content: bytes) -> list[bytes]:
    return [element.value for element in csv_elements(Content(content))]


def broken(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        values(content)
    assert caught.value.exit_code == 3
    return caught.value.happened


def test_columns_may_stand_in_any_order_and_are_published_in_that_of_the_fields() -> None:
    content = (
        b"city,disposition,crime_id,call_date_time,original_crime_type_name,Police District\n"
        b"Daly City,HAN,182750001,2018-10-02T09:11:00.000,Passing Call,Mission\n"
        b",,182750002,,,\n"
    )
    assert values(content) == [
        b'{"crime_id":"182750001","original_crime_type_name":"Passing Call",'
        b'"call_date_time":"2018-10-02T09:11:00.000","disposition":"HAN","city":"Daly City"}',
        b'{"crime_id":"182750002","original_crime_type_name":"","call_date_time":"",'
        b'"disposition":"","city":""}',
    ]


def test_a_quoted_cell_holds_commas_quotes_and_line_ends() -> None:
    found = values(NEEDED + b'1,"a, ""b""\nc\r\nd",2018-10-02T09:11:00.000,HAN\n2,x,y,z\n')
    assert json.loads(found[0])["original_crime_type_name"] == 'a, "b"\nc\r\nd'
    assert json.loads(found[1])["crime_id"] == "2"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_read_and_the_last_may_be_missing(end: bytes) -> None:
    lines = [NEEDED.strip(), b"1,a,b,c", b"", b"2,d,e,f"]
    assert [json.loads(value)["crime_id"] for value in values(end.join(lines))] == ["1", "2"]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert [json.loads(value) for value in values(b"\xef\xbb\xbf" + NEEDED + b"1,a,b,c\n")] == [
        {
            "crime_id": "1",
            "original_crime_type_name": "a",
            "call_date_time": "b",
            "disposition": "c",
        }
    ]


def test_bytes_pass_unharmed_whether_they_are_utf8_or_not() -> None:
    found = values(NEEDED + b"1,Caf\xc3\xa9 \x7f\x85,b,\x01c\n2,Caf\xe9,b,c\n")
    assert b'"original_crime_type_name":"Caf\xc3\xa9 \x7f\x85"' in found[0]
    assert b'"disposition":"\\u0001c"' in found[0]
    assert b'"original_crime_type_name":"Caf\xe9"' in found[1]


def test_a_header_line_alone_gives_no_records() -> None:
    assert values(NEEDED) == []


@pytest.mark.parametrize(
    ("after_header", "said"),
    [
        (b"1,a,b,c\n2,a,b\n", "line 3: its 3 cells do not fit the 4 columns"),
        (b"1,a,b,c\n2,a,b,c,d\n3,a,b,c\n", "line 3: its 5 cells do not fit the 4 columns"),
        (b'1,"two\nlines",b,c\n\n2,a\n', "line 5: its 2 cells do not fit the 4 columns"),
        (b'1,a,b,c\n2,"a,b,c\n3,a,b,c\n', "line 3: unexpected end of data"),
        (b'1,a,b,c\n2,"a"x,b,c\n', "line 3: ',' expected after '\"'"),
        (b'1,"' + b"a,b,c\n" * 40_000, "line 2: field larger than field limit (131072)"),
    ],
)
def test_a_row_that_does_not_fit_means_a_damaged_file_and_its_line_is_told(
    after_header: bytes, said: str
) -> None:
    assert broken(NEEDED + after_header) == f"calls.csv is damaged at {said}."


def test_a_line_without_an_end_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(rows, "CHUNK_BYTES", 100)
    content = Content(NEEDED + b"1,a,b,c\n" + b"x" * 1_000_000)
    with pytest.raises(UnreadableFile, match="line 3: a line of more than 1000 bytes"):
        list(csv_elements(content))
    assert content.tell() < 2000


def test_a_table_of_something_else_is_refused_by_its_columns() -> None:
    with pytest.raises(UsageError) as caught:
        values(b"\nIncidntNum,Category,Date,disposition\n1,ASSAULT,12/31/2013,HAN\n")
    assert caught.value.happened == (
        "calls.csv holds no calls for service: its first line names IncidntNum, Category, Date, "
        "disposition; missing: crime_id, original_crime_type_name, call_date_time."
    )
    assert "crime_id, original_crime_type_name, call_date_time, disposition" in caught.value.rule


def test_names_that_flood_or_steer_a_terminal_are_cut_and_escaped() -> None:
    names = ["a\x1b[31m", "b" * 1000, *(f"c{number}" for number in range(20))]
    with pytest.raises(UsageError) as caught:
        values(",".join(names).encode() + b"\n")
    assert "'a\\x1b[31m', " in caught.value.happened
    assert "b" * 40 + "…, c0, c1, c2, c3, c4, c5 and 14 more;" in caught.value.happened


def test_a_field_that_two_columns_claim_is_refused() -> None:
    with pytest.raises(UsageError, match="2 columns of the name disposition"):
        values(NEEDED.replace(b"\n", b",disposition\n") + b"1,a,b,c,d\n")


CELLS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=5),
    st.integers(1, 30),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read_again(
    calls: list[tuple[str, str, str, str]], chunk: int, end: str
) -> None:
    text = io.StringIO(newline="")
    # Quoted: left to itself the writer leaves a lone carriage return bare.
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(NEEDED.decode().strip().split(","))
    writer.writerows(calls)

    class Chunked(Content):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(chunk)

    found = csv_elements(Chunked(text.getvalue().encode()))
    assert [tuple(json.loads(element.value).values()) for element in found] == calls
