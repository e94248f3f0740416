"""How far the topic is ahead, asked beside the server, and only while somebody looks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from sfcrime.domain.known_lag import Lag

ASKED_EVERY_S = 5.0
LOOKED_WITHIN_S = 15.0
"""A look lasts so long: a page that is watched looks again sooner."""
FORGOTTEN_AFTER_S = 20.0
NOT_ASKED = "it was not asked for yet"
NOT_KNOWN = Lag(None, NOT_ASKED)
_LOG = logging.getLogger("sfcrime.dashboard")


class LagWatch:
    """Asks for the lag every 5 s in a thread of its own, as long as it is looked at.

    Kafka may take seconds to answer: whoever looks gets what was known last, and never waits.

    Args:
        measure: asks the cluster; bounded in time.
        every_s: seconds between two questions.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        measure: Callable[[], Lag],
        every_s: float = ASKED_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._measure = measure
        self._every_s = every_s
        self._clock = clock
        self._lock = Lock()
        self._looked = Event()
        self._looked_s = float("-inf")
        self._measured_s = float("-inf")
        self._known = NOT_KNOWN
        self._ended = Event()
        self._thread: Thread | None = None

    @property
    def known(self) -> Lag:
        """As it was measured last; not known where that was over 20 s ago."""
        is_old = self._clock() - self._measured_s > FORGOTTEN_AFTER_S
        return NOT_KNOWN if is_old else self._known

    def look(self) -> None:
        """Somebody looks: it is asked for soon, and again for 15 s."""
        with self._lock:
            self._looked_s = self._clock()
            if self._thread is None and not self._ended.is_set():
                # A daemon: a client of Kafka that hangs must not hold up the end of the process.
                self._thread = Thread(target=self._watch, name="lag", daemon=True)
                self._thread.start()
        self._looked.set()

    def end(self) -> None:
        """No more questions; one that is being asked is left alone."""
        self._ended.set()
        self._looked.set()

    def _asked(self) -> Lag:
        try:
            return self._measure()
        except Exception as error:  # whatever it is: it is asked again
            _LOG.warning("The lag cannot be asked for: %r", error)
            return Lag(None, "asking for it failed: the server's log says why")

    def _watch(self) -> None:
        while True:
            self._looked.wait()
            self._looked.clear()
            while self._clock() - self._looked_s <= LOOKED_WITHIN_S:
                if self._ended.is_set():
                    return
                self._known = self._asked()
                self._measured_s = self._clock()
                if self._ended.wait(self._every_s):
                    return
            if self._ended.is_set():
                return
