"""`sfcrime report` over a store of ten calls: golden files, shapes, and refusals."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import CellCount, PartitionRange
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, NINE_US, TEN_US, identities

GOLDEN = Path(__file__).parent / "golden"
NOVEMBER_ONE_US = 1_541_293_200_000_000
"""2018-11-04T01:00:00, which the wall showed twice."""


def golden(name: str) -> str:
    return (GOLDEN / name).read_text(encoding="utf-8")


def store_of(folder: Path, cells: list[CellCount], *, synthetic: bool = False) -> None:
    """A store of these calls alone, from a topic of someone else's making."""
    calls = sum(cell.calls for cell in cells)
    generation = replace(
        GENERATION, start_offsets={0: 0}, synthetic=synthetic, source_name="", source_title=""
    )
    with open_writer(folder / "sfcrime.db", history_rows=10) as writer:
        writer.create_generation(generation)
        writer.commit_batch(
            BatchOutcome(
                batch_id=0,
                cells=cells_of(cells),
                rejected=[],
                late=[],
                ranges=[PartitionRange(0, 0, calls, calls, 0, 0)],
                accounting=Accounting(read=calls, counted=calls),
                identities=identities(0, calls),
                newest_call_us=TEN_US,
            )
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("report.txt", ["report"]),
        ("report_hours_top.txt", ["report", "--every", "hour", "--by", "type", "--top", "1"]),
        ("report.json", ["report", "--json", "--every", "day"]),
        ("report.csv", ["report", "--csv", "--every", "hour"]),
        ("report_help.txt", ["report", "--help"]),
    ],
)
def test_a_report_looks_like_its_golden_file(name, arguments, data_dir, run) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == golden(name)


def test_rows_hold_only_the_fields_that_were_asked_for(data_dir, run) -> None:
    by_type = json.loads(run("report", "--json", "--by", "type", "--raw").out)
    assert by_type["rows"] == [
        {"type": "Passing Call", "calls": 5},
        {"type": "Traf Violation Cite", "calls": 3},
        {"type": "Noise Nuisance", "calls": 2},
    ]
    by_time = json.loads(run("report", "--json", "--by", "none", "--every", "week").out)
    assert by_time["rows"] == [{"window_start": "2018-10-01T00:00:00", "calls": 10}]
    by_code = json.loads(run("report", "--json", "--by", "disposition", "--raw").out)
    assert {"disposition": "22", "calls": 1} in by_code["rows"]


def test_since_is_counted_and_until_is_not(data_dir, run) -> None:
    ran = run(
        "report", "--json", "--by", "none",
        "--since", "2018-10-02T09:00", "--until", "2018-10-02T10:00",
    )  # fmt: skip
    assert json.loads(ran.out)["rows"] == [{"calls": 5}]
    day = run("report", "--json", "--by", "none", "--since", "2018-10-03")
    assert json.loads(day.out)["rows"] == []


def test_a_span_without_calls_is_said_to_have_none(data_dir, run) -> None:
    ran = run("report", "--since", "2018-10-03")
    assert ran.code == 0
    assert "0 calls in 0 rows." in ran.out


def test_what_is_folded_is_stated_and_stays_in_the_total(data_dir, run) -> None:
    document = json.loads(run("report", "--json", "--by", "type", "--top", "1").out)
    assert document["rows"] == [
        {"type": "Passing Call", "calls": 5},
        {"type": "other types", "calls": 5},
    ]
    assert document["calls"] == 10
    assert document["folded"] == {"into": "other types", "labels": 2, "calls": 5}


def test_a_table_is_cut_where_it_is_long_and_says_so(data_dir, run) -> None:
    ran = run("report", "--rows", "2")
    assert "10 calls in 4 rows." in ran.out
    assert "The first 2 rows are printed" in ran.out
    assert "Noise Nuisance" not in ran.out
    assert "Noise Nuisance" in run("report", "--rows", "0").out


