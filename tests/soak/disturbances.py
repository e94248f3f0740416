"""What a soak does to the service: SIGKILL to one process at a time, and records of others."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer
from readings import Member, is_forked_worker

from hostile_records import HOSTILE_RECORDS, timed_value, with_id
from sfcrime.domain.wall_clock import to_iso, wall_clock_of
from sfcrime.kafka.broker_record import is_alive, running_bootstrap_servers

VICTIMS = {
    "stream": "stream",
    "producer": "producer",
    "page": "page",
    "driver": "Spark driver",
    "worker": "Python workers",
    "broker": "broker",
}
"""What can be killed, and the role it has."""

LEFT_ALONE = 0.25
"""The last part of a soak, without restarts: lives that are long enough to tell a small slope."""

_LARGEST_BYTES = 4096
_FLUSH_S = 5.0
_REJECTED = [
    each.value
    for each in HOSTILE_RECORDS
    if each.reason is not None and len(each.value or b"") <= _LARGEST_BYTES
]
_CALL_IDS_FROM = 900_000_000


@dataclass(frozen=True, slots=True)
class Due:
    """One restart to come."""

    at_s: float
    """Since the soak began."""
    what: str
    """A victim, or "run": the whole service, stopped in order."""


def planned(
    minutes: float, every: float, victims: Sequence[str], chance: random.Random
) -> list[Due]:
    """All restarts of a soak, in order: a victim every so many minutes, each as often as another,
    in an order that chance decides; the whole run after a third and after two thirds of them.

    Args:
        minutes: how long the soak lasts; its last quarter is left alone.
        every: minutes between two restarts, and before the first.
        victims: keys of `VICTIMS`.
    """
    times: list[float] = []
    while (at := every * (len(times) + 1)) < minutes * (1 - LEFT_ALONE):
        times.append(at * 60)
    runs = {len(times) // 3, 2 * len(times) // 3} if len(times) >= 3 else set()
    waiting: list[str] = []
    found = []
    for number, at_s in enumerate(times):
        if number in runs:
            found.append(Due(at_s, "run"))
            continue
        waiting = waiting or chance.sample(list(victims), len(victims))
        found.append(Due(at_s, waiting.pop()))
    return found


@dataclass(slots=True)
class Kill:
    """One SIGKILL, and what came of it."""

    at_s: float
    victim: str
    pid: int
    read_by_next: int | None = None
    """Records that were counted when another process of that role was first seen."""
    back_after_s: float | None = None
    """Until that, and until records were counted after it; None: not yet."""


def kill(victim: str, members: Sequence[Member]) -> int | None:
    """SIGKILLs one process of the run; its id, None where there is none of that role."""
    those = [each for each in members if each.role == VICTIMS[victim]]
    if victim == "worker":
        those = [each for each in those if is_forked_worker(each, members)]
    if not those:
        return None
    chosen = max(those, key=lambda each: each.age_s).identity
    if not is_alive(chosen):
        return None
    os.kill(chosen.pid, signal.SIGKILL)
    return chosen.pid


class Trickle:
    """A second producer: rejected, late and repeated records between those of the city."""

    def __init__(self, data_dir: Path, topic: str, chance: random.Random) -> None:
        self._data_dir = data_dir
        self._topic = topic
        self._chance = chance
        self._number = _CALL_IDS_FROM
        self.delivered: Counter[str] = Counter()
        """By what each should become; a record that is asked for twice by a dying broker may be
        there although it is not counted here."""

    def send(self, each: int = 5) -> None:
        """Some records of each kind; nothing while there is no broker."""
        servers = running_bootstrap_servers(self._data_dir)
        if servers is None:
            return
        producer = Producer(
            {
                "bootstrap.servers": servers,
                "message.timeout.ms": int(_FLUSH_S * 1000),
                "log_level": 0,
            }
        )
        for outcome, value in self._records(each):

            def note(error: KafkaError | None, _: Message, outcome: str = outcome) -> None:
                self.delivered[outcome] += error is None

            producer.produce(self._topic, value, on_delivery=note)
        producer.flush(_FLUSH_S + 1)

    def _records(self, each: int) -> list[tuple[str, bytes | None]]:
        wall = to_iso(wall_clock_of(time.time_ns() // 1_000_000))
        found: list[tuple[str, bytes | None]] = []
        for _ in range(each):
            self._number += 1
            found.append(("rejected", self._chance.choice(_REJECTED)))
            found.append(("late", timed_value("2018-10-02T09:11:00.000")))
            call = with_id(b'"%d"' % self._number)
            call = call.replace(b'"2018-10-02T09:11:00.000"', b'"%s"' % wall.encode())
            found += [("counted", call), ("duplicate", call)]
        return found
