"""Readings of disposition codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfcrime.domain.dispositions import OFFICIAL_CODES, Disposition, describe

CODE_TABLE = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "radio_code.json"


def test_the_official_table_has_nineteen_codes() -> None:
    assert " ".join(sorted(OFFICIAL_CODES)) == (
        "22 ABA ADM ADV ARR CAN CIT CRM CSA GOA HAN NCR ND NOM PAS REP SFD UTL VAS"
    )


def test_an_official_code_is_described_by_its_meaning() -> None:
    assert describe("GOA") == Disposition("GOA", "Gone on Arrival", True, "GOA")
    assert describe("ND") == Disposition("ND", "No Disposition", True, "ND")


def test_both_codes_of_a_cancelled_call_merge_into_one_and_keep_themselves() -> None:
    assert describe("22") == Disposition("22", "Cancel", True, "CAN")
    assert describe("CAN") == Disposition("CAN", "Cancel", True, "CAN")


@pytest.mark.parametrize("code", ["OTS", "GEN", "INC", "HOT", "22 ", "can"])
def test_a_code_outside_the_table_is_kept_and_flagged(code: str) -> None:
    assert describe(code) == Disposition(code, "unknown code", False, code)


def test_what_is_no_code_is_read_but_never_official() -> None:
    assert describe("Not recorded") == Disposition(
        "Not recorded", "no disposition was entered", False, "Not recorded"
    )
    assert describe("").official is False


@pytest.mark.real_data
def test_the_table_agrees_with_the_published_one() -> None:
    if not CODE_TABLE.exists():
        pytest.skip("the published code table is not beside the project")
    published = json.loads(CODE_TABLE.read_text())
    assert {row["disposition_code"]: row["description"] for row in published} == dict(
        OFFICIAL_CODES
    )
