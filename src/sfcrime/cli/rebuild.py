"""`sfcrime rebuild`: counts the topic anew, and swaps the new numbers in by one row."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click
from rich.console import Console

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK
from sfcrime.pipeline.rebuilding import RebuildHooks, RebuildPlan, Rebuilt, rebuild_topic
from sfcrime.settings import Settings
from sfcrime.store.records import Generation


@click.command("rebuild", epilog="Example:  sfcrime rebuild --window 30")
@setting_flags(
    "--data-dir",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--window",
    "--lateness-hours",
    "--max-records-per-batch",
    "--ui-port",
)
@click.option(
    "--accept-loss", is_flag=True, help="Go on where counted records are no longer in the topic."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(settings: Settings, accept_loss: bool, as_json: bool) -> int:
    """Count the topic anew, from its first record, with the settings as they are now.

    What is needed after a change of window, lateness or rules, after a lost store, and
    for a topic that was made anew. Readers see the old numbers until the new ones hold all
    that the topic held at the start; then one row swaps them. Stopped or killed, it changes no
    number, and goes on when it is run again. It refuses while a job runs on the data directory,
    and where the topic no longer holds what was counted.
    """
    with stop_on_signals() as stop, _progress() as (hooks, console):
        result = rebuild_topic(settings, stop, hooks, accept_loss=accept_loss)
    if as_json:
        print_json(_as_json(result))
    elif result.swapped:
        account = ", ".join(f"{name} {n:,}" for name, n in asdict(result.accounting).items())
        click.echo(f"Readers see the new numbers: {account}.")
    if not result.swapped:
        console.print("Stopped: readers see what they saw. Run it again to go on.")
    return EXIT_OK if result.swapped else EXIT_INTERRUPTED


@contextmanager
def _progress() -> Iterator[tuple[RebuildHooks, Console]]:
    """On a terminal one line that changes, elsewhere one line a batch."""
    console = Console(stderr=True)
    pace = CountingPace()

    def step(text: str) -> None:
        console.print(text, style="dim", highlight=False)

    def plan(planned: RebuildPlan) -> None:
        for line in plan_lines(planned):
            console.print(line, highlight=False, soft_wrap=True)

    def progress(done: int, due: int) -> None:
        moved = pace.is_told(done, time.monotonic())
        if console.is_terminal:
            status.update(pace.line(due))
        elif moved:
            console.print(pace.line(due), highlight=False, soft_wrap=True)

    with console.status("") as status:
        yield RebuildHooks(step, plan, progress), console


class CountingPace:
    """How far a count is, and how fast it goes since it moved first."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._last = (-1, 0.0)

    def is_told(self, done: int, now_s: float) -> bool:
        """Takes the records done at a moment; whether they are more than before."""
        moved = done != self._last[0]
        self._last = (done, now_s)
        if self._first is None or done == self._first[0]:
            self._first = self._last  # the time that Spark takes to start is no counting
        return moved

    def line(self, due: int) -> str:
        """ "1,000 of 4,000 records (25%), 500/s, 0:06 left"; neither rate nor time before the
        count has moved."""
        done, now_s = self._last
        share = f" ({100 * done // due}%)" if due else ""
        line = f"{done:,} of {due:,} records{share}"
        first, since_s = self._first or self._last
        if done <= first or now_s <= since_s:
            return line
        rate = (done - first) / (now_s - since_s)
        minutes, seconds = divmod(round((due - done) / rate), 60)
        return f"{line}, {rate:,.0f}/s, {minutes}:{seconds:02} left"


def plan_lines(plan: RebuildPlan) -> list[str]:
    """What will be done, changed and lost."""
    wanted, seen = plan.wanted, plan.seen
    lines = [f"Counting {plan.due:,} records of topic {wanted.topic} anew."]
    if seen is None:
        lines.append("Readers see nothing until the numbers are complete.")
        return lines
    before = plan.seen_accounting
    lines.append(
        f"Until the new numbers are complete, readers see the old ones: {before.read:,} records "
        f"read, {before.counted:,} counted."
    )
    changes = [
        f"{name} {old} -> {new}"
        for (name, old), new in zip(_shape(seen).items(), _shape(wanted).values(), strict=True)
        if old != new
    ]
    lines.append(f"What changes: {', '.join(changes) or 'nothing'}.")
    if plan.lost:
        offsets = sum(each.end - each.start for each in plan.lost)
        lines.append(
            f"What is lost: {offsets:,} offsets that were counted and are in the topic no longer."
        )
        lines += [f"  {each}" for each in plan.lost]
    return lines


def _shape(generation: Generation) -> dict[str, str]:
    lateness = generation.lateness_s
    return {
        "topic": generation.topic,
        "topic id": generation.topic_id,
        "window": f"{generation.window_minutes} min",
        "lateness": "off" if lateness is None else f"{lateness / 3600:g} h",
        "rules version": str(generation.rules_version),
    }


def _as_json(result: Rebuilt) -> dict[str, object]:
    return {
        "swapped": result.swapped,
        "accounting": asdict(result.accounting),
        "accounting_before": asdict(result.plan.seen_accounting),
        "window_minutes": result.plan.wanted.window_minutes,
        "lateness_s": result.plan.wanted.lateness_s,
        "lost": [each._asdict() for each in result.plan.lost],
    }
