"""Steady, a fault, healed, again and again, over the real broker, the real job and the real store.

    make faults ARGS="--runs 300 --seed 7 --out faults.json"

Each run waits until calls are being counted, inflicts one fault at a moment that the seed chooses,
heals it, and then asks: is the ledger committed again within a bound, and does it reach the topic's
end; does an audit find every record counted exactly once; did a reader that polled all the while
ever see a total that contradicts its own cells, or one that went back. A run without a fault, the
control, begins the suite. Exit code 1: something was violated; its data folder is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from kinds import Inflicted, Kind, a_while
from kinds_of_files import can_mount, small_disks
from schedule import KINDS, Life, chosen, lives_of
from service import Service
from verdict import CONTROL, Result, as_json, audited, summary

_STEADY_S = 120.0
"""Within it, a service has started and counts."""
_LOOK_S = 0.1
_MOST_HANDS = 3
_SHOWN = 600
"""Characters of a violation, from its end; --out has all of it."""


class Options(argparse.Namespace):
    """The command line."""

    runs: int
    seed: int
    kinds: str
    control_only: bool
    a_life: int
    out: Path | None
    folder: Path

    def say(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201 - a program that prints


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
        moment, next_batch_s, caught_up_s = "", None, None
        try:
            self._steady()
            a_while(self._chance, 1.5)
            fault = kind.inflict(service, self._chance)
            moment = fault.moment
            next_batch_s, caught_up_s = self._recovery(fault, kind.bound_s)
            if caught_up_s is None:
                violations.append(f"not caught up within {kind.bound_s:.0f} s of the heal")
        except (AssertionError, NotSteady, OSError) as error:
            violations.append(str(error)[-2000:])
        if self._hands:
            violations += [f"needed a hand: {each}" for each in self._ended]
        audit = audited(service.audit())
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


def live(life: Life, number: int, first: int, options: Options) -> list[Result]:
    """One service and its faults; a new one goes on where something was violated."""
    results: list[Result] = []
    while len(results) < len(life.kinds):
        seed = f"{options.seed}/{number}/{len(results)}"
        chance = random.Random(seed)
        folder = Path(tempfile.mkdtemp(prefix=f"service-{number}-", dir=options.folder))
        kept = False
        with ExitStack() as held:
            if life.place == "disks":
                held.enter_context(small_disks(folder))
            city, with_page = chance.randrange(10**6), chance.random() < 0.5
            service = Service(folder, life.place, city, with_page=with_page)
            held.enter_context(service)
            run = Run(service, number, chance)
            while len(results) < len(life.kinds) and not kept:
                kind = life.kinds[len(results)]
                result = run.live_through(kind, first + len(results))
                results.append(result)
                options.say(result.line(options.runs))
                kept = bool(result.violations)
                for each in result.violations:
                    options.say(f"      {each[-_SHOWN:]}")
            if kept and life.place == "disks":
                shutil.copytree(folder / "data", folder / "kept", ignore=_SOCKETS)
        if kept:
            options.say(f"      kept: {folder}")
        else:
            shutil.rmtree(folder)
    return results


_SOCKETS = shutil.ignore_patterns("filler", "*.sock", "spark")


def _parsed(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--runs", type=int, default=len(KINDS), help="faults; default: each once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kinds", default="", help="a,b: only these; default: all")
    parser.add_argument("--control-only", action="store_true", help="no fault at all")
    parser.add_argument("--a-life", type=int, default=12, help="faults that one service sees")
    parser.add_argument("--out", type=Path, help="takes every result, as JSON")
    parser.add_argument("--folder", type=Path, help="takes data folders; default: a temporary one")
    parser.add_argument("--list", action="store_true", help="name the kinds, and end")
    options = parser.parse_args(arguments, Options())
    if options.list:
        options.say("\n".join(each.name for each in KINDS))
        sys.exit()
    return options


def main(arguments: Sequence[str]) -> int:
    """Runs a suite; the exit code."""
    options = _parsed(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _as_interrupt)
    try:
        kinds = chosen([each for each in options.kinds.split(",") if each])
    except ValueError as error:
        options.say(f"error: {error}; --list names them")
        return 2
    made = options.folder is None
    options.folder = options.folder or Path(tempfile.mkdtemp(prefix="sfcrime-faults-"))
    options.folder.mkdir(parents=True, exist_ok=True)
    again = f"--runs {options.runs} --seed {options.seed}" + (
        f" --kinds {options.kinds}" if options.kinds else ""
    )
    options.say(f'again: make faults ARGS="{again}"')
    began, results = time.monotonic(), _suite(options, kinds)
    for line in summary(results):
        options.say(line)
    violated = any(each.violations for each in results)
    minutes = (time.monotonic() - began) / 60
    options.say(
        f"{len(results)} runs in {minutes:.0f} minutes; "
        + (f"VIOLATED, see {options.folder}" if violated else "nothing was violated")
    )
    if options.out:
        options.out.write_text(json.dumps(as_json(options.seed, results), indent=1), "utf-8")
    if made and not violated:
        shutil.rmtree(options.folder)
    return int(violated)


def _suite(options: Options, kinds: Sequence[Kind]) -> list[Result]:
    if options.control_only:
        return live(Life("embedded", (CONTROL_KIND,)), 0, 0, options)
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        mounts = can_mount(Path(place))
    if not mounts:
        left_out = [each.name for each in kinds if each.place == "disks"]
        options.say(f"left out, because this user cannot mount: {', '.join(left_out)}")
        kinds = [each for each in kinds if each.place != "disks"]
    lives = lives_of(kinds, options.runs, options.a_life, random.Random(options.seed))
    first = lives[0]
    lives[0] = Life(first.place, (CONTROL_KIND, *first.kinds))
    results: list[Result] = []
    for number, life in enumerate(lives, 1):
        results += live(life, number, len(results), options)
    return results


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """So that everything is ended and unmounted as after Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
