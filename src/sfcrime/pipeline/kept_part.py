"""Keeps a part up: starts it again when it has ended, later each time, and gives up after a bound.

A part is down until it works again, not only until it is started again: its supervisor says when
that is. The first restart comes after half a second, each further one after twice as long, up to
15 s. What worked for less than 15 s goes on with the last wait and the time that is left to it: it
may only not have come to what it fails at. A part that ended with an error which cannot pass by
itself is not started again, because going on might risk a number, or would only fail again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sfcrime.errors import GivenUp, SfcrimeError
from sfcrime.machine.clock import now_ms
from sfcrime.machine.watched_time import watched_s
from sfcrime.pipeline.activity import PartCondition, PartState
from sfcrime.pipeline.part import Ended

FIRST_DELAY_S = 0.5
MOST_DELAY_S = 15.0
STEADY_AFTER_S = 15.0
"""What has worked for so long has recovered."""
_MOST_DOUBLINGS = 10
"""Of any wait: what is away for a day is tried thousands of times."""
_JITTER = 0.25
"""Of a delay, more or less: parts that ended together are not started together each time."""


class Process(Protocol):
    """What can be kept up."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before its first start; below 0: a signal's number."""

    def start(self) -> None:
        """Starts it, without waiting until it works; OSError where that is not possible."""

    def kill(self) -> None:
        """Ends it at once, and everything below it."""

    def ended(self, code: int) -> Ended:
        """Why it ended."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks and a die, for tests to replace."""

    seconds: Callable[[], float] = watched_s
    """Never goes back."""
    milliseconds: Callable[[], int] = now_ms
    """Since 1970 UTC."""
    jitter: Callable[[], float] = lambda: random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # no secret


@dataclass(slots=True)
class KeptPart:
    """A part, and how it has been kept up so far.

    Args:
        process: the part.
        give_up_after_s: how long it may be down.
        on_step: told what becomes of it, a line each time.
        has_done_its_work: whether this exit code, above all 0, is the end that it should come to.
    """

    process: Process
    give_up_after_s: float
    on_step: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    has_done_its_work: Callable[[int], bool] = lambda _: False
    state: PartCondition = "starting"
    since_ms: int = 0
    restarts: int = 0
    """Of this run."""
    reason: str = ""
    """Why it was last down, in one line."""
    attempts: int = 0
    """Starts since it last worked for long."""
    _works_since_s: float = 0.0
    _failing_since_s: float | None = None
    """When it first went down since it last worked for long; None: it has not."""
    _due_s: float | None = None
    """To be started then; None while it runs."""
    _failure: SfcrimeError | None = None
    """What it ended with, since it last worked."""
    _was_up: bool = False
    killed_for: str = ""
    """Why it was killed on purpose; empty where it was not, and once its end was seen."""

    def begins(self) -> None:
        """The process was started by somebody else."""
        self.since_ms = self.clock.milliseconds()

    def start(self) -> None:
        """The first start; OSError where it is not possible."""
        self.begins()
        self.process.start()

    def works(self) -> None:
        """It does what it is for. Repeatable."""
        if self.state == "up":
            return
        self._turn("up")
        self._works_since_s, self._failure = self.clock.seconds(), None
        if self._was_up:
            self.on_step(f"the {self.process.name} is back")
        self._was_up = True

    def is_away(self, reason: str, failure: SfcrimeError) -> None:
        """It runs, and does not do what it is for. Repeatable: the first reason stays.

        Raises:
            GivenUp: it has been so for too long.
        """
        if self.state != "down":
            self.on_step(f"the {self.process.name} {reason}; waiting for it")
            self._goes_down(reason)
        self._give_up_in_time(failure)

    def kill(self, reason: str) -> None:
        """Ends it, to be started again; the reason takes the place of the signal's."""
        self.killed_for = reason
        self.process.kill()

    def rests(self, reason: str, seconds: float) -> None:
        """It is down, and is started again after so long as if it had not failed before."""
        self._goes_down(reason)
        self.attempts, self._failing_since_s, self._failure = 0, None, None
        self._due_s = self.clock.seconds() + seconds

    def look(self, *, may_start: bool = True) -> None:
        """Starts it again where it has ended and its time has come; cheap, and to be called again
        and again in the main thread.

        Args:
            may_start: False: what it needs is away, and starting it would be in vain.

        Raises:
            SfcrimeError: it ended with an error that does not pass, or failed at its first start.
            GivenUp: it was down for too long.
        """
        if self._due_s is None:
            code = self.process.exit_code
            if code is None:
                return
            if self.has_done_its_work(code):
                if self.state != "done":
                    self._turn("done")
                return
            self._has_ended(code)
        if self._failure is not None:
            self._give_up_in_time(self._failure)
        if may_start and self._due_s is not None and self.clock.seconds() >= self._due_s:
            self._start_again()

    def longer_each_time(self, seconds: float) -> float:
        """A wait that doubles with each start since it last worked for long."""
        return seconds * 2.0 ** min(self.attempts, _MOST_DOUBLINGS)

    def as_state(self) -> PartState:
        """For views to show."""
        return PartState(self.process.name, self.state, self.since_ms, self.restarts, self.reason)

    def _has_ended(self, code: int) -> None:
        ended, killed_for = self.process.ended(code), self.killed_for
        self.killed_for = ""
        if code > 0 and not killed_for and not (ended.failure.may_pass and self._is_kept):
            raise ended.failure
        self._wait_for_start(killed_for or ended.reason, ended.failure)

    @property
    def _is_kept(self) -> bool:
        """Whether nobody watches it any longer: it has worked, or was started again before."""
        return self._was_up or self.restarts > 0

    def _wait_for_start(self, reason: str, failure: SfcrimeError) -> None:
        self._goes_down(reason)
        self._failure = failure
        delay_s = min(self.longer_each_time(FIRST_DELAY_S), MOST_DELAY_S) * self.clock.jitter()
        self.attempts += 1
        self._due_s = self.clock.seconds() + delay_s
        self.on_step(f"the {self.process.name} {reason}; starting it again")

    def _goes_down(self, reason: str) -> None:
        now_s = self.clock.seconds()
        if self.state == "up" and now_s - self._works_since_s >= STEADY_AFTER_S:
            self.attempts, self._failing_since_s = 0, None
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        self.reason = reason
        if self.state != "down":
            self._turn("down")

    def _give_up_in_time(self, failure: SfcrimeError) -> None:
        now_s = self.clock.seconds()
        down_s = now_s - (now_s if self._failing_since_s is None else self._failing_since_s)
        if down_s > self.give_up_after_s:
            raise GivenUp(self.process.name, down_s / 60, self.reason, failure)

    def _start_again(self) -> None:
        self.restarts += 1
        self._due_s = None
        try:
            self.process.start()
        except OSError as error:  # a full disk has no room for its log
            self._wait_for_start(f"cannot be started: {error}", self.process.ended(0).failure)

    def _turn(self, state: PartCondition) -> None:
        self.state, self.since_ms = state, self.clock.milliseconds()
