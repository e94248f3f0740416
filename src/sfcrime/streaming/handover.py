"""Hands pieces of work to a thread that does them one after another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

Work = TypeVar("Work")


class HandoverClosed(Exception):
    """Nothing more is taken: the end has begun. It ends whatever still hands work over; no caller
    of the job sees it."""


class Handover(Generic[Work]):
    """Takes pieces of work in order, and does each once the one before it is done.

    Once a piece has failed, no further one is taken. A context manager: its end waits for what was
    handed over.

    Args:
        do: does one piece, in a thread of its own.
        name: of the thread.
    """

    def __init__(self, do: Callable[[Work], None], name: str) -> None:
        self._do = do
        self._thread = ThreadPoolExecutor(1, name)
        self._pending: Future[None] | None = None
        self._taking = Lock()
        self._closed = False

    def __enter__(self) -> Handover[Work]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes nothing more, and waits for what was handed over. Repeatable."""
        with self._taking:
            self._closed = True
        self._thread.shutdown(wait=True)

    def hand_over(self, work: Work) -> None:
        """Waits for the piece before, and hands over the next.

        Raises:
            BaseException: what the piece before failed with; this one is not taken.
            HandoverClosed: the end has begun; neither is this one.
        """
        self.wait()
        with self._taking:
            if self._closed:
                raise HandoverClosed
            self._pending = self._thread.submit(self._do, work)

    def wait(self) -> None:
        """Returns when everything that was handed over is done.

        Raises:
            BaseException: what a piece failed with; again at every call.
        """
        if self._pending is not None:
            self._pending.result()

    def check(self) -> None:
        """Raises what a piece failed with, without waiting for one that is being done."""
        if self._pending is not None and self._pending.done():
            self._pending.result()
