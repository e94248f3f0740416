"""What the soak judges, from invented readings: a seeded leak must be found, a restart is none."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from disturbances import VICTIMS, planned
from lives import Cut, Reading, plateau, slope_across_lives, slope_within_lives
from readings import live_heap_mb, taken_by
from soak_figures import Figure, Verdict, figures_of

ROLES, JVM_ROLES = ("producer", "stream"), ("broker",)
TWO_HOURS = Cut.of(120)


def lived(
    value: Callable[[float, float], float], lives_min: tuple[int, ...] = (30, 60, 30)
) -> list[Reading]:
    """Readings of two hours, every 10 s, of a process with these lives.

    Args:
        value: of hours since the soak began, and hours of the life.
        lives_min: how long each lasts.
    """
    found, at_s = [], 0.0
    for number, minutes in enumerate(lives_min):
        for step in range(minutes * 6):
            age_s = step * 10.0
            now_s = at_s + age_s
            found.append(Reading(now_s, f"life {number}", age_s, value(now_s / 3600, age_s / 3600)))
        at_s += minutes * 60
    return found


def noisy(value: Callable[[float, float], float], spread: float) -> Callable[[float, float], float]:
    chance = random.Random(7)
    return lambda hours, age: value(hours, age) + chance.gauss(0, spread)


def a_sound_soak() -> dict[str, list[Reading]]:
    def flat(hours: float, age: float) -> float:
        return 100.0

    series = {f"{role}: memory MB": lived(noisy(flat, 1.0)) for role in (*ROLES, *JVM_ROLES)}
    for role in (*ROLES, *JVM_ROLES):
        series[f"{role}: descriptors"] = lived(lambda h, a: 40 + round(h * 60) % 2)
        series[f"{role}: threads"] = lived(lambda h, a: 12)
    series["broker: live heap MB"] = lived(lambda h, a: 60 + 20 * min(1, 20 * a))
    series["records"] = lived(lambda h, a: 400_000 * h, (120,))
    series["store: MB"] = lived(lambda h, a: 3 * h, (120,))
    series["topic: MB"] = lived(lambda h, a: 50 * h, (120,))
    series["store's log: MB"] = lived(lambda h, a: 4, (120,))
    for name in ("broker's logs", "driver's logs"):
        series[f"{name}: MB"] = lived(lambda h, a: 10 * h, (120,))
    for name in ("spark folder", "checkpoint folder", "run folder"):
        series[f"{name}: MB"] = lived(lambda h, a: 2.0)
        series[f"{name}: files"] = lived(lambda h, a: 200 + round(h * 360) % 3)
    return series


def judged(changed: dict[str, list[Reading]]) -> dict[str, Figure]:
    series = {**a_sound_soak(), **changed}
    return {each.name: each for each in figures_of(series, TWO_HOURS, ROLES, JVM_ROLES)}


def missed(changed: dict[str, list[Reading]]) -> list[str]:
    return [name for name, each in judged(changed).items() if each.verdict is not Verdict.MET]


def test_a_sound_soak_meets_every_figure() -> None:
    assert missed({}) == []


def test_a_leak_of_two_megabytes_an_hour_is_found_below_noise_and_restarts() -> None:
    leak = lived(noisy(lambda hours, age: 100 + 2 * age, 1.0))

    found = judged({"stream: memory MB": leak})

    figure = found["stream: memory MB"]
    assert figure.verdict is Verdict.MISSED
    assert figure.value == pytest.approx(2.0, abs=0.4)
    assert figure.low is not None and figure.low > 0
    assert found["Python together: memory MB"].verdict is Verdict.MISSED


def test_growth_within_the_first_minutes_of_each_life_is_no_leak() -> None:
    # Full after 3 min, which is a large part of lives of 10.
    filling = lived(lambda hours, age: 60 + 40 * min(1.0, 20 * age), (10,) * 12)

    assert missed({"stream: memory MB": filling}) == []


def test_a_leak_that_restarts_end_does_not_show_across_lives() -> None:
    leak = lived(lambda hours, age: 100 + 6 * age, (40, 40, 40))
    data = lived(lambda hours, age: 100 + 6 * hours, (40, 40, 40))

    within = [slope_within_lives(each, TWO_HOURS) for each in (leak, data)]
    across = [slope_across_lives(each, TWO_HOURS) for each in (leak, data)]

    assert [each and round(each.an_hour, 6) for each in within] == [6, 6]
    # The first life's level is that after the warm-up, 12 min later in it than the others'.
    assert across[0] is not None and across[0] < 0.1
    assert across[1] == pytest.approx(6)


def test_lives_of_five_minutes_are_too_short_to_tell() -> None:
    restless = lived(lambda hours, age: 100 + 600 * age, (5,) * 24)

    assert judged({"producer: memory MB": restless})["producer: memory MB"].verdict is Verdict.OPEN


def test_a_slope_that_noise_could_be_is_open() -> None:
    # Up and down by 100 MB: 30 MB an hour may be nothing.
    noise = lived(noisy(lambda hours, age: 500 + 30 * hours, 100))

    figure = judged({"producer: memory MB": noise})["producer: memory MB"]

    assert figure.verdict is Verdict.OPEN
    assert figure.low is not None and figure.low < 0


def test_a_descriptor_every_twenty_minutes_is_found() -> None:
    lost = lived(lambda hours, age: 40 + int(3 * age), (120,))

    assert missed({"producer: descriptors": lost}) == ["producer: descriptors"]


def test_a_heap_that_goes_on_growing_has_no_plateau() -> None:
    growing = lived(lambda hours, age: 60 + 100 * age)

    name = "broker: live heap MB"
    assert missed({name: growing}) == [name]


def test_a_store_that_takes_more_and_more_a_record_is_found() -> None:
    squared = lived(lambda hours, age: 2 * hours * hours, (120,))

    assert missed({"store: MB": squared}) == ["store: MB"]


def test_files_that_are_left_behind_are_found() -> None:
    left = lived(lambda hours, age: 200 + int(10 * hours), (120,))

    assert missed({"run folder: files": left}) == ["run folder: files"]


def test_logs_beyond_their_bound_are_found() -> None:
    long = lived(lambda hours, age: 30 * hours, (120,))

    assert missed({"broker's logs: MB": long}) == ["broker's logs: MB, at most"]


def test_what_was_not_read_is_open() -> None:
    assert judged({"stream: memory MB": []})["stream: memory MB"].verdict is Verdict.OPEN


def test_quarters_are_those_of_the_longest_life() -> None:
    # Its minutes 3 to 60: the second quarter begins after 17, the last one after 46.
    found = plateau(lived(lambda hours, age: 60 * age), TWO_HOURS)

    assert found is not None
    assert found.second_quarter == pytest.approx(31.3, abs=0.3)
    assert found.last_quarter == pytest.approx(59.8, abs=0.3)


def test_every_victim_has_its_turn_and_the_last_quarter_is_left_alone() -> None:
    dues = planned(120, 6, list(VICTIMS), random.Random(1))

    assert [due.at_s for due in dues] == [360.0 * number for number in range(1, 15)]
    assert [number for number, due in enumerate(dues) if due.what == "run"] == [4, 9]
    kills = [due.what for due in dues if due.what != "run"]
    assert sorted(kills[:6]) == sorted(kills[6:]) == sorted(VICTIMS)


def test_a_jvm_beyond_its_heap_and_what_is_beside_it_is_found() -> None:
    native = lived(lambda hours, age: 160 + 200 * hours, (120,))

    assert missed({"broker: memory MB": native}) == ["broker: memory MB, at most"]


def test_the_last_full_collection_says_what_the_heap_holds(tmp_path: Path) -> None:
    log = tmp_path / "gc-7.log"
    assert live_heap_mb(log) is None
    log.write_text(
        "[0.010s][info][gc] Using Parallel\n"
        "[1.5s][info][gc] GC(0) Pause Young (Allocation Failure) 64M->9M(245M) 4.1ms\n"
        "[9.5s][info][gc] GC(1) Pause Full (System.gc()) 73M->50M(245M) 33.9ms\n"
        "[9.9s][info][gc] GC(2) Pause Young (Allocation Failure) 114M->61M(245M) 3.9ms\n"
    )

    assert live_heap_mb(log) == 52.4288


def test_holes_of_a_file_take_nothing(tmp_path: Path) -> None:
    with (tmp_path / "index").open("wb") as file:
        file.truncate(10_000_000)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "log").write_bytes(b"x" * 100_000)

    taken, files = taken_by([tmp_path, tmp_path / "gone"])

    assert files == 2
    assert 100_000 <= taken < 1_000_000
