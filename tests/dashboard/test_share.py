"""Work that may take a share of the time."""

from __future__ import annotations

import pytest

from sfcrime.dashboard.memory.share import Share


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_work_rests_until_it_took_its_share_of_the_time() -> None:
    clock = Clock()
    share = Share(0.05, clock, clock)
    assert share.is_due()
    with share.taken():
        clock.now_s += 2.0
    assert share.last_s == 2.0
    clock.now_s = 139.5
    assert not share.is_due()
    clock.now_s = 140.0
    assert share.is_due()


def test_work_that_fails_has_taken_its_time_too() -> None:
    clock = Clock()
    share = Share(0.5, clock, clock)
    with pytest.raises(ValueError), share.taken():
        clock.now_s += 3.0
        raise ValueError
    assert not share.is_due()
    clock.now_s = 106.0
    assert share.is_due()


def test_waiting_is_no_work() -> None:
    clock, work = Clock(), Clock()
    share = Share(0.5, clock, work)
    with share.taken():
        clock.now_s += 8.0
        work.now_s += 5.0
    assert share.last_s == 5.0
    clock.now_s = 109.5
    assert not share.is_due()
    clock.now_s = 110.0
    assert share.is_due()
