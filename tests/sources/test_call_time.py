"""A call's time as the file source orders by it."""

from __future__ import annotations

import pytest

from sfcrime.sources.staging import ordering_time_us


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-10-02T09:11:00.000", 1538471460000000),
        ("2018-10-02T09:11", 1538471460000000),
        (" 2018-10-02 09:11:00 ", 1538471460000000),
        ("2018-10-02T09:11:00Z", 1538471460000000),  # the wall clock written is what counts
        ("2018-10-02T09:11:00+05:00", 1538471460000000),
        ("2018-10-02", 1538438400000000),
        ("2000-01-01T00:00:00", 946684800000000),
    ],
)
def test_a_time_that_can_be_made_out_is_the_wall_clock_written(text: str, expected: int) -> None:
    assert ordering_time_us(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2018-02-30T00:00:00",
        "2018-10-02T25:00",
        "1999-12-31T23:59:59",
        "2100-01-01T00:00:00",
        None,
        1538471460,
        ["2018-10-02"],
        "2018-10-02T09:11:00\x00",
    ],
)
def test_anything_else_has_no_time(value: object) -> None:
    assert ordering_time_us(value) is None
