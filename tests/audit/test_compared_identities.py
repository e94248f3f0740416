"""Stored identities against those of the recount: sets, not numbers."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_samples import ELEVEN_US, NINE_US, TEN_US, ListTopic
from sfcrime.audit.identities import compare_identities, identity_name
from sfcrime.audit.shares import OffsetRange
from sfcrime.audit.recount import CountingRules, Mark, Recount, recount
from sfcrime.audit.result import Difference, DifferenceKind, DifferenceLog

RANGES = {0: OffsetRange(0, 11), 1: OffsetRange(10, 15)}
IDENTITIES = [
    (1, NINE_US),
    (2, NINE_US + 3_599_999_999),
    (3, TEN_US),
    (8, NINE_US + 1_800_000_000),
    (5, TEN_US + 1_800_000_000),
    (6, ELEVEN_US),
    (7, ELEVEN_US + 300_000_000),
    (9, TEN_US + 2_700_000_000),
]
"""Of the 8 counted calls, as they are first seen."""

CALL_1 = "call 1 at 2018-10-02T09:00:00"
CALL_3 = "call 3 at 2018-10-02T10:00:00"
CALL_9 = "call 9 at 2018-10-02T10:45:00"


def _recounted() -> Recount:
    read = ListTopic().read({0: 0, 1: 10}, {0: 11, 1: 15})
    count = recount(read, RANGES, CountingRules(604_800, 60))
    count.finish()
    return count


def _difference(what: str, recounted: str, stored: str) -> Difference:
    return Difference(DifferenceKind.IDENTITY, what, recounted, stored)


def test_the_same_identities_in_any_order_are_equal() -> None:
    log = DifferenceLog()

    compare_identities(reversed(IDENTITIES), _recounted(), log)

    assert log.listed == []


@pytest.mark.parametrize(
    "stored, differences",
    [
        pytest.param(
            [*IDENTITIES[:2], *IDENTITIES[3:]],
            [_difference(CALL_3, "once", "nothing")],
            id="one lost",
        ),
        pytest.param(
            [*IDENTITIES, (4, TEN_US)],
            [_difference("call 4 at 2018-10-02T10:00:00", "nothing", "once")],
            id="one invented",
        ),
        pytest.param(
            [*IDENTITIES, IDENTITIES[0]],
            [_difference(CALL_1, "once", "more than once")],
            id="one doubled",
        ),
        pytest.param(
            [*IDENTITIES[:7], IDENTITIES[0]],
            [
                _difference(CALL_1, "once", "more than once"),
                _difference(CALL_9, "once", "nothing"),
            ],
            id="one lost and another doubled",
        ),
        pytest.param(
            [(1, TEN_US), *IDENTITIES[1:]],
            [
                _difference("call 1 at 2018-10-02T10:00:00", "nothing", "once"),
                _difference(CALL_1, "once", "nothing"),
            ],
            id="another time",
        ),
        pytest.param(
            [(3, NINE_US), *IDENTITIES[1:2], (1, TEN_US), *IDENTITIES[3:]],
            [
                _difference("call 3 at 2018-10-02T09:00:00", "nothing", "once"),
                _difference("call 1 at 2018-10-02T10:00:00", "nothing", "once"),
                _difference(CALL_1, "once", "nothing"),
                _difference(CALL_3, "once", "nothing"),
            ],
            id="two times swapped",
        ),
        pytest.param(
            [(0, (1 << 52) + NINE_US), *IDENTITIES[1:]],
            [
                _difference("call 0 at 2161-06-19T08:53:47.370496", "nothing", "once"),
                _difference(CALL_1, "once", "nothing"),
            ],
            id="a time so large that it would be read as another call's id",
        ),
        pytest.param(
            [(-1, NINE_US), (10**30, -(10**30)), *IDENTITIES],
            [
                _difference("call -1 at 2018-10-02T09:00:00", "nothing", "once"),
                _difference(f"call {10**30} at -{10**30} us", "nothing", "once"),
            ],
            id="numbers that no record can have",
        ),
    ],
)
def test_a_damaged_set_is_caught_and_the_call_is_named(
    stored: list[tuple[int, int]], differences: list[Difference]
) -> None:
    log = DifferenceLog()

    compare_identities(stored, _recounted(), log)

    assert log.listed == differences


def test_all_are_counted_and_the_first_are_listed() -> None:
    log = DifferenceLog()

    compare_identities(((call_id, 5) for call_id in range(100)), _recounted(), log)

    assert log.counts == {DifferenceKind.IDENTITY: 108}
    assert len(log.listed) == 50


def test_a_mark_tells_known_unknown_and_repeated() -> None:
    count = _recounted()

    assert count.mark(1, NINE_US) is Mark.KNOWN
    assert count.mark(1, NINE_US) is Mark.REPEATED
    assert count.mark(1, NINE_US + 1) is Mark.UNKNOWN
    assert count.mark(4, 1_537_779_600_000_000) is Mark.UNKNOWN, "late records have no identity"
    assert list(count.unmarked()) == IDENTITIES[1:]


def test_marks_change_nothing_of_the_count() -> None:
    count = _recounted()
    cells, accounting = list(count.cells()), count.accounting

    for identity in IDENTITIES:
        count.mark(*identity)

    assert (list(count.cells()), count.accounting) == (cells, accounting)
    assert list(count.unmarked()) == []


@given(st.randoms(use_true_random=False))
def test_any_damage_is_found_exactly(random: Random) -> None:
    stored = [identity for identity in IDENTITIES for _ in range(random.choice([0, 1, 1, 2]))]
    random.shuffle(stored)
    log = DifferenceLog()

    compare_identities(stored, _recounted(), log)

    lost = {identity_name(*each) for each in IDENTITIES if stored.count(each) == 0}
    doubled = {identity_name(*each) for each in IDENTITIES if stored.count(each) == 2}
    assert {each.what for each in log.listed if each.stored == "nothing"} == lost
    assert {each.what for each in log.listed if each.stored == "more than once"} == doubled
    assert len(log.listed) == len(lost) + len(doubled)
