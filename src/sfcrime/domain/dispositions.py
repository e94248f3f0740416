"""Dispositions: how a call ended, by the city's 19 official codes, and what else is met.

About one call in ten carries a code outside the official table, so every reading is a left join:
an unknown code is kept, shown as it is, and flagged unofficial. Codes are read when results are
shown, never when calls are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disposition:
    """A disposition code and its reading."""

    code: str
    """As the call carries it."""
    meaning: str
    official: bool
    """True for the 19 codes of the city's table."""
    merged_code: str
    """The code under which statistics merge it: "22" and "CAN" both mean cancelled."""


OFFICIAL_CODES: Mapping[str, str] = {
    "ABA": "Abated",
    "ADM": "Admonished",
    "ADV": "Advised",
    "ARR": "Arrest",
    "CAN": "Cancel",
    "CSA": "CPSA assignment",
    "22": "Cancel",
    "CIT": "Cited",
    "CRM": "Criminal Activation",
    "GOA": "Gone on Arrival",
    "HAN": "Handled",
    "NCR": "Non-Criminal",
    "ND": "No Disposition",
    "NOM": "No Merit",
    "PAS": "Premises Appears Secure",
    "REP": "Report",
    "SFD": "SFFD Medical Staff Engaged",
    "UTL": "Unable to Locate",
    "VAS": "Vehicle Appears Secure",
}
"""The city's table: code -> meaning."""

UNKNOWN_MEANING = "unknown code"

# Readings of what is met outside the table. OTS, GEN, INC, DUP, TOW, CHP, ENC, TH2 and HOT are
# met too, but no published source explains them, so they stay unknown.
_UNOFFICIAL_READINGS: Mapping[str, str] = {
    "": "empty",
    "Not recorded": "no disposition was entered",
    "FIR": "presumably Fire (unconfirmed)",
}

_MERGED: Mapping[str, str] = {"22": "CAN"}


def describe(code: str) -> Disposition:
    """Reads a code; whatever it is, a `Disposition` comes back.

    Codes are matched exactly: "can" is not the official "CAN", and stays what the call says.
    """
    official = code in OFFICIAL_CODES
    meaning = OFFICIAL_CODES.get(code) or _UNOFFICIAL_READINGS.get(code, UNKNOWN_MEANING)
    return Disposition(code, meaning, official, _MERGED.get(code, code))
