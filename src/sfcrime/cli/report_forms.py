"""The forms a report takes: JSON, CSV, and a table with what has to be said beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sfcrime.cli.output import (
    add_row,
    print_csv,
    print_json,
    print_line,
    print_table,
    source_line,
    source_title,
    table_of,
)
from sfcrime.domain.dispositions import describe
from sfcrime.domain.wall_clock import instant_iso, to_iso
from sfcrime.statistics.rollups import Dimension, Every, Folded, Row, seams, total
from sfcrime.store.records import Generation, Totals

_NOTE = "A call is not a crime: it is a request for service, in a dispatcher's words."


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for."""

    by: tuple[Dimension, ...]
    every: Every
    since_us: int | None
    until_us: int | None
    top: int | None
    raw: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows, and what has to be said with them; all from one snapshot."""

    question: Question
    rows: list[Row]
    folded: Folded | None
    unofficial: int
    generation: Generation
    totals: Totals

    @property
    def repeated(self) -> list[int]:
        return seams(self.rows, self.question.every)[0]

    @property
    def missing(self) -> list[int]:
        return seams(self.rows, self.question.every)[1]


def _columns(row: Row, question: Question) -> dict[str, str]:
    """The fields that were asked for, and no others."""
    fields: dict[str, str] = {}
    if row.window_us is not None:
        fields["window_start"] = to_iso(row.window_us)
    if Dimension.TYPE in question.by:
        fields["type"] = row.call_type or ""
    if Dimension.DISPOSITION in question.by:
        fields["disposition"] = row.disposition or ""
    return fields


def print_answer_json(answer: Answer) -> None:
    """One JSON object; a row has the fields that were asked for, and `calls`."""
    question, totals, folded = answer.question, answer.totals, answer.folded
    newest = totals.newest_call_us
    print_json(
        {
            "rows": [_columns(row, question) | {"calls": row.calls} for row in answer.rows],
            "calls": total(answer.rows),
            "as_of": None if newest is None else to_iso(newest),
            "committed_at": instant_iso(totals.committed_ms),
            "source": source_title(answer.generation),
            "synthetic": answer.generation.synthetic,
            "accounting": asdict(totals.accounting),
            "by": [each.value for each in question.by],
            "every": question.every.value,
            "since": None if question.since_us is None else to_iso(question.since_us),
            "until": None if question.until_us is None else to_iso(question.until_us),
            "raw": question.raw,
            "top": question.top,
            "folded": None
            if folded is None
            else {
                "into": folded.into,
                "labels": folded.labels,
                "calls": folded.calls,
            },
            "calls_with_unofficial_disposition": answer.unofficial,
            "ambiguous_windows": [to_iso(us) for us in answer.repeated],
            "windows_missing_on_the_wall": [to_iso(us) for us in answer.missing],
        }
    )


def print_answer_csv(answer: Answer) -> None:
    """A header and a row per row; every row names the source, and says where it is synthetic."""
    question = answer.question
    header = ["window_start"] if question.every is not Every.ALL else []
    header += [each.value for each in question.by]
    source = source_title(answer.generation)
    if answer.generation.synthetic:
        source = f"SYNTHETIC DATA: {source}"
    print_csv(
        [*header, "calls", "source"],
        ([*_columns(row, question).values(), row.calls, source] for row in answer.rows),
    )


def print_answer_table(answer: Answer, most_rows: int) -> None:
    """Heading, at most `most_rows` rows (0: all), and what has to be said with them."""
    question, whole = answer.question, total(answer.rows)
    print_line(_title(question))
    print_line(source_line(answer.generation))
    print_line(_NOTE)
    print_line(_freshness(answer.totals))
    print_line()
    header = ["Window"] if question.every is not Every.ALL else []
    header += [each.value.capitalize() for each in question.by]
    meaning = ["Meaning"] if Dimension.DISPOSITION in question.by else []
    table = table_of(*header, *meaning, "Calls", "Share", numbers=("Window", "Calls", "Share"))
    shown = answer.rows[:most_rows] if most_rows else answer.rows
    for row in shown:
        add_row(
            table,
            *([_window(row.window_us, answer)] if row.window_us is not None else []),
            *([row.call_type] if Dimension.TYPE in question.by else []),
            *_with_meaning(row, answer.folded),
            row.calls,
            f"{row.calls / whole:.1%}",
        )
    print_table(table)
    print_line()
    for line in _footer(answer, len(shown), whole):
        print_line(line)


def _title(question: Question) -> str:
    words = [each.value for each in question.by]
    if question.every is not Every.ALL:
        words.append(question.every.value)
    title = "Calls for service" + (f" by {', '.join(words)}" if words else "")
    if question.since_us is not None:
        title += f", since {to_iso(question.since_us)}"
    if question.until_us is not None:
        title += f", until {to_iso(question.until_us)}"
    return title + (" (raw labels)" if question.raw else "")


def _freshness(totals: Totals) -> str:
    if totals.newest_call_us is None:
        return "No call was counted yet."
    return (
        f"Data as of {to_iso(totals.newest_call_us)} on the San Francisco wall clock, "
        f"committed {instant_iso(totals.committed_ms)}."
    )


def _window(window_us: int, answer: Answer) -> str:
    text = to_iso(window_us).replace("T", " ")
    text = text.removesuffix(":00") if answer.question.every.shows_seams else text[:10]
    return f"{text} *" if window_us in (*answer.repeated, *answer.missing) else text


def _with_meaning(row: Row, folded: Folded | None) -> list[str]:
    if row.disposition is None:
        return []
    into = None if folded is None or folded.dimension is Dimension.TYPE else folded.into
    meaning = "" if row.disposition == into else describe(row.disposition).meaning
    return [row.disposition, meaning]


def _footer(answer: Answer, shown: int, whole: int) -> list[str]:
    lines = [f"{whole:,} calls in {len(answer.rows):,} rows."]
    if shown < len(answer.rows):
        lines.append(f"The first {shown:,} rows are printed: --rows 0 prints all, --top N folds.")
    if answer.folded is not None and answer.folded.labels:
        folded = answer.folded
        lines.append(f'"{folded.into}" stands for {folded.labels:,} more, {folded.calls:,} calls.')
    lines.append(
        f"{answer.unofficial:,} calls carry a disposition outside the city's official table."
    )
    if answer.repeated:
        lines.append("* The wall showed this hour twice: its calls are those of both.")
    if answer.missing:
        lines.append("* The wall never showed this hour; these calls say they came in it.")
    account = answer.totals.accounting
    lines.append(
        f"Of {account.read:,} records read: {account.counted:,} counted, {account.duplicate:,} "
        f"duplicate, {account.late:,} late, {account.rejected:,} rejected."
    )
    return lines
