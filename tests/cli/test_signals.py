"""The first signal asks for an orderly stop, the second ends at once."""

from __future__ import annotations

import signal

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
        assert [signal.getsignal(each) for each in ALL] == before
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(each) for each in ALL] == before


@pytest.mark.parametrize("number", ALL)
def test_what_was_begun_is_put_away_as_by_a_ctrl_c(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in ALL]
    with pytest.raises(KeyboardInterrupt), ctrl_c_on_signals():
        signal.raise_signal(number)
    assert [signal.getsignal(each) for each in ALL] == before
