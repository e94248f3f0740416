"""In a backlog the totals are some batches ahead of the cells: answers from cells end where these
do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.comparison import comparison_of
from sfcrime.dashboard.questions.matrix import matrix_of
from sfcrime.dashboard.questions.names import names_of
from sfcrime.dashboard.questions.parameters import (
    ComparisonForm,
    FilteredForm,
    MatrixForm,
    NamesForm,
)
from sfcrime.dashboard.questions.times import days_of, heat_of

TYPE = "Passing Call"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """30 calls an hour; totals of 1 to 11 October, cells of 1 to 5 October."""

    def days(until: int) -> Seen:
        cells = [
            cell(f"2018-10-{day:02}T{hour:02}:00", TYPE, "HAN", 30)
            for day in range(1, until)
            for hour in range(24)
        ]
        return seen_of(tmp_path_factory.mktemp("days"), *cells)

    return replace(days(12), columns=days(6).columns)


def test_days_of_a_type_that_no_cell_reaches_yet_are_not_days_without_calls(behind: Seen) -> None:
    days = days_of(behind, FilteredForm(type=TYPE)).days

    assert [(each.day[8:], each.calls, each.complete) for each in days] == [
        ("01", 720, False),
        ("02", 720, True),
        ("03", 720, True),
        ("04", 720, True),
        ("05", 720, False),
    ]
    assert len(days_of(behind, FilteredForm()).days) == 11


def test_hours_of_a_type_that_no_cell_reaches_yet_are_in_no_mean(behind: Seen) -> None:
    heat = heat_of(behind, FilteredForm(type=TYPE))

    assert (sum(map(sum, heat.calls)), sum(map(sum, heat.hours))) == (118 * 30, 118)


def test_names_and_dispositions_are_those_of_the_last_hours_of_the_cells(behind: Seen) -> None:
    names, matrix = names_of(behind, NamesForm()), matrix_of(behind, MatrixForm())

    assert (names.since, names.until) == ("2018-10-05T00:00:00", "2018-10-06T00:00:00")
    assert [(each.calls, each.before, each.change) for each in names.names] == [(720, 720, 0.0)]
    assert (matrix.since, matrix.calls) == ("2018-10-05T00:00:00", 720)


def test_a_span_is_compared_as_far_as_the_cells_reach(behind: Seen) -> None:
    found = comparison_of(
        behind,
        ComparisonForm(
            since="2018-10-02",
            until="2018-10-04",
            other_since="2018-10-04",
            other_until="2018-10-08",
        ),
    )

    assert found.other_until == "2018-10-05T23:00:00"
    assert (found.total.per_day, found.total.other_per_day, found.total.change) == (720, 720, 0.0)


def test_a_span_that_only_the_totals_reach_is_loading_and_one_that_nothing_reaches_is_refused(
    behind: Seen,
) -> None:
    with pytest.raises(ApiError) as loading:
        names_of(behind, NamesForm(since="2018-10-08"))
    with pytest.raises(ApiError) as refused:
        names_of(behind, NamesForm(since="2018-10-12"))

    assert (loading.value.name, refused.value.name) == ("loading", "bad_parameter")
