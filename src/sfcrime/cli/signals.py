"""Ctrl-C, SIGTERM and a closed terminal as an event: the first asks for an orderly stop, the
second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """An event that the first signal sets; a second one is left to Python's own handling."""
    stop = Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        for each in numbers:
            signal.signal(each, before[each])

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, before[number])


@contextmanager
def ctrl_c_on_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the `with` block as a Ctrl-C does, so that what it began is
    put away."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])
