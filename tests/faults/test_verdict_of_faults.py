"""What an audit's answer means for a run, and how runs are shown together."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from schedule import KINDS, chosen, lives_of
from verdict import Audited, Result, audited, summary

from running import Ran

ACCOUNT = {"read": 10, "counted": 7, "duplicate": 1, "late": 1, "rejected": 1, "gaps": 2}


def answer(code: int = 0, end: int = 12, **changed: object) -> Ran:
    found = {
        "differing": 0,
        "difference_counts": {},
        "accounting": ACCOUNT,
        "stored_accounting": ACCOUNT,
        "offsets": {"0": {"start": 0, "end": end}},
        "sequences": {"records": 10, "start": 0, "end": 10, "again": 0},
    }
    return Ran(code, json.dumps({**found, **changed}), "")


def test_an_audit_that_finds_all_equal_violates_nothing() -> None:
    assert audited(answer()) == Audited(0, 0, 10, ())


@pytest.mark.parametrize(
    ("ran", "what"),
    [
        (answer(3, differing=2, difference_counts={"cell": 2}), "exit code 3, {'cell': 2}"),
        (answer(stored_accounting={**ACCOUNT, "counted": 8}), "recounted"),
        (answer(stored_accounting={**ACCOUNT, "late": 0}), "does not add up"),
        (answer(end=13), "13 offsets hold"),
        (answer(sequences={"records": 10, "start": 0, "end": 0}), "no sequence is proved"),
        (answer(sequences=None), "no sequence is proved"),
        (Ran(4, "", "no broker"), "exit code 4: no broker"),
    ],
)
def test_an_audit_that_finds_anything_else_violates(ran: Ran, what: str) -> None:
    assert any(what in each for each in audited(ran).wrong)


def result(kind: str, next_batch_s: float | None, *violations: str) -> Result:
    audit = Audited(0, 0, 10, ())
    return Result(1, 1, kind, "soon", next_batch_s, next_batch_s, 0, audit, (), violations)


def test_runs_are_shown_by_kind_and_together() -> None:
    lines = summary([result("kill-jvm", 2.0), result("kill-jvm", 4.0), result("a", None, "late")])

    assert [line.split() for line in lines[1:]] == [
        ["a", "1", "-", "-", "-", "-", "0", "0", "0", "1"],
        ["kill-jvm", "2", "3.0", "s", "4.0", "s", "3.0", "s", "4.0", "s", "0", "0", "0", "0"],
        ["all", "3", "3.0", "s", "4.0", "s", "3.0", "s", "4.0", "s", "0", "0", "0", "1"],
    ]


def test_every_kind_occurs_equally_often_whatever_the_seed() -> None:
    lives = lives_of(KINDS, 10 * len(KINDS), 12, random.Random(5))

    found = Counter(kind.name for life in lives for kind in life.kinds)
    assert set(found.values()) == {10}
    assert max(len(life.kinds) for life in lives) == 12
    assert all(kind.place == life.place for life in lives for kind in life.kinds)


def test_a_seed_gives_the_same_faults_again() -> None:
    first, again, other = (lives_of(KINDS, 60, 12, random.Random(seed)) for seed in (5, 5, 6))

    assert first == again != other


def test_kinds_are_chosen_by_name() -> None:
    assert [each.name for each in chosen(["torn-wal", "kill-jvm"])] == ["kill-jvm", "torn-wal"]
    assert chosen([]) == KINDS
    with pytest.raises(ValueError, match="no such kind: kill-moon"):
        chosen(["kill-moon"])
