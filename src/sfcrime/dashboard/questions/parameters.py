"""The parameters of the API's questions, as text and as spans of whole hours on the wall.

A span is half open. What is asked for beyond the counted span is left out, and each answer names
the span that it is about; a span that has nothing of the counted one is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sfcrime.dashboard.answers.api_error import bad_parameter
from sfcrime.domain.outcomes import Reason
from sfcrime.domain.wall_clock import MICROS, from_datetime, to_iso
from sfcrime.statistics.rollups import DAY_S, HOUR_S

WallTime = Annotated[
    str,
    StringConstraints(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:00(:00)?)?$"),
]
Label = Annotated[str, StringConstraints(max_length=256)]

_SINCE = "First hour, a full one on the wall: `2018-10-02` or `2018-10-02T09:00`."
_UNTIL = "First hour left out, written likewise."
_CATEGORY = "Only calls of this category."
_NINE, _TEN = "2018-10-02T09:00", "2018-10-02T10:00"


class Form(BaseModel):
    """What every question may be asked with; a parameter that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableForm(Form):
    """A question whose answer is a table too."""

    format: Literal["json", "csv"] = Field("json", description="`csv`: the table, as a file.")


class SpanForm(TableForm):
    """A question about a span."""

    since: WallTime | None = Field(None, description=_SINCE, examples=[_NINE])
    until: WallTime | None = Field(None, description=_UNTIL, examples=[_TEN])


class HoursForm(TableForm):
    count: int = Field(48, ge=1, le=1008, description="How many hours.")
    at: WallTime | None = Field(
        None, description="The last hour; by default that of the newest call.", examples=[_TEN]
    )


class FilteredForm(SpanForm):
    category: Label | None = Field(None, description=_CATEGORY, examples=["Officer activity"])
    type: Label | None = Field(
        None,
        description="Only calls whose label is read as this type.",
        examples=["Passing Call"],
    )


class NamesForm(FilteredForm):
    limit: int = Field(25, ge=1, le=500, description="How many names are listed.")
    q: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="Only names that contain this text, in any case."
    )


class MatrixForm(SpanForm):
    category: Label | None = Field(None, description=_CATEGORY, examples=["Officer activity"])
    limit: int = Field(20, ge=1, le=100, description="How many types have a row of their own.")


class ComparisonForm(SpanForm):
    other_since: WallTime | None = Field(
        None,
        description="The other span; by default the equally long one right before.",
        examples=[_NINE],
    )
    other_until: WallTime | None = Field(None, description=_UNTIL, examples=[_TEN])


class ChangesForm(TableForm):
    limit: int = Field(100, ge=1, le=500, description="How many changes are listed.")
    q: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="Only changes whose type, label or disposition contains this text."
    )


class BatchesForm(TableForm):
    limit: int = Field(200, ge=1, le=1000, description="How many of the newest batches.")


class PageForm(Form):
    after: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}:[0-9]{1,18}$")] | None = Field(
        None,
        description="`partition:offset` after which the page begins: `next` of the last one.",
        examples=["0:3"],
    )
    limit: int = Field(100, ge=1, le=500, description="How many records a page has.")


class RejectedForm(PageForm):
    reason: Reason | None = Field(None, description="Only records set aside for this reason.")


class Bounds(NamedTuple):
    """A span: seconds on the wall since 1970-01-01T00:00:00, [since_s, until_s)."""

    since_s: int
    until_s: int

    @property
    def hours(self) -> int:
        return (self.until_s - self.since_s) // HOUR_S

    @property
    def days(self) -> float:
        return (self.until_s - self.since_s) / DAY_S

    @property
    def since(self) -> str:
        return wall_text(self.since_s)

    @property
    def until(self) -> str:
        return wall_text(self.until_s)

    def within(self, counted: Bounds) -> Bounds:
        """What the two have in common; empty, at one of the bounds of `counted`, where nothing."""
        since_s = min(max(self.since_s, counted.since_s), counted.until_s)
        return Bounds(since_s, max(since_s, min(self.until_s, counted.until_s)))

    def before(self) -> Bounds:
        """The equally long span right before."""
        return Bounds(2 * self.since_s - self.until_s, self.since_s)

    @property
    def is_empty(self) -> bool:
        return self.until_s <= self.since_s


def wall_text(wall_s: int) -> str:
    """ "2018-10-02T09:00:00"."""
    return to_iso(wall_s * MICROS)


def wall_s(name: str, text: str) -> int:
    """Seconds on the wall of a time that a parameter gives.

    Raises:
        ApiError: the calendar does not have it.
    """
    try:
        return from_datetime(datetime.fromisoformat(text)) // MICROS
    except ValueError as error:
        raise bad_parameter(
            f"The parameter {name} cannot be {text!r}: the calendar has no such hour.",
            "write it like 2018-10-02 or 2018-10-02T09:00",
        ) from error


def span_of(
    since: str | None,
    until: str | None,
    counted: Bounds,
    default_hours: int | None,
    prefix: str = "",
) -> Bounds:
    """The part of the counted span that is asked for.

    Args:
        since, until: as they were given. Without `until` the span ends with the counted one.
        counted: from the first hour that was counted to the end of the newest.
        default_hours: without `since` so many hours before `until`; None: all before it.
        prefix: of the parameters' names, for an error.

    Raises:
        ApiError: `since` is not before `until`, or nothing of the span was counted.
    """
    until_s = counted.until_s if until is None else wall_s(f"{prefix}until", until)
    if since is not None:
        since_s = wall_s(f"{prefix}since", since)
    elif default_hours is None:
        since_s = min(counted.since_s, until_s - HOUR_S)
    else:
        since_s = until_s - default_hours * HOUR_S
    asked = Bounds(since_s, until_s)
    if since is not None and until is not None and asked.is_empty:
        raise bad_parameter(
            f"The parameter {prefix}since={asked.since} is not before {prefix}until={asked.until}.",
            f"{prefix}until is the first hour left out: give a later one",
        )
    found = asked.within(counted)
    if found.is_empty and not (since is None and until is None):
        raise bad_parameter(
            f"Nothing was counted from {asked.since} to {asked.until}: the count goes from "
            f"{counted.since} to {counted.until}.",
            "ask for a part of that span",
        )
    return found
