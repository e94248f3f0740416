"""Dealing contested calls to cells: as the store shows them wherever that is possible."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sfcrime.audit.conflicts import settle


def test_a_contested_call_goes_where_the_store_shows_it() -> None:
    assert settle([[0, 1]], {0: 1, 1: 0}) == {0: 1}
    assert settle([[0, 1]], {0: 0, 1: 1}) == {1: 1}


def test_a_call_that_no_cell_shows_goes_to_its_first_choice() -> None:
    assert settle([[3, 2]], {2: 0, 3: 0}) == {3: 1}
    assert settle([[3, 2]], {2: -5, 3: -1}) == {3: 1}


def test_a_call_is_moved_on_to_make_room_for_another() -> None:
    # The first would take cell 0, which is the only one that the second can have.
    assert settle([[0, 1], [0, 0]], {0: 1, 1: 1}) == {0: 1, 1: 1}


def test_calls_are_moved_on_along_a_chain() -> None:
    choices = [[0, 1], [1, 2], [2, 3], [0, 0]]

    assert settle(choices, {0: 1, 1: 1, 2: 1, 3: 1}) == {0: 1, 1: 1, 2: 1, 3: 1}


def test_a_call_that_has_left_a_cell_makes_no_room_there_again() -> None:
    # The second moves the first from cell 0 to cell 1; the third finds only the second in cell 0.
    assert settle([[0, 1, 2], [0, 0], [0, 0]], {0: 1, 1: 1, 2: 1}) == {0: 2, 1: 1}


def test_a_long_chain_is_settled_without_recursion() -> None:
    choices = [[n, n + 1] for n in range(5000)] + [[0, 0]]

    assert settle(choices, dict.fromkeys(range(5001), 1)) == dict.fromkeys(range(5001), 1)


def test_nothing_contested_deals_nothing() -> None:
    assert settle([], {}) == {}


_CHOICES = st.lists(
    st.lists(st.integers(0, 3), min_size=2, max_size=3, unique=True), min_size=1, max_size=6
)


@given(_CHOICES, st.dictionaries(st.integers(0, 3), st.integers(-1, 3)))
def test_as_many_calls_as_possible_are_where_they_are_wanted(
    choices: list[list[int]], wanted: dict[int, int]
) -> None:
    def placed(deal: dict[int, int]) -> int:
        return sum(min(calls, max(0, wanted.get(cell, 0))) for cell, calls in deal.items())

    best = 0
    for deal in product(*choices):
        counts = {cell: deal.count(cell) for cell in set(deal)}
        best = max(best, placed(counts))

    dealt = settle(choices, wanted)

    assert sum(dealt.values()) == len(choices)
    assert placed(dealt) == best
