"""The service under soak: started, disturbed, read every 10 s, stopped in order."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from disturbances import VICTIMS, Due, Kill, Trickle, kill
from lives import Reading
from readings import JVM_ROLES, ROLES, Member, Sight, members_of, see_folders, see_processes
from rich.console import Console

from running import Sfcrime, Started
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import SfcrimeError
from sfcrime.settings import KafkaSettings

SAMPLE_S, TRICKLE_S, PROGRESS_S = 10.0, 10.0, 60.0
_TRICKLE_FROM = 1_000
"""Records: a topic belongs to the producer whose record comes first."""
_STOP_S = 60.0
DID_NOT_STOP = 124
"""Stands for the exit code of a run that did not end within a minute."""
MOST_ENDS = 5
"""A run that ended by itself more often is not started again."""


@dataclass
class Service:
    """`sfcrime run` on one data folder, started again and again."""

    sfcrime: Sfcrime
    arguments: tuple[str, ...]
    held: ExitStack = field(default_factory=ExitStack)
    started: Started | None = None
    starts: int = 0
    ended_by_itself: list[str] = field(default_factory=list)
    stop_codes: list[int] = field(default_factory=list)

    def start(self) -> None:
        self.started = self.held.enter_context(self.sfcrime.started("run", *self.arguments))
        self.starts += 1

    def stop(self) -> None:
        """In order; its exit code is kept. Repeatable."""
        if self.started is None:
            return
        if self.started.is_running():
            self.started.signal(signal.SIGTERM)
            try:
                self.stop_codes.append(self.started.wait(_STOP_S))
            except subprocess.TimeoutExpired:  # its block kills it
                self.stop_codes.append(DID_NOT_STOP)
        self.started = None
        self.held.close()

    def look(self) -> None:
        """Starts it again where it ended by itself, which it never should."""
        if self.started is not None and not self.started.is_running():
            said = self.started.log().strip().splitlines()[-6:]
            code = self.started.process.returncode
            self.ended_by_itself.append(f"exit code {code}: " + " | ".join(said)[-600:])
            self.stop()
            if len(self.ended_by_itself) <= MOST_ENDS:
                self.start()

    def members(self) -> list[Member]:
        return [] if self.started is None else members_of(self.started.pid)


class Soak:
    """One soak: what is due, what was read, what was killed.

    Args:
        service: not started yet.
        folder: takes the JVMs' own logs.
        dues: restarts to come, in order.
        trickle: the second producer.
        console: takes lines of progress.
    """

    def __init__(
        self,
        service: Service,
        folder: Path,
        dues: Sequence[Due],
        trickle: Trickle,
        console: Console,
    ) -> None:
        self.service = service
        self.trickle = trickle
        self.series: dict[str, list[Reading]] = {}
        self.kills: list[Kill] = []
        self._folder = folder
        self._dues = list(dues)
        self._console = console
        self._began = time.monotonic()
        self._next = dict.fromkeys(("sample", "trickle"), 0.0) | {"progress": PROGRESS_S}
        self.accounting = Accounting()

    @property
    def left_out(self) -> list[str]:
        """What should have been restarted by now, and was not."""
        return [due.what for due in self._dues if due.at_s < self.now_s]

    @property
    def now_s(self) -> float:
        """Seconds since the soak began."""
        return time.monotonic() - self._began

    def run(self, minutes: float, stop: Event) -> None:
        """Until its time is over, or it is told to stop."""
        self.service.start()
        while not stop.wait(1.0) and self.now_s < minutes * 60 and self.service.started:
            self.service.look()
            self.accounting = self._counted() or self.accounting
            members = self.service.members()
            self._see_who_is_back(members)
            if self._is_due("sample", SAMPLE_S):
                self._sample(members)
            if self._is_due("trickle", TRICKLE_S) and self.accounting.read >= _TRICKLE_FROM:
                self.trickle.send()
            if self._dues and self._dues[0].at_s <= self.now_s:
                self._disturb(self._dues.pop(0), members)
            if self._is_due("progress", PROGRESS_S):
                self._say_progress()

    def _is_due(self, what: str, every_s: float) -> bool:
        if self.now_s < self._next[what]:
            return False
        self._next[what] = self.now_s + every_s
        return True

    def _counted(self) -> Accounting | None:
        try:
            return self.service.sfcrime.accounting()
        except SfcrimeError:  # there is no store yet
            return None

    def _sample(self, members: Sequence[Member]) -> None:
        at_s, sight = self.now_s, Sight()
        see_processes(members, self._folder, sight)
        see_folders(self.service.sfcrime.data_dir, KafkaSettings().topic, sight)
        sight.values["records"] = self.accounting.read
        whole = "the soak", at_s
        followed = {"spark folder": "Spark driver", "checkpoint folder": "Spark driver"}
        for name, value in sight.values.items():
            owner = name.partition(":")[0]
            role = followed.get(owner, owner)
            if role in followed.values() and role not in sight.lives:
                continue
            life, age_s = sight.lives.get(role, whole)
            self.series.setdefault(name, []).append(Reading(at_s, life, age_s, value))

    def _disturb(self, due: Due, members: Sequence[Member]) -> None:
        if due.what == "run":
            self._console.print(f"[{self.now_s / 60:5.1f} min] the run is stopped and started")
            self.service.stop()
            self.service.start()
            return
        pid = kill(due.what, members)
        if pid is None:  # it has just ended, or is being started: a little later
            self._dues.append(Due(self.now_s + 10, due.what))
            self._dues.sort(key=lambda each: each.at_s)
            return
        self._console.print(f"[{self.now_s / 60:5.1f} min] SIGKILL to {due.what} ({pid})")
        self.kills.append(Kill(self.now_s, due.what, pid))

    def _see_who_is_back(self, members: Sequence[Member]) -> None:
        """A role without the killed process, and a count that went on."""
        for each in self.kills:
            if each.back_after_s is not None:
                continue
            pids = {m.identity.pid for m in members if m.role == VICTIMS[each.victim]}
            if each.read_by_next is None and pids and each.pid not in pids:
                each.read_by_next = self.accounting.read
            if each.read_by_next is not None and self.accounting.read > each.read_by_next:
                each.back_after_s = round(self.now_s - each.at_s, 1)

    def _say_progress(self) -> None:
        newest = {name: readings[-1].value for name, readings in self.series.items()}
        roles = (*ROLES, *JVM_ROLES)
        held = ", ".join(
            f"{role} {newest[name]:.0f}"
            for role in roles
            if (name := f"{role}: memory MB") in newest
        )
        store, topic = newest.get("store: MB", 0.0), newest.get("topic: MB", 0.0)
        self._console.print(
            f"[{self.now_s / 60:5.1f} min] {self.accounting.read:,} records; MB: {held}; "
            f"store {store:.1f}, topic {topic:.1f}; {len(self.kills)} kills"
        )
