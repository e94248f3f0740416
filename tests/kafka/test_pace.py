"""Virtual time, with clocks that the test moves."""

from __future__ import annotations

import pytest

from sfcrime.kafka.pace import Pace, PublicationClock


class Clock:
    """Stands still until it is told."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("speed", "factor"), [("max", None), ("1800x", 1800.0), ("60", 60.0), ("0.5x", 0.5)]
)
def test_a_speed_is_a_factor_or_max(speed: str, factor: float | None) -> None:
    assert Pace.from_speed(speed) == Pace(factor)


def test_virtual_time_begins_at_the_first_record_and_runs_by_the_factor() -> None:
    monotonic = Clock(500.0)
    clock = PublicationClock(Pace(60.0), wall=Clock(2_000_000_000.0), monotonic=monotonic)

    assert clock.seconds_until(1_538_470_000_000) == 0.0
    assert clock.seconds_until(1_538_470_000_000 + 600_000) == 10.0  # 600 s at 60x
    monotonic.now_s += 4.0
    assert clock.seconds_until(1_538_470_000_000 + 600_000) == 6.0


def test_at_max_nothing_waits_that_lies_in_the_past() -> None:
    clock = PublicationClock(Pace(None), wall=Clock(2_000_000_000.0), monotonic=Clock(0.0))

    assert clock.seconds_until(1_538_470_000_000) <= 0
    assert clock.seconds_until(2_000_000_000_000) <= 0


@pytest.mark.parametrize("pace", [Pace(None), Pace(1800.0)])
def test_no_record_is_sent_before_its_own_time_has_come(pace: Pace) -> None:
    wall = Clock(2_000_000_000.0)
    monotonic = Clock(0.0)
    clock = PublicationClock(pace, wall=wall, monotonic=monotonic)
    clock.seconds_until(2_000_000_000_000)

    monotonic.now_s += 1.0
    wall.now_s += 1.0
    assert clock.seconds_until(2_000_000_031_000) == 30.0

    monotonic.now_s += 30.0
    wall.now_s += 30.0
    assert clock.seconds_until(2_000_000_031_000) <= 0
