"""Kinds of faults of a cluster: one of its processes dies, or another driver takes over."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from cluster_service import ClusterService
from kinds import Inflicted, a_while
from service import Position, Service

from running import Started, wait_until

_READ_AGAIN_S = 60.0
_TAKEN_OVER_S = 180.0
"""The database hears nothing of a stopped driver for 60 s; then a start takes some 10 s."""
_REFUSED = "Another job writes to the store"


def killed(role: str) -> Callable[[Service, random.Random], Inflicted]:
    """SIGKILL to one process of a role, while none is away; the cluster starts it again."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        assert isinstance(service, ClusterService)
        service.await_whole()
        pid = service.victim(role, chance)
        killed_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        return Inflicted(f"pid {pid}", _first_position(service), killed_s)

    return inflict


def _first_position(service: Service) -> Position:
    """The ledger's, as soon as its database can be asked: it was not empty."""
    seen: list[Position] = []

    def is_read() -> bool:
        seen[:] = [service.position()]
        return seen[0].batch >= 0

    wait_until(is_read, "somebody to read the store again", _READ_AGAIN_S)
    return seen[0]


def driver_taken_over(service: Service, chance: random.Random) -> Inflicted:
    """The driver and who supervises it stand still. Another driver, with a data folder of its own,
    counts in its place. The first two go on while it does; then the other ends in order."""
    assert isinstance(service, ClusterService)
    service.await_whole()
    halted = [service.run.pid, service.victim("driver")]
    with _halted(halted) as go_on:
        before = service.position()
        with _another(service, before) as other:
            seconds = a_while(chance, 5)
            go_on()
            seconds += a_while(chance, 20, 10)
            assert other.is_running(), f"the other driver ended:\n{other.log()[-1200:]}"
            since = service.position()
            assert since.batch > before.batch
            other.signal(signal.SIGTERM)
            assert other.wait() == 0, other.log()[-1200:]
    return Inflicted(f"another counts for {seconds:.0f} s", since)


@contextmanager
def _halted(pids: Sequence[int]) -> Iterator[Callable[[], None]]:
    """SIGSTOP; gives what lets them go on."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def go_on() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    try:
        yield go_on
    except BaseException:
        go_on()
        raise


@contextmanager
def _another(service: ClusterService, before: Position) -> Iterator[Started]:
    """A driver as on another machine; it has committed a batch. It is refused at first. It judges
    itself: the first one's executors stay with the first one."""
    own = {"SFCRIME_STREAM_MASTER": "local[1]", "SFCRIME_STREAM_SPARK_PROPERTIES_FILE": ""}
    environment = {**service.sfcrime.environment, **own}
    data_dir = service.folder / f"other-{time.monotonic_ns()}"
    other = replace(service.sfcrime, data_dir=data_dir, environment=environment)
    deadline, refused = time.monotonic() + _TAKEN_OVER_S, 0

    def has_committed() -> bool:
        return service.position().batch > before.batch

    while True:
        left_s = deadline - time.monotonic()
        with other.started("stream", "--max-records-per-batch", "2000") as started:
            wait_until(
                lambda: not started.is_running() or has_committed(),
                "another driver to count, or to be refused",
                left_s,
            )
            if started.is_running():
                assert refused, "it counted beside a driver that had only just stopped"
                yield started
                return
            assert _REFUSED in started.log(), started.log()[-1200:]
            refused += 1
