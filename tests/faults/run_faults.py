"""Steady, a fault, healed, again and again, over the real broker, the real job and the real store.

    make faults ARGS="--runs 300 --seed 7 --out faults.json"
    make cluster-faults ARGS="--runs 60 --seed 7 --out cluster-faults.json"

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
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import FrameType

from cluster_service import ClusterService
from kinds import Kind
from kinds_of_files import can_mount, small_disks
from one_run import CONTROL_KIND, Run
from schedule import Life, chosen, lives_of
from service import Place, Service
from verdict import Result, as_json, summary

_SHOWN = 600
"""Characters of a violation, from its end; --out has all of it."""
_SOCKETS = shutil.ignore_patterns("*.sock", "filler")


class Options(argparse.Namespace):
    """The command line."""

    runs: int
    seed: int
    kinds: str
    cluster: bool
    control_only: bool
    a_life: int
    out: Path | None
    folder: Path

    def say(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201 - a program that prints


def live(life: Life, number: int, options: Options, results: list[Result]) -> None:
    """Adds the faults of one life to the results. Where something was violated, another service
    goes on."""
    first = len(results)
    while (lived := len(results) - first) < len(life.kinds):
        chance = random.Random(f"{options.seed}/{number}/{lived}")
        folder = Path(tempfile.mkdtemp(prefix=f"service-{number}-", dir=options.folder))
        with small_disks(folder) if life.place == "disks" else nullcontext():
            city, with_page = chance.randrange(10**6), chance.random() < 0.5
            kind_of_service = ClusterService if life.place == "cluster" else Service
            with kind_of_service(folder, life.place, city, with_page=with_page) as service:
                run = Run(service, number, chance)
                for kind in life.kinds[lived:]:
                    results.append(run.live_through(kind, len(results)))
                    _show(results[-1], options)
                    if results[-1].violations:
                        break
            if results[-1].violations and life.place == "disks":
                shutil.copytree(folder / "data", folder / "kept", ignore=_SOCKETS)
        if results[-1].violations:
            options.say(f"      kept: {folder}")
        else:
            shutil.rmtree(folder)


def _show(result: Result, options: Options) -> None:
    options.say(result.line(options.runs))
    for each in result.violations:
        options.say(f"      {each[-_SHOWN:]}")


def _parsed(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--runs", type=int, help="faults; default: each kind once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kinds", default="", help="a,b: only these; default: all")
    parser.add_argument("--cluster", action="store_true", help="the faults of a cluster instead")
    parser.add_argument("--control-only", action="store_true", help="no fault at all")
    parser.add_argument("--a-life", type=int, default=12, help="faults that one service sees")
    parser.add_argument("--out", type=Path, help="takes every result, as JSON")
    parser.add_argument("--folder", type=Path, help="takes data folders; default: a temporary one")
    parser.add_argument("--list", action="store_true", help="name the kinds, and end")
    options = parser.parse_args(arguments, Options())
    if options.list:
        options.say("\n".join(each.name for each in chosen((), on_cluster=options.cluster)))
        sys.exit()
    return options


def main(arguments: Sequence[str]) -> int:
    """Runs a suite; the exit code."""
    options = _parsed(arguments)
    for number in _ENDING:
        signal.signal(number, _as_interrupt)
    try:
        named = [each for each in options.kinds.split(",") if each]
        kinds = chosen(named, on_cluster=options.cluster)
    except ValueError as error:
        options.say(f"error: {error}; --list names them")
        return 2
    options.runs = options.runs or len(kinds)
    made = options.folder is None
    options.folder = options.folder or Path(tempfile.mkdtemp(prefix="sfcrime-faults-"))
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen_kinds = f" --kinds {options.kinds}" if options.kinds else ""
    again = f"--runs {options.runs} --seed {options.seed}{chosen_kinds} --a-life {options.a_life}"
    target = "cluster-faults" if options.cluster else "faults"
    options.say(f'again: make {target} ARGS="{again}"')
    began, results, code = time.monotonic(), list[Result](), 0
    try:
        _suite(options, kinds, results)
    except KeyboardInterrupt:
        options.say("interrupted")
        code = 130
    if not results and not code:
        options.say("error: no fault could be inflicted")
        code = 2
    violated = _tell(options, results, (time.monotonic() - began) / 60)
    if made and not violated:
        shutil.rmtree(options.folder)
    return 1 if violated else code


def _tell(options: Options, results: Sequence[Result], minutes: float) -> bool:
    """Shows all runs together; whether anything was violated."""
    for line in summary(results):
        options.say(line)
    violated = any(each.violations for each in results)
    words = f"VIOLATED, see {options.folder}" if violated else "nothing was violated"
    options.say(f"{len(results)} runs in {minutes:.0f} minutes; {words}")
    if options.out:
        options.out.write_text(json.dumps(as_json(options.seed, results), indent=1), "utf-8")
    return violated


def _suite(options: Options, kinds: Sequence[Kind], results: list[Result]) -> None:
    """Adds to the results as they come."""
    if options.control_only:
        place: Place = "cluster" if options.cluster else "embedded"
        live(Life(place, (CONTROL_KIND,)), 1, options, results)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        mounts = can_mount(Path(place))
    if not mounts:
        left_out = [each.name for each in kinds if each.place == "disks"]
        options.say(f"left out, because this user cannot mount: {', '.join(left_out)}")
        kinds = [each for each in kinds if each.place != "disks"]
    lives = lives_of(kinds, options.runs, options.a_life, random.Random(options.seed))
    lives[:1] = [replace(each, kinds=(CONTROL_KIND, *each.kinds)) for each in lives[:1]]
    for number, life in enumerate(lives, 1):
        live(life, number, options, results)


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """Everything is ended and unmounted; a second signal does not disturb that."""
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
