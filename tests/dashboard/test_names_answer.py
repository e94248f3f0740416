"""Calls by name: three levels, shares, and a change only where both sides have 20 calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.answers.records import Named, Names
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.names import names_of
from sfcrime.dashboard.questions.parameters import NamesForm

# The count goes from Monday, October 1, 0 o'clock to Wednesday, 1 o'clock; the last hour is so far.
CELLS = (
    cell("2018-10-01T00:00", "Passing Call", "HAN", 5),
    cell("2018-10-01T12:00", "Traf Violation Cite", "CIT", 40),
    cell("2018-10-01T12:00", "Suspicious Person", "ADV", 10),
    cell("2018-10-01T13:00", "Poss", "HAN", 3),
    cell("2018-10-02T00:00", "Noise Nuisance", "HAN", 25),
    cell("2018-10-02T12:00", "Traf Violation Cite", "CIT", 30),
    cell("2018-10-02T12:00", "22500e", "CIT", 20),
    cell("2018-10-02T12:00", "917", "GOA", 30),
    cell("2018-10-03T00:00", "Passing Call", "22", 2),
    cell("2018-10-03T00:00", "Noise Nuisance", "HAN", 40),
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen_of(tmp_path_factory.mktemp("data"), *CELLS)


def names(found: Names) -> list[tuple[str, int]]:
    return [(each.name, each.calls) for each in found.names]


def test_by_default_the_last_day_by_category_against_the_day_before(seen: Seen) -> None:
    found = names_of(seen, NamesForm())

    assert (found.since, found.until) == ("2018-10-02T01:00:00", "2018-10-03T01:00:00")
    assert (found.level, found.category, found.type) == ("category", None, None)
    assert (found.calls, found.left_out, found.left_out_calls) == (122, 0, 0)
    assert found.names == [
        Named(name="Traffic and parking", calls=50, share=50 / 122, before=40, change=0.25),
        # 25 calls before, but in the hour that stands against the one that is not over
        Named(name="Disturbance and conduct", calls=40, share=40 / 122, before=25, change=None),
        Named(name="Suspicion", calls=30, share=30 / 122, before=10, change=None),
        Named(name="Officer activity", calls=2, share=2 / 122, before=0, change=None),
    ]


def test_the_hour_that_is_not_over_is_in_the_calls_and_not_in_the_change(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Alarm", "HAN", 1),
        cell("2018-10-01T02:00", "Alarm", "HAN", 100),
        cell("2018-10-01T03:00", "Alarm", "HAN", 60),
        cell("2018-10-01T04:00", "Alarm", "HAN", 50),
        cell("2018-10-01T05:00", "Alarm", "HAN", 3),
    )
    form = NamesForm(since="2018-10-01T04:00", until="2018-10-01T06:00")

    # 4 to 6 o'clock: 50 + 3; 2 to 4 before it: 100 + 60; whole hours: 50 against 100.
    assert names_of(seen, form).names == [
        Named(name="Alarms", calls=53, share=1.0, before=160, change=-0.5)
    ]


@pytest.mark.parametrize(
    ("calls", "before", "change"),
    [(20, 20, 0.0), (19, 40, None), (40, 19, None), (30, 20, 0.5), (20, 40, -0.5)],
)
def test_there_is_no_change_under_20_calls_on_either_side(
    tmp_path: Path, calls: int, before: int, change: float | None
) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Test", "HAN", 1),
        cell("2018-10-01T01:00", "Alarm", "HAN", before),
        cell("2018-10-01T02:00", "Alarm", "HAN", calls),
        cell("2018-10-01T03:00", "Test", "HAN", 1),
    )
    form = NamesForm(since="2018-10-01T02:00", until="2018-10-01T03:00")

    assert [each.change for each in names_of(seen, form).names] == [change]


def test_before_is_not_known_where_counting_began_later(seen: Seen) -> None:
    found = names_of(seen, NamesForm(since="2018-10-01", until="2018-10-02"))

    assert [each.before for each in found.names] == [None] * 4
    assert [each.change for each in found.names] == [None] * 4


def test_a_category_is_opened_into_its_types_and_a_type_into_its_raw_labels(seen: Seen) -> None:
    day = {"since": "2018-10-01", "until": "2018-10-03"}
    types = names_of(seen, NamesForm(**day, category="Traffic and parking"))
    labels = names_of(seen, NamesForm(**day, type="Traf Violation Cite"))

    assert (types.level, types.category, types.calls) == ("type", "Traffic and parking", 90)
    assert names(types) == [("Traf Violation Cite", 90)]
    assert (labels.level, labels.category) == ("label", "Traffic and parking")
    assert labels.type == "Traf Violation Cite"
    assert names(labels) == [("Traf Violation Cite", 70), ("22500e", 20)]
    assert labels.names[0].share == 70 / 163  # of all calls of the two days


def test_a_type_of_another_category_has_no_calls(seen: Seen) -> None:
    form = NamesForm(category="Alarms", type="Traf Violation Cite")

    assert names(names_of(seen, form)) == []
    assert names_of(seen, NamesForm(type="No such type")).calls == 0


def test_names_beyond_the_limit_are_told_with_their_calls(seen: Seen) -> None:
    found = names_of(seen, NamesForm(limit=1))

    assert names(found) == [("Traffic and parking", 50)]
    assert (found.calls, found.left_out, found.left_out_calls) == (122, 3, 72)


def test_a_text_finds_names_in_any_case(seen: Seen) -> None:
    found = names_of(seen, NamesForm(q="AND"))

    assert names(found) == [("Traffic and parking", 50), ("Disturbance and conduct", 40)]
    assert (found.calls, found.left_out) == (122, 0)


def test_an_unknown_category_is_refused_with_those_that_are_known(seen: Seen) -> None:
    with pytest.raises(ApiError) as refused:
        names_of(seen, NamesForm(category="Crime"))

    assert (refused.value.status, refused.value.name) == (400, "bad_parameter")
    assert "'Crime'" in refused.value.happened
    assert "Traffic and parking" in refused.value.happened
