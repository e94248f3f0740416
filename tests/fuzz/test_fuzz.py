"""A small run of the fuzz, what it found before, and that it finds what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import found_cases
import pytest
import run_fuzz
from both_sides import compare
from click.testing import CliRunner, Result
from fuzz_topics import FuzzTopic

from sfcrime.audit import judge as audit_judge
from sfcrime.kafka import headers
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.streaming import judge as stream_judge
from sfcrime.streaming import rules

FOUND = sorted(found_cases.FOUND.glob("*.json"))


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(run_fuzz.main, [str(each) for each in arguments])


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_both_sides_agree_on_what_was_found(path: Path) -> None:
    assert compare(found_cases.load(path)).differences == []


def test_both_sides_agree_on_a_small_run_in_which_every_reason_comes_up(tmp_path: Path) -> None:
    result = _run("--cases", 40_000, "--seed", 1, "--processes", 1, "--found", tmp_path)

    assert result.exit_code == 0, result.output
    assert "Both sides agree on 40,000 cases." in result.output
    assert len(re.findall("headers of ours|headers of others", result.output)) == 2


def test_a_run_too_small_for_every_reason_proves_nothing_and_says_so() -> None:
    result = _run("--cases", 50, "--seed", 1, "--processes", 1)

    assert result.exit_code == 1
    assert "Never seen on one side: " in result.output


def _any_blank_folded(label: str) -> str:
    return " ".join(label.split())


WRONG = [
    pytest.param(
        audit_judge, "_remembered_label", _any_blank_folded, id="blanks of any kind folded"
    ),
    pytest.param(stream_judge, "FUTURE_TOLERANCE_S", 3_599, id="the future a second early"),
    pytest.param(audit_judge, "MAX_NESTING", 33, id="33 levels"),
    pytest.param(rules, "is_call_id", str.isdigit, id="digits of any script"),
    pytest.param(
        IdentityColumns, "repeats", lambda self: self.time_keys < 0, id="repeats in a batch missed"
    ),
    pytest.param(headers, "_SEQUENCE", re.compile(rb"[0-9]{1,18}"), id="zeros before a sequence"),
]


@pytest.mark.parametrize(("room", "name", "wrong"), WRONG)
def test_a_judge_that_is_made_wrong_is_found_and_the_case_is_shrunk_and_saved(
    room: object, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_fuzz, "RECORDS_OF_A_TOPIC", 1_000)  # found as surely, and sooner
    monkeypatch.setattr(room, name, wrong)

    result = _run("--cases", 20_000, "--seed", 1, "--processes", 1, "--found", tmp_path)

    assert result.exit_code == 1, result.output
    (path,) = tmp_path.iterdir()
    assert f"--replay {path}" in result.output
    assert _is_small(found_cases.load(path))
    assert _run("--replay", path).exit_code == 1
    monkeypatch.undo()
    assert _run("--replay", path).exit_code == 0


def _is_small(topic: FuzzTopic) -> bool:
    """One short record, or two whole ones where no verdict on one differs."""
    bytes_left = [len(record.value or b"") for record in topic.records]
    return (len(bytes_left) == 1 and bytes_left[0] <= 250) or len(bytes_left) == 2
