"""Invented calls whose counts are plain: every hour is the same."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2018, 10, 2, 0, 0)
PER_HOUR = (
    ("Passing Call", "HAN", 30),
    ("Traf Violation Cite", "CIT", 7),
    ("  Poss ", "ND", 2),
    ("22500e", "", 1),
)
"""(raw call type, raw disposition, calls): 40 calls an hour in 4 cells."""


def hour_of_calls(hour: int) -> list[dict[str, str]]:
    """The 40 calls of an hour since `START`, a minute and a half apart."""
    pairs = [
        (call_type, disposition) for call_type, disposition, calls in PER_HOUR for _ in range(calls)
    ]
    calls = []
    for number, (call_type, disposition) in enumerate(pairs):
        at = START + timedelta(hours=hour, seconds=90 * number)
        calls.append(
            {
                "crime_id": f"{100_000_000 + hour * 40 + number}",
                "original_crime_type_name": call_type,
                "report_date": f"{at:%Y-%m-%d}T00:00:00.000",
                "call_date": f"{at:%Y-%m-%d}T00:00:00.000",
                "offense_date": f"{at:%Y-%m-%d}T00:00:00.000",
                "call_time": f"{at:%H:%M}",
                "call_date_time": f"{at:%Y-%m-%dT%H:%M:%S}.000",
                "disposition": disposition,
                "address": "100 Block Of Nowhere St",
                "city": "San Francisco",
                "state": "CA",
                "agency_id": "1",
                "address_type": "Premise Address",
                "common_location": "",
            }
        )
    return calls


def write_newest_first(path: Path, calls: list[object]) -> None:
    """As the portal exports them."""
    path.write_text(json.dumps(calls[::-1], indent=4), encoding="utf-8")
