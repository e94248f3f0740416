"""`sfcrime rebuild`: counts the topic again, and swaps the new numbers in by one row."""

from __future__ import annotations

from dataclasses import asdict

import click

from sfcrime.cli.options import is_asked_for, setting_flags
from sfcrime.cli.output import print_json
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import stop_on_signals
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK
from sfcrime.pipeline.rebuilding import (
    RebuildHooks,
    RebuildPlan,
    Rebuilt,
    of_stored_topic,
    rebuild_topic,
)
from sfcrime.settings import Settings
from sfcrime.store.records import Generation


@click.command("rebuild", epilog="Example:  sfcrime rebuild --window 30")
@setting_flags(
    "--data-dir",
    "--store-url",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--window",
    "--lateness-hours",
    "--max-records-per-batch",
    "--ui-port",
    "--master",
)
@click.option(
    "--accept-loss", is_flag=True, help="Go on where counted records are no longer in the topic."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(settings: Settings, accept_loss: bool, as_json: bool) -> int:
    """Count the topic again, from its first record, with the settings as they are now: the topic
    that was counted, unless --topic or its setting names another.

    What is needed after a change of window, lateness or rules, after a lost store, and
    for a topic that was made again. Readers see the old numbers until the new ones hold all
    that the topic held at the start; then one row swaps them. Stopped or killed, it changes no
    number, and goes on when it is run again. It refuses while a job runs on the data folder,
    and where the topic no longer holds what was counted.
    """
    if not is_asked_for("--topic"):
        settings = of_stored_topic(settings)
    with stop_on_signals() as stop, ProgressBar() as bar:
        result = rebuild_topic(settings, stop, rebuild_hooks(bar), accept_loss=accept_loss)
    if as_json:
        print_json(_as_json(result))
    elif result.swapped:
        account = ", ".join(f"{name} {n:,}" for name, n in asdict(result.accounting).items())
        click.echo(f"Readers see the new numbers: {account}.")
    if not result.swapped:
        bar.tell("Stopped: readers see what they saw. Run it again to go on.")
    return EXIT_OK if result.swapped else EXIT_INTERRUPTED


def rebuild_hooks(bar: ProgressBar) -> RebuildHooks:
    """On a terminal one line that changes, elsewhere one line a batch."""
    now = ""
    told = -1

    def step(text: str) -> None:
        nonlocal now
        now = text.partition(";")[0]
        bar.show(now)
        bar.tell(text, "dim")

    def plan(planned: RebuildPlan) -> None:
        for line in plan_lines(planned):
            bar.tell(line)

    def progress(done: int, due: int) -> None:
        nonlocal told
        share = f" ({100 * done // due}%)" if due else ""
        amount = f"{done:,} of {due:,} records{share}"
        bar.show(now, done, due, amount)
        if done != told and not bar.is_drawn:
            bar.tell(", ".join(part for part in (amount, bar.pace()) if part))
        told = done

    return RebuildHooks(step, plan, progress)


def plan_lines(plan: RebuildPlan) -> list[str]:
    """What will be done, changed and lost."""
    wanted, seen = plan.wanted, plan.seen
    lines = [f"Counting {plan.due:,} records of topic {wanted.topic} again."]
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
