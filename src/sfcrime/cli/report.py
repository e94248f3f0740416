"""`sfcrime report`: statistics of the counted calls, as a table, JSON or CSV."""

from __future__ import annotations

from datetime import datetime

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.report_forms import (
    Answer,
    Question,
    print_answer_csv,
    print_answer_json,
    print_answer_table,
)
from sfcrime.domain.wall_clock import from_datetime, to_iso
from sfcrime.errors import UsageError
from sfcrime.settings import Settings
from sfcrime.statistics.rollups import (
    FIRST_MONDAY_S,
    Dimension,
    Every,
    fold,
    rollup,
    unofficial_calls,
)
from sfcrime.store.address import store_address
from sfcrime.store.reader import open_reader
from sfcrime.store.records import Grouping


def _dimensions(_: click.Context, __: click.Parameter, value: str) -> tuple[Dimension, ...]:
    names = [name.strip() for name in value.split(",")]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in [each.value for each in Dimension]]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of type, disposition; or `none` for time alone."
        )
    return tuple(each for each in Dimension if each.value in names)


def _wall_clock(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        wall = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no date or time like 2018-10-02T09:00.") from error
    if wall.tzinfo is not None:
        raise click.BadParameter("give the San Francisco wall clock, without an offset.")
    return from_datetime(wall)


@click.command(
    "report",
    epilog="Example:  sfcrime report --by type --every day --since 2018-10-02 --top 5",
)
@setting_flags("--data-dir", "--store-url")
@click.option(
    "--by",
    default="type,disposition",
    show_default=True,
    metavar="LIST",
    callback=_dimensions,
    help="What to tell apart: type, disposition, both with a comma, or none.",
)
@click.option(
    "--every",
    type=click.Choice([each.value for each in Every]),
    default="all",
    show_default=True,
    help="Spans of time; weeks start on Monday, `window` is the stored width.",
)
@click.option(
    "--since",
    metavar="TIME",
    callback=_wall_clock,
    help="First wall-clock date or time to count, e.g. 2018-10-02 or 2018-10-02T09:00.",
)
@click.option(
    "--until", metavar="TIME", callback=_wall_clock, help="End of the span, itself left out."
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Keep the N most frequent types (dispositions, with --by disposition) and fold the "
    "others into one; totals stay.",
)
@click.option("--raw", is_flag=True, help="Labels as the calls carry them, not standard ones.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Print CSV; text is escaped as on a terminal, and gets a leading apostrophe where a "
    "spreadsheet would run it as a formula. JSON has it exact.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=40,
    show_default=True,
    help="Rows of the table to print; 0: all. JSON and CSV always have all.",
)
def command(  # noqa: PLR0913 - click hands over one argument a flag
    settings: Settings,
    by: tuple[Dimension, ...],
    every: str,
    since: int | None,
    until: int | None,
    top: int | None,
    raw: bool,
    as_json: bool,
    as_csv: bool,
    rows: int,
) -> None:
    """Calls for service by type and disposition, over any span of time.

    A call is not a crime. Numbers are those of the last committed batch, also while a job runs.
    """
    if as_json and as_csv:
        raise UsageError("Both --json and --csv are given.", next_step="give one of them")
    if top is not None and not by:
        raise UsageError("--top needs something to rank.", next_step="--by type --top 5")
    if since is not None and until is not None and since >= until:
        raise UsageError(
            f"The span from {to_iso(since)} to {to_iso(until)} is empty.",
            rule="--until is the first time that is left out.",
            next_step="--until a later time",
        )
    answer = _answer(settings, Question(by, Every(every), since, until, top, raw))
    if as_json:
        print_answer_json(answer)
    elif as_csv:
        print_answer_csv(answer)
    else:
        print_answer_table(answer, rows)


def _answer(settings: Settings, question: Question) -> Answer:
    with open_reader(store_address(settings)) as reader:
        generation, totals = reader.generation(), reader.totals()
        _check_bounds(question, generation.window_minutes)
        grouping = Grouping(
            windows=question.every is not Every.ALL,
            types=Dimension.TYPE in question.by,
            width_s=question.every.width_s,
            origin_s=FIRST_MONDAY_S,
        )
        cells = reader.calls_by(grouping, question.since_us, question.until_us)
    rows = rollup(cells, by=question.by, every=question.every, raw=question.raw)
    folded = None if question.top is None else fold(rows, question.top)
    return Answer(
        question,
        rows if folded is None else folded.rows,
        folded,
        unofficial_calls(cells),
        generation,
        totals,
    )


def _check_bounds(question: Question, window_minutes: int) -> None:
    for flag, bound in (("--since", question.since_us), ("--until", question.until_us)):
        if bound is not None and bound % (window_minutes * 60_000_000):
            raise UsageError(
                f"{flag} {to_iso(bound)} lies within a window of {window_minutes} minutes.",
                rule="Calls are counted by window, so a span begins and ends on one.",
                next_step=f"{flag} a start of a window",
            )
