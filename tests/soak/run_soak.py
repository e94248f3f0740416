"""A year of calls through the real service, with restarts, watched for what grows.

    make soak MINUTES=120 ARGS="--out soak.json"

`sfcrime run` counts the synthetic city's year, compressed into the given minutes, while a second
producer writes records that are rejected, late and repeated. Every few minutes one of its
processes is killed (SIGKILL), and twice the whole run is stopped in order and started again; the
last quarter is left alone. Every 10 s is read what each process holds and what lies on disk. What
is computed of it, and why, stands in lives.py; what it must be, in soak_figures.py.

At the end everything published is counted, and `sfcrime audit` recounts it. Exit code 1 where a
figure is missed. Ctrl-C ends in order and shows what there is.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

import click
from disturbances import VICTIMS, Due, Kill, Trickle, kill, planned
from lives import Cut, Reading
from readings import (
    GC_OPTION,
    JVM_ROLES,
    ROLES,
    Member,
    Sight,
    members_of,
    see_folders,
    see_processes,
)
from rich.console import Console
from rich.table import Table
from soak_figures import Figure, Verdict, fact, figures_of

from running import Sfcrime, Started
from sfcrime.cli.signals import stop_on_signals
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import SfcrimeError
from sfcrime.machine.description import described_machine
from sfcrime.settings import KafkaSettings

SAMPLE_S, TRICKLE_S, PROGRESS_S = 10.0, 10.0, 60.0
_YEAR_MINUTES = 525_600
_MOST_SPEED = 15_000
"""Some 380 records a second, of 2,200 a day: a short soak sees less than a year."""
_TRICKLE_FROM = 1_000
"""Records: a topic belongs to the producer whose record comes first."""
_STOP_S = 60.0
DID_NOT_STOP = 124
"""Stands for the exit code of a run that did not end within a minute."""
BACK_WITHIN_S = 120.0
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
        say: takes a line of progress.
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
            self._dues.insert(0, Due(self.now_s + 10, due.what))
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


def facts_of(soak: Soak) -> list[Figure]:
    """What the service did and counted; counts the rest of the topic, and audits it."""
    service, sfcrime = soak.service, soak.service.sfcrime
    ends, codes = service.ended_by_itself, service.stop_codes
    found = [
        fact("run ended by itself", len(ends), "0", not ends),
        fact("exit codes of orderly stops", str(codes), "all 0", not any(codes)),
        fact("kills", str(dict(Counter(k.victim for k in soak.kills))), "any", True),
    ]
    slowest = max((k.back_after_s or float("inf") for k in soak.kills), default=0.0)
    limit = f"<= {BACK_WITHIN_S:g} s"
    found.append(
        fact("counting again after a kill, slowest", slowest, limit, slowest <= BACK_WITHIN_S)
    )
    with sfcrime.started("broker") as broker:
        broker.wait_for(lambda: "bootstrap servers:" in broker.log(), "the broker to answer")
        rest = sfcrime("stream", "--until-caught-up", "--quiet", timeout_s=900)
        found.append(fact("the rest of the topic, exit code", rest.code, "0", rest.code == 0))
        audit = sfcrime("audit", timeout_s=1800)
        found.append(fact("audit, exit code", audit.code, "0: equal", audit.code == 0))
        broker.signal(signal.SIGTERM)
        broker.wait()
    total = sfcrime.accounting() or Accounting()
    found.append(fact("accounting", _as_text(total), "adds up", total.adds_up and total.read > 0))
    for outcome, delivered in sorted(soak.trickle.delivered.items()):
        got = getattr(total, outcome)
        found.append(
            fact(f"{outcome}, of the second producer's", got, f">= {delivered}", got >= delivered)
        )
    return found


def _as_text(total: Accounting) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in asdict(total).items())


def show(figures: Sequence[Figure], console: Console) -> None:
    table = Table("Figure", "Found", "Must be", "")
    for each in figures:
        table.add_row(each.name, each.found, each.limit, each.verdict.value)
    console.print(table)


def write(out: Path, soak: Soak, figures: Sequence[Figure], facts: dict[str, object]) -> None:
    """Everything as JSON: figures first, every reading last."""
    readings = {
        name: [[round(e.at_s), e.life, round(e.age_s), round(e.value, 3)] for e in those]
        for name, those in soak.series.items()
    }
    document = {
        "machine": described_machine(),
        **facts,
        "starts_of_the_run": soak.service.starts,
        "ended_by_itself": soak.service.ended_by_itself,
        "kills": [asdict(each) for each in soak.kills],
        "figures": [asdict(each) for each in figures],
        "readings (at s, life, age s, value)": readings,
    }
    out.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _victims(_: click.Context, __: click.Parameter, text: str) -> list[str]:
    names = [each.strip() for each in text.split(",")]
    for each in names:
        if each not in VICTIMS:
            raise click.BadParameter(f"{each} is none of {', '.join(VICTIMS)}")
    return names


@click.command()
@click.option(
    "--minutes", default=120.0, show_default=True, help="How long the service is watched."
)
@click.option(
    "--seed", default=1, show_default=True, help="Of the city, and of what is killed when."
)
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
@click.option("--restarts-every", default=6.0, show_default=True, help="Minutes.")
@click.option(
    "--victims", default=",".join(VICTIMS), show_default=True, callback=_victims, help="Are killed."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    help="A folder for data and logs; it stays, as any does where a figure is missed.",
)
def main(
    minutes: float,
    seed: int,
    out: Path | None,
    restarts_every: float,
    victims: list[str],
    keep: Path | None,
) -> None:
    """Run the service for a while, with restarts, and see what grows."""
    folder = (keep or Path(mkdtemp(prefix="sfcrime-soak-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    speed = min(_YEAR_MINUTES / minutes, _MOST_SPEED)
    start = date.today() - timedelta(days=366)  # noqa: DTZ011
    console = Console(width=150, soft_wrap=True)
    chance = random.Random(seed)
    sfcrime = Sfcrime(folder / "data", {"JAVA_TOOL_OPTIONS": GC_OPTION.format(folder=folder)})
    source = ("--source", "synthetic", "--seed", str(seed), "--start", start.isoformat())
    service = Service(sfcrime, (*source, "--speed", f"{speed:.0f}x", "--plain"))
    dues = planned(minutes, restarts_every, victims, chance)
    trickle = Trickle(sfcrime.data_dir, KafkaSettings().topic, chance)
    soak = Soak(service, folder, dues, trickle, console)
    console.print(f"{minutes:g} min at {speed:,.0f}x in {folder}; {len(dues)} restarts are planned")
    try:
        with stop_on_signals() as stop:
            soak.run(minutes, stop)
            lasted = soak.now_s / 60
            service.stop()
            figures = facts_of(soak)
    finally:
        service.held.close()
    figures += figures_of(soak.series, Cut.of(lasted), ROLES, JVM_ROLES)
    show(figures, console)
    if out is not None:
        facts = {"minutes": round(lasted, 1), "seed": seed, "speed": round(speed)}
        write(out, soak, figures, {**facts, "victims": victims})
    missed, open_ = (
        sum(each.verdict is verdict for each in figures)
        for verdict in (Verdict.MISSED, Verdict.OPEN)
    )
    console.print(f"{missed} missed, {open_} open")
    if keep is None and not missed:
        shutil.rmtree(folder)
    else:
        console.print(f"data and logs are in {folder}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
