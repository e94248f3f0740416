"""The API over HTTP: forms of an answer, errors in one body, and text that is someone else's."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from api_samples import Shown, api_app, ask, cell, seen_of
from running import settings_in
from sfcrime.dashboard.api import set_aside
from sfcrime.errors import StoreUnavailable
from sfcrime.settings import KafkaSettings
from store_samples import GENERATION

TABLES = (
    "hours", "stand-outs", "names", "matrix", "heat", "days", "comparison", "changes", "batches",
)  # fmt: skip
PATHS = (
    *TABLES, "overview", "span", "rejected", "late", "settings", "audit", "methods",
)  # fmt: skip
READ_ANEW = ("rejected", "late")
"""They read the store themselves."""
CELL_PATHS = ("names", "matrix", "comparison", "heat?category=Alarms", "days?type=Alarm")
HOUR_PATHS = ("hours", "stand-outs", "heat", "days", "overview", "span", "changes")

FORMULA = '=cmd|"/c calc"!A1'
SCRIPT = "<script>alert(1)</script>"
BIDI = "\u202egnp.exe"
LINES = "one\u2028two"


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    hostile = (FORMULA, SCRIPT, BIDI, LINES)
    return Shown(
        seen_of(
            tmp_path,
            cell("2018-10-01T08:00", "Passing Call", "HAN", 5),
            cell("2018-10-02T12:00", "Traf Violation Cite", "CIT", 50),
            *(
                cell("2018-10-03T08:00", label, "\uff20SUM", 9 - place)
                for place, label in enumerate(hostile)
            ),
        )
    )


@pytest.fixture
def app(shown: Shown, tmp_path: Path) -> FastAPI:
    return api_app(shown, settings_in(tmp_path, KafkaSettings()))


@pytest.mark.parametrize("path", PATHS)
def test_every_question_is_answered_without_parameters(app: FastAPI, path: str) -> None:
    answer = ask(app, path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_the_client_has_is_not_sent_again(app: FastAPI, path: str) -> None:
    tag = ask(app, path).headers["etag"]

    for names in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(app, path, headers={"If-None-Match": names})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert ask(app, path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_another_batch_store_or_form_has_another_tag(app: FastAPI, shown: Shown) -> None:
    assert shown.seen is not None
    first, table = (ask(app, "names", {"format": form}) for form in ("json", "csv"))
    later = replace(shown.seen.columns, totals=replace(shown.seen.totals, last_batch_id=1))
    shown.seen = replace(shown.seen, columns=later)

    assert len({each.headers["etag"] for each in (first, table, ask(app, "names"))}) == 3


@pytest.mark.parametrize("path", TABLES)
def test_every_table_is_a_file_whose_last_column_names_the_source(
    app: FastAPI, shown: Shown, path: str
) -> None:
    answer = ask(app, path, {"format": "csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="sfcrime-{path}.csv"'
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[-1] == "source"
    assert {row[-1] for row in rows} <= {"SYNTHETIC DATA: synthetic city"}
    assert bool(rows) is (path not in ("stand-outs", "changes", "batches")), "none are to be told"
    assert all(len(row) == len(header) for row in rows)


def test_a_table_of_names_is_written_as_reports_write_theirs(app: FastAPI) -> None:
    form = {"since": "2018-10-01", "until": "2018-10-03", "format": "csv"}

    assert ask(app, "names", form).text == (
        '"category","calls","share","before","change","source"\n'
        '"Traffic and parking",50,0.9090909090909091,"","","SYNTHETIC DATA: synthetic city"\n'
        '"Officer activity",5,0.09090909090909091,"","","SYNTHETIC DATA: synthetic city"\n'
    )


def test_tables_have_one_row_a_figure(app: FastAPI) -> None:
    def rows(path: str) -> list[str]:
        text = ask(app, f"{path}&format=csv").text.replace('"', "")
        return [line.rpartition(",")[0] for line in text.splitlines()]

    assert rows("hours?count=1") == [
        "hour,calls,state,usual,usual_low,usual_high,weeks,stands_out",
        "2018-10-03T08:00:00,30,so_far,,,,,",
    ]
    assert rows("days?until=2018-10-03") == [
        "day,calls,complete",
        "2018-10-01,5,false",
        "2018-10-02,50,true",
    ]
    assert rows("matrix?until=2018-10-03") == [
        "type,disposition,meaning,official,calls",
        "Traf Violation Cite,CIT,Cited,true,50",
    ]
    heat = rows("heat?")
    assert heat[0] == "weekday,hour,calls,hours"
    assert heat[1 + 24 + 12] == "Tuesday,12,50,1"
    assert len(heat) == 1 + 168
    assert rows("comparison?until=2018-10-03")[:2] == [
        "level,name,calls,per_day,other_calls,other_per_day,change",
        "total,all calls,50,30.76923076923077,0,0.0,",  # in 39 hours
    ]


def test_text_of_records_runs_in_no_spreadsheet(app: FastAPI) -> None:
    form = {"category": "Notes without a standard type", "format": "csv"}
    text = ask(app, "names", form).text
    rows = list(csv.reader(io.StringIO(text)))

    assert [row[0] for row in rows[1:]] == [
        "'" + FORMULA,
        SCRIPT,
        "\\u202egnp.exe",
        "one\\u2028two",
    ]
    assert "\u202e" not in text
    codes = {row[1] for row in csv.reader(io.StringIO(ask(app, "matrix?format=csv").text))}
    assert "'\uff20SUM" in codes


def test_text_of_records_comes_as_it_is_in_json(app: FastAPI) -> None:
    found = ask(app, "names", {"category": "Notes without a standard type"}).json()

    assert [each["name"] for each in found["names"]] == [FORMULA, SCRIPT, BIDI, LINES]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("names?since=yesterday", "since"),
        ("names?since=2018-10-02T09:30", "since"),
        ("names?since=2018-10-02T09:00:00Z", "since"),
        ("names?since=2018-02-30", "2018-02-30"),
        ("names?since=2018-10-03&until=2018-10-02", "not before"),
        ("names?since=2017-01-01&until=2017-01-02", "the count goes from"),
        ("names?category=Crime", "the categories are Traffic and parking"),
        ("heat?category=Crime", "the categories are Traffic and parking"),
        ("matrix?category=Crime", "the categories are Traffic and parking"),
        ("names?limit=0", "limit"),
        ("names?limit=501", "limit"),
        ("names?limit=many", "limit"),
        ("names?colour=red", "colour"),
        ("names?format=xml", "format"),
        (f"names?q={'x' * 101}", "q"),
        ("hours?count=1009", "count"),
        ("hours?at=2030-01-01", "the count goes from"),
        ("rejected?after=1", "after"),
        ("rejected?after=1:-1", "after"),
        ("rejected?reason=bad", "reason"),
        ("late?limit=501", "limit"),
        ("records/-1/0", "partition"),
        ("records/0/9223372036854775808", "offset"),
        ("records/0/x", "offset"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_its_name(
    app: FastAPI, path: str, said: str
) -> None:
    answer = ask(app, path)

    assert answer.status_code == 400
    body = answer.json()
    assert sorted(body) == ["error", "message", "next_step"]
    assert body["error"] == "bad_parameter"
    assert said in body["message"]
    assert body["next_step"]


def test_a_refusal_shows_little_of_a_long_value(app: FastAPI) -> None:
    body = ask(app, f"names?since={'9' * 5000}").json()

    assert len(body["message"]) < 300


@pytest.mark.parametrize("path", [each for each in PATHS if each not in ("methods", *READ_ANEW)])
def test_without_a_store_every_question_says_so(app: FastAPI, shown: Shown, path: str) -> None:
    shown.seen = None

    answer = ask(app, path)

    assert (answer.status_code, answer.json()["error"]) == (503, "store_empty")


@pytest.mark.parametrize("path", READ_ANEW)
def test_without_a_store_there_are_no_records_set_aside_to_read(tmp_path: Path, path: str) -> None:
    app = api_app(Shown(None), settings_in(tmp_path / "nowhere", KafkaSettings()))

    answer = ask(app, path)

    assert (answer.status_code, answer.json()["error"]) == (503, "store_empty")


@pytest.mark.parametrize("path", CELL_PATHS)
def test_while_cells_are_read_their_questions_say_when_to_ask_again(
    app: FastAPI, shown: Shown, path: str
) -> None:
    assert shown.seen is not None
    shown.seen = replace(shown.seen, columns=None)

    answer = ask(app, path)

    assert (answer.status_code, answer.json()["error"]) == (503, "loading")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", HOUR_PATHS)
def test_hours_and_totals_are_there_before_the_cells(app: FastAPI, shown: Shown, path: str) -> None:
    assert shown.seen is not None
    shown.seen = replace(shown.seen, columns=None)

    assert ask(app, path).status_code == 200


def test_an_answer_from_cells_names_the_batch_that_they_know(app: FastAPI, shown: Shown) -> None:
    assert shown.seen is not None
    shown.seen = replace(shown.seen, totals=replace(shown.seen.totals, last_batch_id=4))

    assert ask(app, "names").json()["meta"]["batch"] == 0
    assert ask(app, "overview").json()["meta"]["batch"] == 4


def test_a_source_that_is_not_synthetic_is_named_without_a_mark(app: FastAPI, shown: Shown) -> None:
    assert shown.seen is not None
    real = replace(GENERATION, source_title="calls.csv", synthetic=False)
    shown.seen = replace(shown.seen, generation=real)

    assert ask(app, "days").json()["meta"]["source"] == "calls.csv"
    assert ask(app, "days?format=csv").text.splitlines()[1].endswith(',"calls.csv"')


def test_a_store_that_cannot_be_read_is_no_defect_of_the_server(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("The store is locked.", next_step="wait")

    monkeypatch.setattr(set_aside, "open_reader", refuse)

    answer = ask(app, "late")

    assert answer.status_code == 503
    assert answer.json() == {
        "error": "store_unavailable",
        "message": "The store is locked.",
        "next_step": "wait",
    }
