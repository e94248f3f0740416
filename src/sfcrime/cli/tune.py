"""`sfcrime tune`: the tuning lab."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from sfcrime.cli.output import note, print_json
from sfcrime.cli.progress_bar import ProgressBar
from sfcrime.cli.signals import stop_on_signals
from sfcrime.cli.tune_progress import TuneProgress, minutes_text
from sfcrime.errors import EXIT_INTERRUPTED, EXIT_OK, UsageError
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings
from sfcrime.tuning.choice import Findings
from sfcrime.tuning.knobs import BY_SPARK_NAME, Query, base_values, is_of
from sfcrime.tuning.lab import LabHooks, Order, base_of, run_lab
from sfcrime.tuning.plan import (
    FULL,
    QUICK,
    USUAL,
    Kind,
    Scale,
    Sort,
    configurations,
    plan_trials,
)
from sfcrime.tuning.report import as_json, reason, report
from sfcrime.tuning.report_text import as_html, figure
from sfcrime.tuning.results import RESULTS_FILE, read_results

_KINDS = {
    "both": (Kind.BACKLOG, Kind.PACED),
    "throughput": (Kind.BACKLOG,),
    "latency": (Kind.PACED,),
}
_QUERIES = {"both": tuple(Query), **{str(query): (query,) for query in Query}}


@click.command(
    epilog="Example:  sfcrime tune --set shuffle_partitions=2,8,200 --measure throughput",
    short_help="The tuning lab: what each setting does here, with a report.",
)
@click.option("--quick", is_flag=True, help="Fewer values, records and repeats: 10 minutes.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEY=A,B,...",
    help="Try these values of one setting alone, in place of the plan; repeatable.",
)
@click.option(
    "--measure",
    type=click.Choice(list(_KINDS)),
    default="both",
    show_default=True,
    help="Backlog trials, paced trials, or both.",
)
@click.option(
    "--query",
    type=click.Choice(list(_QUERIES)),
    default="both",
    show_default=True,
    help="`sfcrime stream`, exercise/data_stream.py, or both.",
)
@click.option("--repeats", type=click.IntRange(1, 100), help="Of every trial.")
@click.option("--records", type=click.IntRange(1000), help="In the topic of a backlog trial.")
@click.option(
    "--out",
    "out_dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tuning"),
    show_default=True,
    help="Takes trials and report; run again with the same flags, it goes on.",
)
@click.option("--seed", default=1, show_default=True, help="Of the order of the trials.")
@click.option("--report-only", is_flag=True, help="Write the report of what is there again.")
@click.option("--json", "as_document", is_flag=True, help="What came out, as one JSON object.")
def command(  # noqa: PLR0913 - one parameter a flag
    quick: bool,
    given: tuple[str, ...],
    measure: str,
    query: str,
    repeats: int | None,
    records: int | None,
    out_dir: Path,
    seed: int,
    report_only: bool,
    as_document: bool,
) -> int:
    """Measure what settings do to throughput and latency on this machine, and report it.

    One setting at a time from the settings in force, of the product's query and of the exercise's,
    and of the latter also Spark's own defaults and the usual choice. KEY is
    max_records_per_batch, partitions, trigger_ms, heap, jvm_options, any property `spark.*`, any
    option of Spark's Kafka source as `option.NAME`, or, of the exercise's query alone,
    shuffle_partitions and state_store. Ctrl-C stops; the same command goes on.
    """
    left = 0
    if not report_only:
        base = base_of(load_settings())
        scale = _scaled(QUICK if quick else FULL, repeats, records)
        sorts = [(each, kind) for each in _QUERIES[query] for kind in _KINDS[measure]]
        order = Order(
            settings=base,
            workload=scale.workload,
            trials=plan_trials(_tried(scale, base, _values(given), sorts), scale.repeats, seed),
            out_dir=out_dir.expanduser().absolute(),
            budget_s=scale.budget_s,
        )
        left, stopped = _run(order)
        if stopped:
            note("Stopped. The same command goes on after the last trial.")
            return EXIT_INTERRUPTED
    found = _findings(out_dir, left)
    written = write_report(found, out_dir)
    _tell(found, written, as_document)
    return EXIT_OK


def _values(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What `--set` names: knob -> values."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        key, separator, values = text.partition("=")
        parts = tuple(value.strip() for value in values.split(","))
        if not separator or not key.strip() or not all(parts):
            raise UsageError(
                f"--set {text!r} names no values.",
                rule="It is KEY=VALUE, or several values with commas between them.",
                next_step="--set shuffle_partitions=2,8,200",
            )
        knob = BY_SPARK_NAME.get(key.strip(), key.strip())
        found[knob] = found.get(knob, ()) + parts
    return found


def _scaled(scale: Scale, repeats: int | None, records: int | None) -> Scale:
    work = scale.workload
    if records is not None:
        warm = min(work.warm_records, records // 4)
        work = msgspec.structs.replace(work, records=records, warm_records=warm)
    return Scale(work, scale.alone, repeats or scale.repeats, scale.budget_s)


def _tried(
    scale: Scale, base: Settings, given: dict[str, tuple[str, ...]], sorts: Sequence[Sort]
) -> dict[Sort, list[dict[str, str]]]:
    """The configurations of each sort: the plan's, or what is given to the queries that obey it."""
    found = {}
    for query, kind in sorts:
        usual = USUAL.values() if query is Query.EXERCISE and not given else ()
        alone = scale.alone[query, kind]
        if given:
            alone = {key: values for key, values in given.items() if is_of(key, query)}
        if alone:
            found[query, kind] = configurations(alone, usual, base_values(base, query))
    if not found:
        raise UsageError(
            f"The product's query has no {' and no '.join(given)}.",
            rule="It has no state; the exercise's query has.",
            next_step="--query exercise",
        )
    return found


