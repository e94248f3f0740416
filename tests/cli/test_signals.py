"""The first signal asks for an orderly stop, the second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event

import pytest

from sfcrime.cli.signals import ctrl_c_on_signals, stop_on_signals

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", ALL)
def test_the_first_signal_asks_and_the_second_is_pythons_own(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in ALL]
    with stop_on_signals() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        assert [signal.getsignal(each) for each in ALL] == [*before[:2], signal.SIG_IGN]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(each) for each in ALL] == before


def test_a_closed_terminal_that_says_so_twice_lets_the_stop_go_on() -> None:
    with stop_on_signals() as stop:
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        assert stop.is_set()


@pytest.mark.parametrize("listens", [stop_on_signals, ctrl_c_on_signals])
def test_a_closed_terminal_that_the_process_was_started_not_to_hear_stays_unheard(
    listens: Callable[[], AbstractContextManager[object]],
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listens() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not (isinstance(stop, Event) and stop.is_set())
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_ctrl_c_is_heard_in_the_background_of_a_script() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", ALL)
def test_what_was_begun_is_put_away_as_by_a_ctrl_c(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in ALL]
    with pytest.raises(KeyboardInterrupt), ctrl_c_on_signals():
        signal.raise_signal(number)
    assert [signal.getsignal(each) for each in ALL] == before
