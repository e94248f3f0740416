"""Types by disposition: codes merged as in reports, unknown ones kept, and everything bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.answers.records import Disposition, MatrixRow
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.matrix import matrix_of
from sfcrime.dashboard.questions.parameters import MatrixForm


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen_of(
        tmp_path_factory.mktemp("data"),
        cell("2018-10-01T08:00", "Passing Call", "HAN", 500),
        cell("2018-10-02T08:00", "Passing Call", "HAN", 6),
        cell("2018-10-02T08:00", "Passing Call", "22", 2),
        cell("2018-10-02T08:00", "Passing Call", "CAN", 1),
        cell("2018-10-02T09:00", "22500e", "CIT", 4),
        cell("2018-10-02T09:00", "Traf Violation Cite", "CIT", 1),
        cell("2018-10-02T09:00", "Alarm", "OTS", 3),
        cell("2018-10-02T10:00", "Alarm", "Not recorded", 2),
        cell("2018-10-02T10:00", "Alarm", "", 1),
    )


def test_each_type_has_its_calls_by_each_code_that_occurs(seen: Seen) -> None:
    found = matrix_of(seen, MatrixForm(since="2018-10-02"))

    assert found.dispositions == [
        Disposition(code="HAN", meaning="Handled", official=True, calls=6),
        Disposition(code="CIT", meaning="Cited", official=True, calls=5),
        Disposition(code="CAN", meaning="Cancel", official=True, calls=3),
        Disposition(code="OTS", meaning="unknown code", official=False, calls=3),
        Disposition(
            code="Not recorded",
            meaning="no disposition was entered",
            official=False,
            calls=2,
        ),
        Disposition(code="", meaning="empty", official=False, calls=1),
    ]
    assert found.rows == [
        MatrixRow(type="Passing Call", calls=9, by_disposition=[6, 0, 3, 0, 0, 0]),
        MatrixRow(type="Alarm", calls=6, by_disposition=[0, 0, 0, 3, 2, 1]),
        MatrixRow(type="Traf Violation Cite", calls=5, by_disposition=[0, 5, 0, 0, 0, 0]),
    ]
    assert (found.calls, found.left_out) == (20, 0)
    assert (found.unofficial_calls, found.not_recorded_calls) == (6, 3)


def test_types_beyond_the_limit_are_one_row_with_all_their_calls(seen: Seen) -> None:
    found = matrix_of(seen, MatrixForm(since="2018-10-02", limit=1))

    assert [(each.type, each.by_disposition) for each in found.rows] == [
        ("Passing Call", [6, 0, 3, 0, 0, 0]),
        ("other types", [0, 5, 0, 3, 2, 1]),
    ]
    assert (found.calls, found.left_out) == (20, 2)


def test_a_category_leaves_the_calls_and_codes_of_others_out(seen: Seen) -> None:
    found = matrix_of(seen, MatrixForm(since="2018-10-02", category="Alarms"))

    assert [each.code for each in found.dispositions] == ["OTS", "Not recorded", ""]
    assert [(each.type, each.by_disposition) for each in found.rows] == [("Alarm", [3, 2, 1])]
    assert found.calls == 6


def test_a_span_without_calls_has_no_rows(seen: Seen) -> None:
    found = matrix_of(seen, MatrixForm(since="2018-10-01T12:00", until="2018-10-01T13:00"))

    assert (found.calls, found.rows, found.dispositions) == (0, [], [])


def test_a_row_of_others_never_takes_the_name_of_a_type(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T08:00", "other types", "HAN", 3),
        cell("2018-10-01T08:00", "Alarm", "HAN", 2),
    )

    assert [each.type for each in matrix_of(seen, MatrixForm(limit=1)).rows] == [
        "other types",
        "other types (folded)",
    ]


def test_of_very_many_codes_the_rarest_unofficial_ones_are_one_column(tmp_path: Path) -> None:
    strange = [cell("2018-10-01T08:00", "Alarm", f"X{n:02}", 100 - n) for n in range(70)]
    seen = seen_of(tmp_path, *strange, cell("2018-10-01T08:00", "Alarm", "HAN", 1))

    found = matrix_of(seen, MatrixForm())

    codes = [each.code for each in found.dispositions]
    assert codes == [*(f"X{n:02}" for n in range(58)), "HAN", "other dispositions"]
    assert found.dispositions[-1] == Disposition(
        code="other dispositions",
        meaning="several codes",
        official=False,
        calls=438,  # 42 + 41 + ... + 31, of X58 to X69
    )
    assert found.rows[0].by_disposition[-1] == 438
    assert found.calls == 4586  # 100 + 99 + ... + 31, and HAN
    assert found.unofficial_calls == 4585