def _run(order: Order) -> tuple[int, bool]:
    """Runs the order; how many trials are left, and whether a stop was asked for."""

    def on_plan(waiting: int, seconds: float) -> None:
        told = f"{waiting} trials to run, {len(order.trials) - waiting} are done: about "
        told += f"{minutes_text(seconds)}. Leave the machine alone meanwhile."
        if order.budget_s < math.inf:
            told += f" What does not fit into {minutes_text(order.budget_s)} is left out."
        note(told)

    with stop_on_signals() as stop, ProgressBar() as bar:
        progress = TuneProgress(bar, len(order.trials))
        hooks = LabHooks(on_plan, progress.step, progress.trial, progress.result)
        return run_lab(order, hooks, stop), stop.is_set()


def _findings(out_dir: Path, left: int) -> Findings:
    setup, trials = read_results(out_dir / RESULTS_FILE)
    if setup is None or not trials:
        raise UsageError(
            f"There are no trials in {out_dir / RESULTS_FILE}.",
            next_step="run `sfcrime tune`, or name its folder with --out",
        )
    return Findings(setup, trials, left)


def write_report(found: Findings, out_dir: Path) -> list[Path]:
    """Writes report.html and report.md."""
    text = report(found)
    html, markdown = out_dir / "report.html", out_dir / "report.md"
    html.write_text(as_html(text), encoding="utf-8")
    markdown.write_text(text, encoding="utf-8")
    return [html, markdown]


def _tell(found: Findings, written: Sequence[Path], as_document: bool) -> None:
    for each in found.recommended:
        value = figure(each.group.median(each.measure), each.measure.unit)
        why = reason(each).replace("`", "")
        note(f"For {each.purpose}: {each.group.name} ({value}; {why})")
    if found.not_run:
        note(f"{found.not_run} trials were left out for time: the same command goes on with them.")
    for path in written:
        note(f"Report: {path}")
    if as_document:
        document: dict[str, Any] = as_json(found)
        print_json({**document, "reports": [str(path) for path in written]})
