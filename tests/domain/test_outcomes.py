"""Outcomes, reasons and accounting; and docs/rules.md, which describes the rules one by one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sfcrime.domain import outcomes
from sfcrime.domain.calls import NEEDED_FIELDS
from sfcrime.domain.outcomes import Accounting, Outcome, Reason

RULES = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")

RULES_IN_ORDER = [
    ("R1", "no-value"),
    ("R2", "empty-value"),
    ("R3", "too-large"),
    ("R4", "not-utf8"),
    ("R5", "nested-too-deep"),
    ("R6", "not-json"),
    ("R7", "not-an-object"),
    ("R8", "field-missing"),
    ("R9", "field-not-text"),
    ("R10", "control-character"),
    ("R11", "bad-call-id"),
    ("R12", "bad-call-time"),
    ("R13", "year-out-of-range"),
    ("R14", "label-too-long"),
    ("R15", "from-the-future"),
]


def _section(heading: str) -> str:
    found = re.search(rf"^## {heading}\b.*?(?=^## |\Z)", RULES, re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/rules.md has no section {heading}"
    return found.group()


def test_the_reasons_stand_in_the_order_in_which_the_rules_are_tried() -> None:
    assert [(reason.rule, reason.value) for reason in Reason] == RULES_IN_ORDER


def test_the_page_lists_exactly_these_rules_with_their_reasons_in_this_order() -> None:
    headings = re.findall(r"^## (R\d+) `([a-z0-9-]+)`$", RULES, re.MULTILINE)

    assert headings == RULES_IN_ORDER


def test_the_page_describes_the_late_rule_behind_the_others() -> None:
    headings = re.findall(r"^## ([RL]\d+)\b", RULES, re.MULTILINE)

    assert headings[-1] == "L1"


def test_the_page_lists_the_outcomes_in_the_order_in_which_they_win() -> None:
    listed = re.findall(r"^\d\. \*\*(\w+)\*\*", RULES, re.MULTILINE)

    assert listed == ["rejected", "late", "duplicate", "counted"]
    assert sorted(listed) == sorted(outcome.value for outcome in Outcome)


@pytest.mark.parametrize("rule, _", RULES_IN_ORDER)
def test_every_rule_has_an_example_that_it_rejects(rule: str, _: str) -> None:
    assert "* Rejected: " in _section(rule)


@pytest.mark.parametrize(
    "section, name, value, written",
    [
        ("R3", "MAX_VALUE_BYTES", 65_536, "longer than 65,536 bytes"),
        ("R5", "MAX_NESTING", 32, "more than 32 deep"),
        ("R11", "MAX_CALL_ID_DIGITS", 18, "1 to 18 ASCII digits"),
        ("R13", "FIRST_YEAR", 2000, "at least 2000"),
        ("R13", "LAST_YEAR_EXCLUSIVE", 2100, "below 2100"),
        ("R14", "MAX_LABEL_BYTES", 256, "at most 256 bytes of UTF-8"),
        ("R15", "FUTURE_TOLERANCE_S", 3600, "more than 3,600 seconds after"),
        ("L1", "DEFAULT_LATENESS_S", 604_800, "604,800 seconds (7 days)"),
    ],
)
def test_the_page_and_the_judges_speak_of_the_same_bound(
    section: str, name: str, value: int, written: str
) -> None:
    assert getattr(outcomes, name) == value
    assert written in " ".join(_section(section).split())


def test_the_page_names_the_needed_fields() -> None:
    assert NEEDED_FIELDS == (
        "crime_id",
        "original_crime_type_name",
        "call_date_time",
        "disposition",
    )
    assert "`crime_id`, `original_crime_type_name`, `call_date_time` and `disposition`" in RULES


def test_an_accounting_adds_up_when_every_record_has_one_outcome() -> None:
    assert Accounting(read=10, counted=4, duplicate=3, late=2, rejected=1).adds_up
    assert Accounting().adds_up


@pytest.mark.parametrize(
    "broken",
    [
        Accounting(read=10, counted=4, duplicate=3, late=2, rejected=0),
        Accounting(read=10, counted=5, duplicate=3, late=2, rejected=1),
        Accounting(read=0, counted=1),
    ],
)
def test_an_accounting_with_a_record_lost_or_counted_twice_does_not_add_up(
    broken: Accounting,
) -> None:
    assert not broken.adds_up


def test_gaps_are_not_records() -> None:
    assert Accounting(read=1, counted=1, gaps=5).adds_up


def test_accountings_are_added_outcome_by_outcome() -> None:
    total = Accounting(10, 4, 3, 2, 1, 7) + Accounting(100, 40, 30, 20, 10, 70)

    assert total == Accounting(110, 44, 33, 22, 11, 77)
