"""A clock that stands still while its process did not run."""

from __future__ import annotations

from sfcrime.machine.watched_time import WatchedTime


def test_a_pause_of_the_process_itself_is_no_time_that_others_were_silent() -> None:
    now_s = 1_000.0
    watched = WatchedTime(lambda: now_s)
    began_s = watched.seconds()
    for _ in range(3):
        now_s += 4
        watched.seconds()
    assert watched.seconds() - began_s == 12

    now_s += 120
    assert watched.seconds() - began_s == 12
    now_s += 1
    assert watched.seconds() - began_s == 13
