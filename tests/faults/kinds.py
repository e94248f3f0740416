"""Kinds of faults: what is done to a running service, at a moment of chance, and healed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from service import GONE_S, Place, Position, Service

from running import alive, wait_until
from sfcrime.kafka.broker_record import ProcessIdentity
from sfcrime.store import STORE_FILE

_POINT_S = 60.0
"""Within it, an ordered point is reached while calls come in: once a second, and after a start."""

POINTS = {
    "in-task": "worker",
    "waiting": "driver",
    "before-commit": "driver",
    "in-commit": "driver",
    "after-commit": "driver",
    "reading": "driver",
}
"""Named points of a batch (points/sitecustomize.py), and whose they are."""
STARTING = ("opening", "query")
"""Points of a start: the store is open, the query is about to run."""


@dataclass(frozen=True)
class Inflicted:
    """A fault that has been healed, as far as the harness has a part in it."""

    moment: str
    """When and how it hit, in a few words."""
    since: Position
    """How far the ledger was then."""
    healed_s: float = field(default_factory=time.monotonic)
    """By the monotonic clock."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    inflict: Callable[[Service, random.Random], Inflicted]
    place: Place = "embedded"
    bound_s: float = 120.0
    """Within it the ledger has committed again, and has reached the topic's end."""


def a_while(chance: random.Random, longest_s: float, least_s: float = 0.0) -> float:
    """Sleeps for seconds that chance chooses: the moment is random by intent."""
    seconds = chance.uniform(least_s, longest_s)
    time.sleep(seconds)
    return seconds


def killed(role: str) -> Callable[[Service, random.Random], Inflicted]:
    """SIGKILL to one process."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        pid = service.victim(role, chance if role == "worker" else None)
        os.kill(pid, signal.SIGKILL)
        return Inflicted(f"pid {pid}", service.position())

    return inflict


def stopped(role: str) -> Callable[[Service, random.Random], Inflicted]:
    """SIGSTOP to one process, and SIGCONT."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        pid = service.victim(role)
        os.kill(pid, signal.SIGSTOP)
        try:
            seconds = a_while(chance, 20, 2)
        finally:
            since = service.position()
            _go_on(service, role, pid)
        return Inflicted(f"{seconds:.0f} s", since)

    return inflict


def _go_on(service: Service, role: str, pid: int) -> None:
    """It may have been killed by whoever took it for hung; then nobody is meant."""
    if pid in [each.pid for each in service.victims(role)]:
        os.kill(pid, signal.SIGCONT)


def hung(role: str) -> Callable[[Service, random.Random], Inflicted]:
    """SIGSTOP without an end: somebody has to find out."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        pid = service.victim(role)
        os.kill(pid, signal.SIGSTOP)
        return Inflicted(f"pid {pid}", service.position())

    return inflict


def at_point(points: tuple[str, ...], victim: str) -> Callable[[Service, random.Random], Inflicted]:
    """Kills a process when a batch gets to one of these points."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        point = chance.choice(points)
        # Whoever is at the point kills itself, or another.
        pid, tree = 0 if POINTS[point] == victim else service.victim(victim), service.run.tree()
        service.orders.kill_at(point, pid)
        try:
            wait_until(service.orders.were_carried_out, f"the point {point}", _POINT_S)
            since = service.position()
            if victim == "run":
                _await_end_of(tree, service)
                service.start()
        finally:
            service.orders.withdraw()
        return Inflicted(point, since)

    return inflict


def in_recovery(service: Service, chance: random.Random) -> Inflicted:
    """A job that was killed is killed again while it starts."""
    point = chance.choice(STARTING)
    pid = service.victim("driver")
    service.orders.kill_at(point)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_until(
            service.orders.were_carried_out, f"a start to get to the point {point}", _POINT_S
        )
    finally:
        service.orders.withdraw()
    return Inflicted(point, service.position())


def run_killed(service: Service, chance: random.Random) -> Inflicted:
    """SIGKILL to the one that supervises: all below it has to end. It is started again."""
    tree = service.run.tree()
    os.kill(service.run.pid, signal.SIGKILL)
    seconds = _await_end_of(tree, service)
    since = service.position()
    service.start()
    return Inflicted(f"all gone in {seconds:.1f} s", since)


def _await_end_of(tree: list[ProcessIdentity], service: Service) -> float:
    began = time.monotonic()
    service.run.wait(30)
    wait_until(lambda: not alive(tree), "all that a killed run had started to be gone", GONE_S)
    return time.monotonic() - began


def all_killed(service: Service, chance: random.Random) -> Inflicted:
    """SIGKILL to every process at once, as when the machine's memory runs out; started again."""
    service.kill()
    since = service.position()
    service.start()
    return Inflicted("all at once", since)


def broker_restarted(service: Service, chance: random.Random) -> Inflicted:
    """SIGTERM to the embedded broker: it ends in order, and has to come back."""
    pid = service.victim("broker")
    os.kill(pid, signal.SIGTERM)
    return Inflicted(f"pid {pid}", service.position())


def outside_broker_down(number: signal.Signals) -> Callable[[Service, random.Random], Inflicted]:
    """The broker beside the service ends, and is started again after a while."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        os.kill(service.victim("broker"), number)
        service.stop_broker()
        since = service.position()
        seconds = a_while(chance, 20, 1)
        service.start_broker()
        return Inflicted(f"down for {seconds:.0f} s", since)

    return inflict


def store_locked(service: Service, chance: random.Random) -> Inflicted:
    """Another connection holds the store's write lock."""
    with _locked(service):
        seconds = a_while(chance, 40, 5)
        since = service.position()
    return Inflicted(f"{seconds:.0f} s", since)


@contextmanager
def _locked(service: Service) -> Iterator[None]:
    connection = sqlite3.connect(service.data_dir / STORE_FILE, timeout=30, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def clock_moved(name: str) -> Callable[[Service, random.Random], Inflicted]:
    """The clock of the processes with this in their command line is off for a while."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        step_s, for_s = chance.choice((-86_400, -3_600, 3_600, 86_400)), chance.uniform(5, 15)
        service.orders.move_clock(name, step_s, time.monotonic() + for_s)
        try:
            time.sleep(for_s)
            assert service.orders.was_clock_moved(), f"no process of {name} was shown another time"
        finally:
            service.orders.withdraw()
        return Inflicted(f"{step_s:+} s for {for_s:.0f} s", service.position())

    return inflict
