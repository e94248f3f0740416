"""Ctrl-C, SIGTERM and a closed terminal as an event: the first asks for an orderly stop, the
second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """An event that the first signal sets; a second one is left to Python's own handling. A
    terminal that is closed may say so twice, and asks for no more than a stop by that."""
    stop, before = Event(), _heard(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        for each, handler in before.items():
            signal.signal(each, signal.SIG_IGN if each == signal.SIGHUP else handler)

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        _restore(before)


@contextmanager
def ctrl_c_on_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the `with` block as a Ctrl-C does, so that what it began is
    put away."""
    before = _heard(signal.SIGTERM, signal.SIGHUP)
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        _restore(before)


def _heard(*numbers: signal.Signals) -> dict[signal.Signals, Any]:
    """What each signal does now, but for a closed terminal that this process was started not to
    hear (`nohup`). A Ctrl-C is heard even where a script began it with `&`: others end it so."""
    handlers = {number: signal.getsignal(number) for number in numbers}
    if handlers[signal.SIGHUP] is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    return handlers


def _restore(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
