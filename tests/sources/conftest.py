"""Tiny files shaped like the real one; every row is invented."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Call = dict[str, str]
MakeCall = Callable[..., Call]
WriteCalls = Callable[..., Path]


def _make_call(call_id: str, when: str, call_type: str = "Passing Call", end: str = "HAN") -> Call:
    """A call with the 14 fields of the real file; `when` is "2018-10-02T09:11"."""
    day, minute = when.split("T")
    return {
        "crime_id": call_id,
        "original_crime_type_name": call_type,
        "report_date": f"{day}T00:00:00.000",
        "call_date": f"{day}T00:00:00.000",
        "offense_date": f"{day}T00:00:00.000",
        "call_time": minute,
        "call_date_time": f"{when}:00.000",
        "disposition": end,
        "address": "0 Block Of Invented St",
        "city": "San Francisco",
        "state": "CA",
        "agency_id": "1",
        "address_type": "Premise Address",
        "common_location": "",
    }


@pytest.fixture
def make_call() -> MakeCall:
    return _make_call


@pytest.fixture
def write_calls(tmp_path: Path) -> WriteCalls:
    """Writes calls as one array, indented as the real file is, or as one object a line."""

    def write(calls: Iterable[object], *, lines: bool = False, packed: bool = False) -> Path:
        if lines:
            text = "".join(json.dumps(call) + "\n" for call in calls)
        else:
            text = json.dumps(list(calls), indent=4)
        path = tmp_path / "calls.json"
        content = text.encode()
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return write
