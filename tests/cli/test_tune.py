"""`sfcrime tune` without a trial being run: what it refuses, and the report made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfcrime.cli.main import main
from sfcrime.tuning.results import append_line
from tuning_samples import SETUP, a_whole_run


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["tune", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("shuffle_partitions", "names no values"),
        ("shuffle_partitions=2,,8", "names no values"),
        ("shuffle=2", "There is no knob shuffle."),
        ("trigger_ms=soon", "The setting stream.trigger_ms cannot be 'soon'"),
        ("shuffle_partitions=many", "shuffle_partitions cannot be 'many'"),
        ("spark.sql.shuffle.partitions=many", "shuffle_partitions cannot be 'many'"),
        ("spark.master=local[8]", "stream.spark_properties names spark.master"),
        ("option.startingOffsets=latest", "stream.source_options names startingOffsets"),
        ("spark.my.token=x", "looks like a credential"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_starts(
    given: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--set", given, "--out", str(tmp_path / "out")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_a_query_does_not_have_is_not_tried_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ["--set", "state_store=rocksdb", "--set", "shuffle_partitions=8"]

    assert _run(*given, "--query", "product", "--out", str(out)) == 2

    said = capsys.readouterr().err
    assert "The product's query has no state_store and no shuffle_partitions." in said
    assert not out.exists()


def test_without_the_exercises_folder_its_query_is_refused_and_the_way_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "lib" / "site-packages" / "sfcrime" / "__init__.py"
    monkeypatch.setattr("sfcrime.tuning.queries.sfcrime.__file__", str(installed))
    out = tmp_path / "out"

    assert _run("--set", "trigger_ms=0", "--out", str(out)) == 2

    said = capsys.readouterr().err
    assert f"there is no {tmp_path / 'lib' / 'exercise' / 'data_stream.py'}" in said
    assert "--query product" in said
    assert not out.exists()


def test_the_report_is_made_anew_from_the_trials_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (SETUP, *a_whole_run()):
        append_line(tmp_path / "trials.jsonl", line)

    assert _run("--report-only", "--json", "--out", str(tmp_path)) == 0

    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["recommended"][0] == {
        "for": "a backlog",
        "setting": "base",
        "why": "highest throughput; 1 other does as well",
    }
    assert "For latency: trigger_ms=0 (50.5 ms; lowest latency p50)" in printed.err
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"trials.jsonl", "report.html", "report.md"}


def test_without_trials_there_is_nothing_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--report-only", "--out", str(tmp_path)) == 2
    assert "There are no trials in" in capsys.readouterr().err


def test_a_folder_of_the_users_takes_no_trials(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("someone's")

    assert _run("--quick", "--query", "product", "--out", str(tmp_path)) == 2

    assert f"folder {tmp_path} is not empty" in capsys.readouterr().err
    assert [each.name for each in tmp_path.rglob("*")] == ["work", "thesis.txt"]
