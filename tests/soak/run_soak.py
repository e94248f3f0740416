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
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp

import click
from disturbances import VICTIMS, Trickle, planned
from lives import Cut
from readings import GC_OPTION, JVM_ROLES, ROLES
from rich.console import Console
from soak_figures import Figure, Verdict, fact, figures_of
from soak_report import show, show_levels, write
from watched_run import Service, Soak

from running import Sfcrime
from sfcrime.cli.signals import stop_on_signals
from sfcrime.domain.outcomes import Accounting
from sfcrime.settings import KafkaSettings

_YEAR_MINUTES = 525_600
_MOST_SPEED = 15_000
"""Some 380 records a second, of 2,200 a day: a short soak sees less than a year."""
BACK_WITHIN_S = 120.0


def facts_of(soak: Soak) -> list[Figure]:
    """What the service did and counted; counts the rest of the topic, and audits it."""
    service, sfcrime = soak.service, soak.service.sfcrime
    kills = dict(Counter(each.victim for each in soak.kills))
    ends, codes = service.ended_by_itself, service.stop_codes
    found = [
        fact("run ended by itself", len(ends), "0", not ends),
        fact("exit codes of orderly stops", str(codes), "all 0", not any(codes)),
        fact(f"restarts left out of {kills}", str(soak.left_out), "none", not soak.left_out),
    ]
    slowest = max((k.back_after_s or float("inf") for k in soak.kills), default=0.0)
    limit = f"<= {BACK_WITHIN_S:g} s"
    found.append(
        fact("counting again after a kill, slowest", slowest, limit, slowest <= BACK_WITHIN_S)
    )
    try:
        found += _audited(sfcrime)
    except (AssertionError, subprocess.TimeoutExpired) as error:  # what was read is still shown
        found.append(fact("counted to the end and audited", str(error)[-300:], "", False))
    total = sfcrime.accounting() or Accounting()
    found.append(fact("accounting", _as_text(total), "adds up", total.adds_up and total.read > 0))
    for outcome in ("duplicate", "late", "rejected"):
        got, delivered = getattr(total, outcome), soak.trickle.delivered[outcome]
        found.append(
            fact(f"{outcome}, of the second producer's", got, f">= {delivered}", got >= delivered)
        )
    return found


def _audited(sfcrime: Sfcrime) -> list[Figure]:
    """Counts what is left in the topic, and audits it; the words of both stay in the folder."""
    with sfcrime.started("broker") as broker:
        broker.wait_for(lambda: "bootstrap servers:" in broker.log(), "the broker to answer")
        rest = sfcrime("stream", "--until-caught-up", "--quiet", timeout_s=900)
        audit = sfcrime("audit", timeout_s=1800)
        broker.signal(signal.SIGTERM)
        broker.wait()
    for name, ran in (("rest", rest), ("audit", audit)):
        sfcrime.data_dir.with_name(f"{name}.txt").write_text(ran.out + ran.err, encoding="utf-8")
    return [
        fact("the rest of the topic, exit code", rest.code, "0", rest.code == 0),
        fact("audit, exit code", audit.code, "0: equal", audit.code == 0),
    ]


def _as_text(total: Accounting) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in asdict(total).items())


def _environment(folder: Path, minutes: float) -> dict[str, str]:
    """Lets the JVMs note their collections, and has Spark make a full one 24 times, so every 5 min
    in 2 h, where it makes one in 30 min by itself: only that tells what its heap holds."""
    collect_s = max(30, round(minutes * 60 / 24))
    return {
        "JAVA_TOOL_OPTIONS": GC_OPTION.format(folder=folder),
        "SFCRIME_STREAM_SPARK_PROPERTIES": json.dumps(
            {"spark.cleaner.periodicGC.interval": f"{collect_s}s"}
        ),
    }


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
    start = date.today() - timedelta(days=366)  # noqa: DTZ011  # any day will do
    console = Console(width=150, soft_wrap=True)
    chance = random.Random(seed)
    sfcrime = Sfcrime(folder / "data", _environment(folder, minutes))
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
    cut = Cut.of(lasted)
    figures += figures_of(soak.series, cut, ROLES, JVM_ROLES)
    show_levels(soak, cut, console)
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
