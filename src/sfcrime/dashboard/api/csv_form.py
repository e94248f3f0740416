"""Answers as CSV: the rows that are shown, the last column naming the source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TypeAlias

from sfcrime.dashboard.answers.records import (
    Answer,
    Batches,
    Changes,
    Comparison,
    Days,
    Heat,
    Hour,
    Hours,
    Matrix,
    Meta,
    Names,
    StandOuts,
)
from sfcrime.domain.safe_text import write_csv

_Cell: TypeAlias = str | float | bool | None
_Rows: TypeAlias = Iterable[Sequence[_Cell]]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUR_COLUMNS = (
    "hour",
    "calls",
    "state",
    "usual",
    "usual_low",
    "usual_high",
    "weeks",
    "stands_out",
)
_BATCH_COLUMNS = (
    "batch",
    "started_at",
    "duration_ms",
    "input_rows",
    "input_rows_per_s",
    "processed_rows_per_s",
    "lag",
)
_CHANGE_COLUMNS = (
    "batch",
    "committed_at",
    "window",
    "type",
    "label",
    "disposition",
    "added",
    "calls",
)


def csv_of(answer: Answer) -> str:
    """A header and the rows of an answer that is a table.

    What is not known is an empty cell. Text is escaped, and no cell is a formula.
    """
    header, rows, meta = _table_of(answer)
    source = f"SYNTHETIC DATA: {meta.source}" if meta.synthetic else meta.source
    text = StringIO()
    write_csv(text, [*header, "source"], ([*map(_cell, row), source] for row in rows))
    return text.getvalue()


def _cell(value: _Cell) -> str | float:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _table_of(answer: Answer) -> tuple[Sequence[str], _Rows, Meta]:
    match answer:
        case Hours() | StandOuts():
            return _HOUR_COLUMNS, map(_hour, answer.hours), answer.meta
        case Names():
            header = (answer.level, "calls", "share", "before", "change")
            rows: _Rows = (
                (each.name, each.calls, each.share, each.before, each.change)
                for each in answer.names
            )
            return header, rows, answer.meta
        case Matrix():
            return (
                ("type", "disposition", "meaning", "official", "calls"),
                _matrix(answer),
                (answer.meta),
            )
        case Heat():
            rows = (
                (_WEEKDAYS[day], hour, answer.calls[day][hour], answer.hours[day][hour])
                for day in range(7)
                for hour in range(24)
            )
            return ("weekday", "hour", "calls", "hours"), rows, answer.meta
        case Days():
            rows = ((each.day, each.calls, each.complete) for each in answer.days)
            return ("day", "calls", "complete"), rows, answer.meta
        case Comparison():
            return _comparison(answer)
        case Changes():
            rows = ([getattr(each, name) for name in _CHANGE_COLUMNS] for each in answer.changes)
            return _CHANGE_COLUMNS, rows, answer.meta
        case Batches():
            return _batches(answer)
    raise TypeError(f"{type(answer).__name__} is no table")


def _hour(hour: Hour) -> Sequence[_Cell]:
    usual = hour.usual
    known = (None,) * 4 if usual is None else (usual.median, usual.low, usual.high, usual.n)
    return hour.hour, hour.calls, hour.state, *known, hour.stands_out


def _matrix(answer: Matrix) -> _Rows:
    """One row for each type and disposition that has calls."""
    for row in answer.rows:
        for disposition, calls in zip(answer.dispositions, row.by_disposition, strict=True):
            if calls:
                yield row.type, disposition.code, disposition.meaning, disposition.official, calls


def _comparison(answer: Comparison) -> tuple[Sequence[str], _Rows, Meta]:
    header = ("level", "name", "calls", "per_day", "other_calls", "other_per_day", "change")
    levels = (
        ("total", [answer.total]),
        ("category", answer.categories),
        ("type", answer.types),
    )
    rows = ((level, *vars(each).values()) for level, found in levels for each in found)
    return header, rows, answer.meta


def _batches(answer: Batches) -> tuple[Sequence[str], _Rows, Meta]:
    """Each phase that any of the batches has is a column of its own."""
    phases = sorted({phase for each in answer.batches for phase in each.phases_ms})
    rows = (
        [
            *(getattr(each, name) for name in _BATCH_COLUMNS),
            *(each.phases_ms.get(phase) for phase in phases),
        ]
        for each in answer.batches
    )
    return (*_BATCH_COLUMNS, *(f"{phase}_ms" for phase in phases)), rows, answer.meta