def test_a_spreadsheet_never_gets_a_formula(tmp_path, run) -> None:
    labels = ["=1+1", "+1", "-1", "@a", "plain, with comma", 'quo"te', "Fight;=1+1;x"]
    labels += [
        "\uff1d1",
        "\uff0b1",
        "\ufe631",
        "\uff20a",
        "=\u0338",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\t=1",
        "\r=1",
    ]
    store_of(tmp_path, [CellCount(NINE_US, label, "HAN", 1) for label in labels])
    ran = run("report", "--csv", "--by", "type", "--raw")
    rows = list(csv.reader(io.StringIO(ran.out)))
    assert rows[0] == ["type", "calls", "source"]
    assert {row[0] for row in rows[1:]} == {
        "'+1", "'-1", "'=1+1", "'@a", "plain, with comma", 'quo"te', "Fight;=1+1;x",
        "'\uff1d1", "'\uff0b1", "'\ufe631", "'\uff20a", "'=\u0338", "' =1",
        "\\xa0=1", "\\u200b=1", "\\t=1", "\\r=1",
    }  # fmt: skip
    assert {row[2] for row in rows[1:]} == {"topic org.sf.police.calls"}
    assert '"Fight;=1+1;x",1,"topic org.sf.police.calls"' in ran.out.splitlines()


def test_a_call_type_named_as_the_folded_rest_is_told_apart(tmp_path, run) -> None:
    calls = {"other types": 3, "Fight": 2, "Alarm": 1}
    store_of(tmp_path, [CellCount(NINE_US, name, "HAN", n) for name, n in calls.items()])
    ran = run("report", "--by", "type", "--raw", "--top", "1")
    assert '"other types (folded)" stands for 2 more, 3 calls.' in ran.out
    document = json.loads(run("report", "--json", "--by", "type", "--raw", "--top", "1").out)
    assert [row["type"] for row in document["rows"]] == ["other types", "other types (folded)"]
    assert document["folded"]["into"] == "other types (folded)"


def test_labels_are_no_markup_and_reach_the_terminal_escaped(tmp_path, run) -> None:
    store_of(tmp_path, [CellCount(NINE_US, "[red]x[/red]\x9b31m\u202e", "HAN", 1)])
    out = run("report", "--by", "type", "--raw").out
    assert "[red]x[/red]\\x9b31m\\u202e" in out
    assert "\x9b" not in out
    assert "\u202e" not in out


def test_every_column_fits_eighty_columns_and_no_label_is_cut(tmp_path, run) -> None:
    long = "Q" * 100
    store_of(tmp_path, [CellCount(NINE_US, long, "HAN", 1_234_567)])
    out = run("report", "--every", "hour", "--raw").out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert out.count("Q") == 100
    assert "1,234,567" in out


def test_the_repeated_hour_is_flagged(tmp_path, run) -> None:
    store_of(tmp_path, [CellCount(NOVEMBER_ONE_US, "Passing Call", "HAN", 3)])
    document = json.loads(run("report", "--json", "--every", "hour").out)
    assert document["ambiguous_windows"] == ["2018-11-04T01:00:00"]
    assert "2018-11-04 01:00 *" in run("report", "--every", "hour").out
    assert "The wall showed this hour twice" in run("report", "--every", "hour").out


def test_real_data_is_never_called_synthetic(tmp_path, run) -> None:
    store_of(tmp_path, [CellCount(NINE_US, "Passing Call", "HAN", 3)])
    assert "SYNTHETIC" not in run("report").out
    assert json.loads(run("report", "--json").out)["synthetic"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "priority"], "'priority' is none of type, disposition"),
        (["--every", "month"], "'month'"),
        (["--since", "yesterday"], "'yesterday' is no date or time"),
        (["--since", "2018-10-02T09:00-07:00"], "without an offset"),
        (["--since", "2018-10-03", "--until", "2018-10-02"], "is empty"),
        (["--since", "2018-10-02T09:30"], "lies within a window of 60 minutes"),
        (["--json", "--csv"], "Both --json and --csv"),
        (["--by", "none", "--top", "3"], "--top needs something to rank"),
        (["--top", "0"], "0 is not in the range"),
    ],
)
def test_a_flag_that_cannot_be_is_a_usage_error(arguments, message, data_dir, run) -> None:
    ran = run("report", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err


def test_no_store_is_exit_code_four_and_names_the_next_step(run) -> None:
    ran = run("report")
    assert ran.code == 4
    assert "sfcrime run" in ran.err
