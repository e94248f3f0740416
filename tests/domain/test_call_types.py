"""Readings of raw call-type labels."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_file import REAL_FILE
from sfcrime.domain.call_types import read_call_type
from sfcrime.domain.radio_codes import RADIO_CODES
from sfcrime.domain.standard_descriptions import STANDARD_DESCRIPTIONS


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("Passing Call", "Passing Call"),
        ("PASSING CALL", "Passing Call"),
        ("passing  call ", "Passing Call"),
        ("Meet W/citizen", "Meet W/citizen"),
        ("MEET W/CITIZEN", "Meet W/citizen"),
        ("H&R VEH ACCIDENT", "H&r Veh Accident"),
        ("Assault / Battery Dv", "Assault / Battery Dv"),
        ("416 for medication", "416 For Medication"),
    ],
)
def test_a_standard_description_is_read_in_any_case(raw: str, label: str) -> None:
    assert read_call_type(raw) == label


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("22500e", "Traf Violation Cite"),
        ("500e", "Traf Violation Cite"),
        ("500E", "Traf Violation Cite"),
        ("2250oe", "Traf Violation Cite"),
        ("225000e", "Traf Violation Cite"),
        ("Dw", "Traf Violation Cite"),
        ("500f", "Traf Violation Cite"),
        ("7.2.46", "Traf Violation Cite"),
        ("7,2,46", "Traf Violation Cite"),
        ("7/2/46", "Traf Violation Cite"),
        ("7.2..25", "Traf Violation Cite"),
        (".46", "Traf Violation Cite"),
        ("Rz", "Traf Violation Cite"),
        ("518", "Veh Accident"),
        ("518hr", "H&r Veh Accident"),
        ("519", "Injury Veh Accident"),
        ("586", "Traffic Hazard"),
        ("601", "Trespasser"),
        ("909", "Meet W/citizen"),
        ("459", "Burglary"),
        ("917", "Suspicious Person"),
        ("919", "Sit/lie Enforcement"),
        ("5150", "Psych Eval / Hold"),
        ("311X", "Indecent Exposure"),
        ("801x", "Suicide Attempt"),
        ("418dv", "Fight No Weapon Dv"),
        ("240dv", "Assault / Battery Dv"),
        ("10-30", "Person/vehicle wanted or stolen"),
        ("1030", "Person/vehicle wanted or stolen"),
        ("136.1(a)", "Intimidation of witness or victim"),
    ],
)
def test_a_code_is_read_as_its_description(raw: str, label: str) -> None:
    assert read_call_type(raw) == label


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("800 Poss", "Mentally Disturbed"),
        ("Poss/800", "Mentally Disturbed"),
        ("601 Rtl", "Trespasser"),
        ("594 J/o", "Vandalism"),
        ("Rep/ 221 Poss", "Person W/gun"),
        ("22500e/7.2.25", "Traf Violation Cite"),
        ("22500e/7,2,25", "Traf Violation Cite"),
        ("22500e/.25", "Traf Violation Cite"),
        ("500e/rz", "Traf Violation Cite"),
    ],
)
def test_codes_of_one_reading_and_modifiers_are_read_as_the_codes(raw: str, label: str) -> None:
    assert read_call_type(raw) == label


@pytest.mark.parametrize(
    "raw",
    [
        "Poss",
        "Drugs",
        "Jo",
        "Aggressive",
        "911",  # a broken window as a code, a dropped call as a note
        "911 Hu",
        "459 Caser",  # somebody looking at houses is no burglary
        "915/919",  # two readings
        "Robbery Suspect",  # a word inside a note
        "1601",  # a code inside a number
        "601b",
        "Room 601",
        "7.2.99",
        "`0123",
        "",
        "   ",
        "Passing",
        "Passing Calls",
    ],
)
def test_anything_else_is_a_note_and_stays_as_it_is(raw: str) -> None:
    assert read_call_type(raw) == raw


def test_every_description_a_code_names_is_a_standard_one() -> None:
    assert len(STANDARD_DESCRIPTIONS) == 143
    named = {code.description for code in RADIO_CODES} - {""}
    assert named - set(STANDARD_DESCRIPTIONS) == set()


def test_no_spelling_belongs_to_two_codes_and_none_to_a_description() -> None:
    spellings = Counter(s for code in RADIO_CODES for s in (code.code, *code.variants))
    assert [spelling for spelling, times in spellings.items() if times > 1] == []
    assert {label.casefold() for label in STANDARD_DESCRIPTIONS} & set(spellings) == set()


@given(st.text(max_size=30))
def test_any_text_is_read(raw: str) -> None:
    readings = {code.description or code.meaning for code in RADIO_CODES}
    assert read_call_type(raw) in {raw, *STANDARD_DESCRIPTIONS, *readings}


@pytest.mark.real_data
def test_seven_in_eight_real_calls_are_read() -> None:
    if not REAL_FILE.exists():
        pytest.skip("the real file is not beside the project")
    rows = json.loads(gzip.decompress(REAL_FILE.read_bytes()))
    raw = Counter(row["original_crime_type_name"] for row in rows)
    standard = {label for label in raw if read_call_type(label).casefold() == _folded(label)}
    standard &= {label for label in raw if read_call_type(label) in STANDARD_DESCRIPTIONS}
    codes = {label for label in raw if read_call_type(label) != label} - standard
    assert sum(raw[label] for label in standard) == 152_971  # 76.5 % of 199,999
    assert sum(raw[label] for label in codes) == 23_043  # 11.5 %


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()
