"""How a part that ended is told: its own error once, or the end of its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfcrime.pipeline.activity import ERROR_FILE
from sfcrime.pipeline.part import ended_part


def test_the_error_of_a_part_is_told_once_with_its_own_next_step(tmp_path: Path) -> None:
    log, file = tmp_path / "producer.log", tmp_path / "none.json"
    facts = tmp_path / "producer.error.json"
    part = subprocess.run(
        [sys.executable, "-m", "sfcrime", "produce", str(file), "--data-dir", str(tmp_path / "x")],
        env={**os.environ, ERROR_FILE: str(facts)},
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(part.stderr)
    told = json.loads(facts.read_text())
    assert part.stderr == (
        f"error: {told['happened']}\n{told['rule']}\nNext step: {told['next_step']}\n"
    )

    failure = ended_part("producer", part.returncode, log).failure

    assert str(failure) == (
        f"The producer ended (exit code 2): {told['happened']}\n{told['rule']}\n"
        f"Next step: {told['next_step']}; its log is {log}"
    )
    assert failure.exit_code == 2


def test_a_part_that_told_no_error_is_told_by_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "stream.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    failure = ended_part("stream", -9, log).failure

    assert str(failure).startswith("The stream ended (exit code -9): line 85\nline 86\n")
    assert str(failure).endswith(f"line 99\nNext step: read {log}")
    assert failure.exit_code == 1


def test_what_may_pass_is_known_of_a_part_that_told_its_error(tmp_path: Path) -> None:
    log = tmp_path / "stream.log"
    facts = {"happened": "No broker.", "rule": "", "next_step": "", "may_pass": True}
    for may_pass in (True, False):
        (tmp_path / "stream.error.json").write_text(json.dumps(facts | {"may_pass": may_pass}))
        assert ended_part("stream", 4, log).failure.may_pass is may_pass


@pytest.mark.parametrize(("code", "may_pass"), [(-9, True), (1, True), (2, False)])
def test_of_a_part_that_told_none_only_a_wrong_call_cannot_pass(
    tmp_path: Path, code: int, may_pass: bool
) -> None:
    ended = ended_part("stream", code, tmp_path / "stream.log")
    assert ended.failure.may_pass is may_pass
