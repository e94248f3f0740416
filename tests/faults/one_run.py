"""One run: steady, a fault, healed, and every question that has to be answered then."""

from __future__ import annotations

import random
import time

from kinds import Inflicted, Kind, a_while
from observer import DAYS
from service import Service
from verdict import CONTROL, Result, audited

_STEADY_S = 120.0
"""Within it, a service has started and counts."""
_LOOK_S = 0.1
_PAGE_S = 60.0
"""Within it, the page has started and both of its answers were once of one batch."""
_MOST_HANDS = 3


class NotSteady(Exception):
    """A service did not get to count before a fault."""


def undisturbed(service: Service, chance: random.Random) -> Inflicted:
    """No fault at all."""
    a_while(chance, 3)
    return Inflicted("no fault", service.position())


CONTROL_KIND = Kind(CONTROL, undisturbed)


class Run:
    """One service that lives through faults.

    Args:
        service: it runs.
        number: of the service, from 1.
        chance: of the moments.
    """

    def __init__(self, service: Service, number: int, chance: random.Random) -> None:
        self._service = service
        self._number = number
        self._chance = chance
        self._hands = 0
        self._ended: list[str] = []

    def live_through(self, kind: Kind, number: int) -> Result:
        """Steady, fault, heal, and every question."""
        service, self._hands, self._ended = self._service, 0, []
        violations: list[str] = []
        polls_before = service.observer.polls["store"]
        moment, next_batch_s, caught_up_s = "", None, None
        try:
            self._steady()
            a_while(self._chance, 1.5)
            fault = kind.inflict(service, self._chance)
            moment = fault.moment
            next_batch_s, caught_up_s = self._recovery(fault, kind.bound_s)
            if caught_up_s is None:
                violations.append(f"not caught up within {kind.bound_s:.0f} s of the heal")
        except Exception as error:  # whatever went wrong in a run, the suite goes on without it
            violations.append(f"{type(error).__name__}: {str(error)[-2000:]}")
        if self._hands:
            violations += [f"needed a hand: {each}" for each in self._ended]
        audit = audited(service.audit())
        if service.observer.polls["store"] == polls_before:
            violations.append("nobody saw the store")
        if service.with_page and not self._page_was_compared():
            violations.append("the page's count was never compared with its days")
        contradictions = tuple(service.observer.take_contradictions())
        return Result(
            number,
            self._number,
            kind.name,
            moment,
            next_batch_s,
            caught_up_s,
            self._hands,
            audit,
            contradictions,
            (*violations, *audit.wrong, *contradictions),
        )

    def _steady(self) -> None:
        """Returns while calls are counted as they come in."""
        deadline, service = time.monotonic() + _STEADY_S, self._service
        ends: dict[int, int] = {}
        while not (ends and service.position().is_beyond(ends)):
            self._lend_a_hand()
            ends = ends or service.topic_ends()
            if time.monotonic() > deadline:
                raise NotSteady(f"nothing was counted within {_STEADY_S:.0f} s\n{self._words()}")
            time.sleep(_LOOK_S)

    def _recovery(self, fault: Inflicted, bound_s: float) -> tuple[float | None, float | None]:
        """Seconds to the next batch, and until what was there and more is counted."""
        service, next_batch_s = self._service, None
        ends: dict[int, int] = {}
        while time.monotonic() < fault.healed_s + bound_s:
            self._lend_a_hand()
            position = service.position()
            spent_s = time.monotonic() - fault.healed_s
            if next_batch_s is None and position.batch > fault.since.batch:
                next_batch_s = spent_s
            ends = ends or service.topic_ends()
            if next_batch_s is not None and ends and position.is_beyond(ends):
                return next_batch_s, spent_s
            time.sleep(_LOOK_S)
        return next_batch_s, None

    def _page_was_compared(self) -> bool:
        """In this life; waits for the first time."""
        deadline = time.monotonic() + _PAGE_S
        while not self._service.observer.compared[DAYS]:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)
        return True

    def _lend_a_hand(self) -> None:
        """Starts a run again that has ended by itself, which none should.

        Raises:
            NotSteady: it ended again and again.
        """
        if self._service.run.is_running():
            return
        self._hands += 1
        self._ended.append(f"exit code {self._service.run.wait(1)}: {self._words()}")
        if self._hands > _MOST_HANDS:
            raise NotSteady("the run ends again and again")
        self._service.start()

    def _words(self) -> str:
        return self._service.run.log()[-1200:].strip()
