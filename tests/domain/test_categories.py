"""Every type that a label can be read as has a category; nothing else has one."""

from __future__ import annotations

import pytest

from sfcrime.domain.call_types import read_call_type
from sfcrime.domain.categories import CATEGORIES, NOTES, category_of
from sfcrime.domain.radio_codes import RADIO_CODES
from sfcrime.domain.standard_descriptions import STANDARD_DESCRIPTIONS


def test_there_are_a_dozen_at_most_and_no_two_alike() -> None:
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 11


@pytest.mark.parametrize("description", STANDARD_DESCRIPTIONS)
def test_every_standard_description_has_a_category(description: str) -> None:
    assert category_of(description) in set(CATEGORIES) - {NOTES}


@pytest.mark.parametrize("code", [each.code for each in RADIO_CODES])
def test_every_radio_code_is_read_as_something_with_a_category(code: str) -> None:
    assert category_of(read_call_type(code)) in set(CATEGORIES) - {NOTES}


@pytest.mark.parametrize("label", ["", "Drugs", "911 Hu", "homicide", "traffic stop", "<b>x</b>"])
def test_what_is_read_as_itself_is_a_note(label: str) -> None:
    assert category_of(label) == NOTES


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("22500e", "Traffic and parking"),
        ("Passing Call", "Officer activity"),
        ("917", "Suspicion"),
        ("415", "Disturbance and conduct"),
        ("Well Being Check", "Welfare and medical"),
        ("459", "Property"),
        ("187", "Violence and threats"),
        ("Silent Alarm", "Alarms"),
        ("528", "Fire and hazards"),
        ("Meet W/citizen", "Service and administration"),
    ],
)
def test_labels_are_grouped_by_what_the_call_is_about(label: str, category: str) -> None:
    assert category_of(read_call_type(label)) == category
