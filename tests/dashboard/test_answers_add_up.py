"""Answers from cells in memory against a sum over the cells themselves, for spans cut anywhere."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.matrix import matrix_of
from sfcrime.dashboard.questions.names import names_of
from sfcrime.dashboard.questions.parameters import FilteredForm, MatrixForm, NamesForm
from sfcrime.dashboard.questions.times import days_of, heat_of
from sfcrime.domain.call_types import read_call_type
from sfcrime.domain.categories import CATEGORIES, category_of
from sfcrime.domain.dispositions import describe
from sfcrime.store.records import CellCount

FIRST = datetime(2018, 9, 1)
HOURS = 70 * 24
LABELS = ("Passing Call", "22500e", "Traf Violation Cite", "917", "Poss", "Alarm", "459", "x")
CODES = ("HAN", "CIT", "22", "CAN", "OTS", "", "Not recorded")


def random_cells(seed: int) -> list[CellCount]:
    """Cells of 70 days, each once, with an hour that begins and one that ends the count."""
    drawn = random.Random(seed)
    hours = [0, *sorted(drawn.sample(range(1, HOURS - 1), 400)), HOURS - 1]
    found = {}
    for hour in hours:
        for _ in range(drawn.randint(1, 6)):
            window = (FIRST + timedelta(hours=hour)).isoformat()
            key = (window, drawn.choice(LABELS), drawn.choice(CODES))
            found[key] = cell(*key, drawn.randint(1, 40))
    return list(found.values())


CELLS = random_cells(7)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen_of(tmp_path_factory.mktemp("data"), *CELLS)


def spans() -> list[tuple[datetime, datetime]]:
    drawn = random.Random(11)
    found = []
    for _ in range(12):
        start, end = sorted(drawn.sample(range(HOURS), 2))
        found.append((FIRST + timedelta(hours=start), FIRST + timedelta(hours=end)))
    return found


def at(each: CellCount) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=each.window_us)


def sums(
    span: tuple[datetime, datetime], name_of: Callable[[CellCount], object]
) -> dict[object, int]:
    """Calls of the cells of a span by name, in plain Python."""
    found: Counter[object] = Counter()
    for each in CELLS:
        if span[0] <= at(each) < span[1]:
            found[name_of(each)] += each.calls
    return dict(found)


def type_of(each: CellCount) -> str:
    return read_call_type(each.call_type)


def between(span: tuple[datetime, datetime]) -> dict[str, str]:
    return {"since": f"{span[0]:%Y-%m-%dT%H:%M}", "until": f"{span[1]:%Y-%m-%dT%H:%M}"}


@pytest.mark.parametrize("span", spans(), ids=str)
def test_names_of_every_level_are_the_sums_of_their_cells(
    seen: Seen, span: tuple[datetime, datetime]
) -> None:
    by_category = sums(span, lambda each: category_of(type_of(each)))
    by_type = sums(span, type_of)
    by_label = sums(span, lambda each: each.call_type)

    found = names_of(seen, NamesForm(**between(span)))
    assert {each.name: each.calls for each in found.names} == by_category
    assert found.calls == sum(by_label.values())
    types = [
        each
        for category in CATEGORIES
        for each in names_of(seen, NamesForm(**between(span), category=category)).names
    ]
    assert {each.name: each.calls for each in types} == by_type
    labels = [
        each
        for name in by_type
        for each in names_of(seen, NamesForm(**between(span), type=str(name))).names
    ]
    assert {each.name: each.calls for each in labels} == by_label


@pytest.mark.parametrize("span", spans(), ids=str)
def test_the_matrix_is_the_sum_of_its_cells(seen: Seen, span: tuple[datetime, datetime]) -> None:
    wanted = sums(span, lambda each: (type_of(each), describe(each.disposition).merged_code))

    found = matrix_of(seen, MatrixForm(**between(span)))

    codes = [each.code for each in found.dispositions]
    cells = {
        (row.type, code): calls
        for row in found.rows
        for code, calls in zip(codes, row.by_disposition, strict=True)
        if calls
    }
    assert cells == wanted


@pytest.mark.parametrize("call_type", [None, "Traf Violation Cite"])
@pytest.mark.parametrize("span", spans(), ids=str)
def test_days_and_hours_of_the_week_are_the_sums_of_their_cells(
    seen: Seen, span: tuple[datetime, datetime], call_type: str | None
) -> None:
    form = FilteredForm(**between(span), type=call_type)

    def only(name: object) -> Callable[[CellCount], object]:
        return lambda each: None if call_type not in (None, type_of(each)) else name(each)  # type: ignore[operator]

    by_day = sums(span, only(lambda each: f"{at(each):%Y-%m-%d}"))
    days = {each.day: each.calls for each in days_of(seen, form).days if each.calls}
    assert days == {day: calls for day, calls in by_day.items() if day is not None}

    whole = (max(span[0], FIRST + timedelta(hours=1)), span[1])
    by_slot = sums(whole, only(lambda each: (at(each).weekday(), at(each).hour)))
    heat = heat_of(seen, form).calls
    slots = {
        (day, hour): heat[day][hour] for day in range(7) for hour in range(24) if heat[day][hour]
    }
    assert slots == {slot: calls for slot, calls in by_slot.items() if slot is not None}
