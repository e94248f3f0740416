"""Labels by number: bounded, whatever the store holds, and never mistaken for one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pytest

from sfcrime.dashboard.memory.labels import CallTypeEntries, CodeEntries, Numbers
from sfcrime.domain.categories import CATEGORIES
from sfcrime.errors import StoreUnavailable


def entries_of(*labels: str, named: int = 100) -> CallTypeEntries:
    entries = CallTypeEntries(named)
    for label in labels:
        entries.add(label)
    return entries


def test_labels_are_numbered_as_they_come_and_read() -> None:
    types = entries_of("22500e", "Drugs", "Traf Violation Cite").types()
    assert types.labels == ("22500e", "Drugs", "Traf Violation Cite")
    assert [types.readings[each] for each in types.reading] == [
        "Traf Violation Cite",
        "Drugs",
        "Traf Violation Cite",
    ]
    assert [CATEGORIES[each] for each in types.category] == [
        "Traffic and parking",
        "Notes without a standard type",
        "Traffic and parking",
    ]
    assert [CATEGORIES[each] for each in types.reading_category] == [
        "Traffic and parking",
        "Notes without a standard type",
    ]


def test_what_was_given_out_stays_as_it_was_when_labels_are_added() -> None:
    entries = entries_of("Drugs")
    before = entries.types()
    entries.add("Poss")
    assert before.labels == ("Drugs",)
    assert len(before.reading) == 1
    assert entries.types().labels == ("Drugs", "Poss")


def test_beyond_the_bound_labels_share_an_entry_for_each_thing_they_are_read_as() -> None:
    entries = CallTypeEntries(named=2)
    numbers = [entries.add(each) for each in ("Drugs", "Poss", "x", "22500e", "y", "500e", "917")]
    assert numbers == [0, 1, 2, 3, 2, 3, 4]
    types = entries.types()
    assert types.labels == (
        "Drugs",
        "Poss",
        "other notes",
        "Traf Violation Cite (other labels)",
        "Suspicious Person (other labels)",
    )
    assert [types.readings[each] for each in types.reading[2:]] == [
        "other notes",
        "Traf Violation Cite",
        "Suspicious Person",
    ]


def test_beyond_their_bound_only_official_codes_keep_their_own_entry() -> None:
    entries = CodeEntries(named=1)
    assert [entries.add(each) for each in ("HAN", "x", "CIT", "y")] == [0, 1, 2, 1]
    assert entries.codes() == ("HAN", "other codes", "CIT")


class Store:
    """Labels of a store by id, and which of them were asked for."""

    def __init__(self, labels: dict[int, str]) -> None:
        self.labels = labels
        self.asked: list[list[int]] = []

    def texts(self, numbers: Collection[int]) -> Mapping[int, str]:
        self.asked.append(list(numbers))
        return {each: self.labels[each] for each in numbers if each in self.labels}


def test_ids_become_numbers_in_the_order_in_which_they_are_met() -> None:
    entries = CallTypeEntries()
    numbers, store = Numbers(entries.add), Store({1: "a", 2: "b", 3: "c", 9: "d"})
    assert numbers.of(np.array([3, 1, 3]), store.texts).tolist() == [1, 0, 1]
    assert numbers.of(np.array([9, 3, 2]), store.texts).tolist() == [3, 1, 2]
    assert entries.types().labels == ("a", "c", "b", "d")
    assert store.asked == [[1, 3], [2, 9]]


def test_known_ids_are_not_asked_for_again() -> None:
    numbers, store = Numbers(CallTypeEntries().add), Store({1: "a"})
    numbers.of(np.array([1]), store.texts)
    numbers.of(np.array([1, 1]), store.texts)
    assert store.asked == [[1]]


def test_an_id_that_was_given_to_another_label_before_a_cell_had_it_is_read_anew() -> None:
    entries = CallTypeEntries()
    numbers, store = Numbers(entries.add), Store({1: "a", 2: "no cell has it"})
    numbers.of(np.array([1]), store.texts)
    store.labels[2] = "given again"
    assert numbers.of(np.array([2]), store.texts).tolist() == [1]
    assert entries.types().labels == ("a", "given again")


def test_a_label_that_the_store_lacks_is_an_error() -> None:
    numbers = Numbers(CallTypeEntries().add)
    with pytest.raises(StoreUnavailable, match="lacks the text of 1 labels"):
        numbers.of(np.array([1, 7]), Store({1: "a"}).texts)
