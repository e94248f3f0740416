"""docs/guarantees.md names tests and faults that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from schedule import CLUSTER_KINDS, KINDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROMISES = PAGE.split("## What is promised")[1].split("## What is not promised")[0]
ROWS = [line.split(" | ") for line in PROMISES.splitlines() if line.startswith("| ")][1:]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


def test_every_promise_names_a_test() -> None:
    assert len(ROWS) > 10
    for promise, faults, proofs in ROWS:
        assert faults, promise
        assert re.findall(r"`tests/[^`]+`", proofs), promise


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    file, _, test = named.partition("::")

    text = (ROOT / file).read_text(encoding="utf-8")
    assert not test or re.search(rf"^def {test}\(", text, re.MULTILINE)


def test_every_kind_of_fault_is_on_the_page_and_no_other() -> None:
    table = PAGE.split("| Kind | What is done |")[1]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]

    assert sorted(listed) == sorted(kind.name for kind in (*KINDS, *CLUSTER_KINDS))
