"""What the API tells of the calls: hours, names, dispositions, days and comparisons.

Each question is answered from one immutable `Seen`, without the store. The functions are not
asynchronous: FastAPI runs them in threads, so that none holds the event loop.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sfcrime.dashboard.answers.records import (
    Changes,
    Comparison,
    Days,
    Heat,
    Hours,
    Matrix,
    Names,
    Span,
    StandOuts,
)
from sfcrime.dashboard.api.answering import DOCUMENT, ERRORS, TABLE, answered
from sfcrime.dashboard.api.sight import GivenSight
from sfcrime.dashboard.questions.comparison import comparison_of
from sfcrime.dashboard.questions.hours import hours_of, span_answer_of, stand_outs_of
from sfcrime.dashboard.questions.matrix import matrix_of
from sfcrime.dashboard.questions.names import names_of
from sfcrime.dashboard.questions.overview import changes_of
from sfcrime.dashboard.questions.parameters import (
    ChangesForm,
    ComparisonForm,
    FilteredForm,
    HoursForm,
    MatrixForm,
    NamesForm,
    SpanForm,
)
from sfcrime.dashboard.questions.times import days_of, heat_of

router = APIRouter(prefix="/api/v1", responses=ERRORS, tags=["calls"])


@router.get("/span", response_model=Span, responses=DOCUMENT)
def span(request: Request, sight: GivenSight) -> Response:
    """From the first hour that was counted to that of the newest call."""
    return answered(request, span_answer_of(sight.seen()))


@router.get("/hours", response_model=Hours, responses=TABLE)
def hours(request: Request, sight: GivenSight, form: Annotated[HoursForm, Query()]) -> Response:
    """Calls of hours in a row, each with what is usual for its weekday and hour."""
    return answered(request, hours_of(sight.seen(), form), form.format)


@router.get("/stand-outs", response_model=StandOuts, responses=TABLE)
def stand_outs(request: Request, sight: GivenSight, form: Annotated[SpanForm, Query()]) -> Response:
    """Hours with far more or fewer calls than usual, newest first, at most 200; by default those of
    the last 28 days."""
    return answered(request, stand_outs_of(sight.seen(), form), form.format)


@router.get("/names", response_model=Names, responses=TABLE)
def names(request: Request, sight: GivenSight, form: Annotated[NamesForm, Query()]) -> Response:
    """Calls by category; with `category` by its types, with `type` by the raw labels that are read
    as it. By default of the last 24 hours."""
    return answered(request, names_of(sight.seen(), form), form.format)


@router.get("/matrix", response_model=Matrix, responses=TABLE)
def matrix(request: Request, sight: GivenSight, form: Annotated[MatrixForm, Query()]) -> Response:
    """Calls by type and disposition, codes outside of the city's table among them. By default of
    the last 24 hours."""
    return answered(request, matrix_of(sight.seen(), form), form.format)


@router.get("/heat", response_model=Heat, responses=TABLE)
def heat(request: Request, sight: GivenSight, form: Annotated[FilteredForm, Query()]) -> Response:
    """Calls by weekday and hour of the day. By default of the whole count."""
    return answered(request, heat_of(sight.seen(), form), form.format)


@router.get("/days", response_model=Days, responses=TABLE)
def days(request: Request, sight: GivenSight, form: Annotated[FilteredForm, Query()]) -> Response:
    """Calls by day. By default of the whole count."""
    return answered(request, days_of(sight.seen(), form), form.format)


@router.get("/comparison", response_model=Comparison, responses=TABLE)
def comparison(
    request: Request, sight: GivenSight, form: Annotated[ComparisonForm, Query()]
) -> Response:
    """One span against another, by day. By default the last 7 days against the 7 before."""
    return answered(request, comparison_of(sight.seen(), form), form.format)


@router.get("/changes", response_model=Changes, responses=TABLE)
def changes(request: Request, sight: GivenSight, form: Annotated[ChangesForm, Query()]) -> Response:
    """What the newest batches added to which cell, newest first."""
    return answered(request, changes_of(sight.seen(), form), form.format)
