"""Counts made-up topics with the stream's judge and with the audit, and compares all they say.

    python tests/fuzz/run_fuzz.py --cases 200000 --seed 7
    python tests/fuzz/run_fuzz.py --replay tests/fuzz/found/0123456789abcdef.json

Half of the records are valid or nearly so. It ends with 1 where the sides differ: the records are
then made as few and as short as it gets, shown, and saved for `make test`; and with 1 where an
outcome or a reason never came up, since nothing is known of it then.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click

if __name__ in ("__main__", "__mp_main__"):
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # what tests of several rooms share

import found_cases
from both_sides import Comparison, compare
from fuzz_topics import RECORDS_OF_A_TOPIC, FuzzTopic, make_topic
from shrinking import shrunk

from sfcrime.domain.outcomes import Outcome, Reason

_SHOWN_EVERY_S = 5.0
_DUE = [*(each for each in Outcome if each is not Outcome.REJECTED), *Reason]


@dataclass(frozen=True, slots=True)
class Task:
    """One topic to make and to compare."""

    seed: int
    number: int
    records: int

    def topic(self) -> FuzzTopic:
        return make_topic(self.seed, self.number, self.records)


@dataclass(slots=True)
class Totals:
    """What all topics came to."""

    cases: int = 0
    families: Counter[tuple[str, str]] = field(default_factory=Counter)
    stream: Counter[str] = field(default_factory=Counter)
    audit: Counter[str] = field(default_factory=Counter)

    def add(self, found: Comparison) -> None:
        self.cases += found.records
        self.families.update(found.families)
        self.stream.update(found.stream)
        self.audit.update(found.audit)

    def never_seen(self) -> list[str]:
        """Outcomes and reasons that one side never gave."""
        return [each for each in _DUE if not self.stream[each] or not self.audit[each]]

    def lines(self) -> Iterator[str]:
        yield f"{'family':<26}{'cases':>12}{'valid':>12}{'late':>12}{'rejected':>12}"
        for name, number in self._by_family().most_common():
            valid, late = (self.families[name, each] for each in ("valid", "late"))
            read = self.families[name, "read"]
            rejected = number - valid - late - read
            yield f"{name:<26}{number:>12,}{valid:>12,}{late:>12,}{rejected:>12,}"
        yield ""
        yield f"{'outcome or reason':<26}{'stream':>12}{'audit':>12}"
        for each in _DUE:
            yield f"{each:<26}{self.stream[each]:>12,}{self.audit[each]:>12,}"

    def _by_family(self) -> Counter[str]:
        families: Counter[str] = Counter()
        for (name, _), number in self.families.items():
            families[name] += number
        return families


@click.command(help=__doc__.split("\n")[0] if __doc__ else None)
@click.option("--cases", type=click.IntRange(1), default=10_000_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="Default: a random one, which is printed.")
@click.option("--processes", type=click.IntRange(1), help="Default: one for each core.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Ends after so long.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True), help="Tries one file.")
@click.option(
    "--found",
    type=click.Path(path_type=Path, file_okay=False),
    default=found_cases.FOUND,
    help="Folder that takes what is found.",
)
def main(
    cases: int,
    seed: int | None,
    processes: int | None,
    seconds: float | None,
    replay: Path | None,
    found: Path,
) -> None:
    if replay is not None:
        differences = compare(found_cases.load(replay)).differences
        click.echo("\n".join(differences) or "Both sides agree.")
        sys.exit(1 if differences else 0)
    seed = secrets.randbits(32) if seed is None else seed
    click.echo(f"seed {seed}, {cases:,} cases")
    starts = range(0, cases, RECORDS_OF_A_TOPIC)
    tasks = [
        Task(seed, number, min(RECORDS_OF_A_TOPIC, cases - start))
        for number, start in enumerate(starts)
    ]
    totals, differing = _run(tasks, processes or os.cpu_count() or 1, seconds)
    click.echo("\n".join(totals.lines()))
    if differing is not None:
        sys.exit(_report(differing, found))
    missing = totals.never_seen()
    if missing:
        click.echo(
            f"Never seen on one side: {', '.join(missing)}. Nothing is known of them: "
            "run more cases.",
            err=True,
        )
        sys.exit(1)
    click.echo(f"Both sides agree on {totals.cases:,} cases.")


def _run(tasks: list[Task], processes: int, seconds: float | None) -> tuple[Totals, Task | None]:
    """All tasks, or those until the time is over or the first that differs, which is returned."""
    totals, began, shown = Totals(), time.monotonic(), 0.0
    due = sum(task.records for task in tasks)
    with closing(_compared(tasks, processes)) as results:
        for task, found in results:
            totals.add(found)
            if found.differences:
                return totals, task
            took = time.monotonic() - began
            if took - shown > _SHOWN_EVERY_S:
                shown = took
                rate = totals.cases / took
                click.echo(f"{totals.cases:,} of {due:,} cases, {rate:,.0f} a second", err=True)
            if seconds is not None and took > seconds:
                break
    click.echo(f"{totals.cases:,} cases in {time.monotonic() - began:,.1f} s")
    return totals, None


def _compared(tasks: list[Task], processes: int) -> Generator[tuple[Task, Comparison], None, None]:
    if processes == 1:
        yield from map(_compare_task, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_compare_task, tasks)


def _compare_task(task: Task) -> tuple[Task, Comparison]:
    return task, compare(task.topic())


def _report(task: Task, folder: Path) -> int:
    """Shrinks, shows and saves a topic on which the sides differ; the exit code."""
    click.echo(f"The sides differ on topic {task.number} of seed {task.seed}; shrinking it.")
    topic = shrunk(task.topic())
    differences = compare(topic).differences
    path = found_cases.save(folder, topic, differences)
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    lateness = "off" if topic.lateness_s is None else f"{topic.lateness_s:,} s"
    click.echo(f"Allowed lateness {lateness}, windows of {topic.window_minutes} minutes:")
    for number, batch in enumerate(topic.batches[:10]):
        for record in batch[:10]:
            what = record.headers if topic.source_name else record.value
            place = f"batch {number}, partition {record.partition}"
            click.echo(f"  {place}, published {record.published_ms} ms: {what!r:.2000}")
    click.echo("\n".join(f"  {each:.2000}" for each in differences[:20]))
    click.echo(f"Try it again: .venv/bin/python tests/fuzz/run_fuzz.py --replay {shown}")
    return 1


if __name__ == "__main__":
    main()
