"""Stored identities against those of the recount: sets, not numbers."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_samples import ELEVEN_US, NINE_US, TEN_US
from sfcrime.audit.identities import IDENTITY, IdentityComparison, identity_name
from sfcrime.audit.result import Difference, DifferenceKind, DifferenceLog
from sfcrime.audit.share_count import pile_of_identity
from sfcrime.audit.spill import Rows, open_spill

PILES = 3
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
"""Of 8 counted calls, by id and time."""

CALL_1 = "call 1 at 2018-10-02T09:00:00"
CALL_3 = "call 3 at 2018-10-02T10:00:00"
CALL_9 = "call 9 at 2018-10-02T10:45:00"


def _compared(
    stored: Iterable[tuple[int, int]], recounted: Iterable[tuple[int, int]] = IDENTITIES
) -> DifferenceLog:
    log = DifferenceLog()
    ours = _rows(recounted)
    piles = pile_of_identity(ours, PILES)
    with open_spill() as spill:
        comparison = IdentityComparison(spill, PILES)
        for identity in stored:
            comparison.spill_rows(_rows([identity]))
        for pile in range(PILES):
            comparison.add(pile, ours[piles == pile])
        comparison.finish(log)
    return log


def _rows(identities: Iterable[tuple[int, int]]) -> Rows:
    return np.array([(call_us, call_id) for call_id, call_us in identities], IDENTITY)


def _difference(what: str, recounted: str, stored: str) -> Difference:
    return Difference(DifferenceKind.IDENTITY, what, recounted, stored)


def test_the_same_identities_in_any_order_are_equal() -> None:
    log = _compared(reversed(IDENTITIES))

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
            id="a time that no record can have",
        ),
        pytest.param(
            [(-1, NINE_US), (2**63 - 1, -(2**63)), *IDENTITIES],
            [
                _difference(f"call {2**63 - 1} at {-(2**63)} us", "nothing", "once"),
                _difference("call -1 at 2018-10-02T09:00:00", "nothing", "once"),
            ],
            id="numbers that no record can have",
        ),
        pytest.param(
            [*IDENTITIES, IDENTITIES[0], IDENTITIES[0], (4, TEN_US), (4, TEN_US)],
            [
                _difference("call 4 at 2018-10-02T10:00:00", "nothing", "once"),
                _difference("call 4 at 2018-10-02T10:00:00", "nothing", "once"),
                _difference(CALL_1, "once", "more than once"),
                _difference(CALL_1, "once", "more than once"),
            ],
            id="one doubled and one invented, each twice",
        ),
    ],
)
def test_a_damaged_set_is_caught_and_the_call_is_named(
    stored: list[tuple[int, int]], differences: list[Difference]
) -> None:
    log = _compared(stored)

    assert log.listed == differences


def test_all_are_counted_and_the_first_are_listed() -> None:
    log = _compared((call_id, 5) for call_id in range(100))

    assert log.counts == {DifferenceKind.IDENTITY: 108}
    assert len(log.listed) == 50


def test_nothing_on_either_side_is_equal() -> None:
    assert _compared([], []).listed == []


@given(st.randoms(use_true_random=False))
def test_any_damage_is_found_exactly(random: Random) -> None:
    stored = [identity for identity in IDENTITIES for _ in range(random.choice([0, 1, 1, 2]))]
    random.shuffle(stored)
    log = _compared(stored)

    lost = {identity_name(*each) for each in IDENTITIES if stored.count(each) == 0}
    doubled = {identity_name(*each) for each in IDENTITIES if stored.count(each) == 2}
    assert {each.what for each in log.listed if each.stored == "nothing"} == lost
    assert {each.what for each in log.listed if each.stored == "more than once"} == doubled
    assert len(log.listed) == len(lost) + len(doubled)
