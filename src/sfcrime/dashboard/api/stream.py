"""What the API tells of the stream: accounts, batches, records set aside, settings, audit, methods.

Records set aside are read from the store page by page, by their key, and single records from the
topic; everything else is answered from `Seen`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from sfcrime.dashboard.answers.proofs import (
    LastAudit,
    LatePage,
    Methods,
    RecordBytes,
    RejectedPage,
    SettingsInForce,
)
from sfcrime.dashboard.answers.records import Batches, Overview
from sfcrime.dashboard.api.answering import DOCUMENT, ERRORS, TABLE, answered
from sfcrime.dashboard.api.set_aside import late_page, record_bytes, rejected_page
from sfcrime.dashboard.api.sight import GivenSight
from sfcrime.dashboard.questions.methods import METHODS
from sfcrime.dashboard.questions.overview import batches_of, last_audit_of, overview_of
from sfcrime.dashboard.questions.parameters import BatchesForm, PageForm, RejectedForm
from sfcrime.dashboard.questions.settings_in_force import settings_of
from sfcrime.store.verdict import read_verdict

router = APIRouter(prefix="/api/v1", responses=ERRORS, tags=["stream"])

_Partition = Annotated[int, Path(ge=0, le=2**31 - 1)]
_Offset = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get("/overview", response_model=Overview, responses=DOCUMENT)
def overview(request: Request, sight: GivenSight) -> Response:
    """The accounts, the state of the stream, and its newest batch."""
    seen = sight.seen()
    return answered(request, overview_of(seen, sight.state_of(seen)))


@router.get("/batches", response_model=Batches, responses=TABLE)
def batches(request: Request, sight: GivenSight, form: Annotated[BatchesForm, Query()]) -> Response:
    """Spark's reports of the newest batches, oldest first."""
    return answered(request, batches_of(sight.seen(), form), form.format)


@router.get("/rejected", response_model=RejectedPage, responses=DOCUMENT)
def rejected(
    request: Request, sight: GivenSight, form: Annotated[RejectedForm, Query()]
) -> Response:
    """Records that broke a rule, by partition and offset, page by page."""
    return answered(request, rejected_page(sight, form))


@router.get("/late", response_model=LatePage, responses=DOCUMENT)
def late(request: Request, sight: GivenSight, form: Annotated[PageForm, Query()]) -> Response:
    """Valid records that were published too long after their call, page by page."""
    return answered(request, late_page(sight, form))


@router.get("/records/{partition}/{offset}", response_model=RecordBytes, responses=DOCUMENT)
def record(request: Request, sight: GivenSight, partition: _Partition, offset: _Offset) -> Response:
    """The first 4 KiB of one record's value, as the topic holds it now; 503 `kafka_unavailable`
    where no broker answers within 3 seconds."""
    return answered(request, record_bytes(sight, partition, offset))


@router.get("/settings", response_model=SettingsInForce, responses=DOCUMENT)
def settings(request: Request, sight: GivenSight) -> Response:
    """The settings that the newest job was started with, each with what the tuning lab found."""
    return answered(request, settings_of(sight.seen(), sight.settings))


@router.get("/audit", response_model=LastAudit, responses=DOCUMENT)
def audit(request: Request, sight: GivenSight) -> Response:
    """The verdict of the last `sfcrime audit`, and how many batches were committed since."""
    return answered(request, last_audit_of(sight.seen(), read_verdict(sight.settings.data_dir)))


@router.get("/methods", response_model=Methods, responses=DOCUMENT)
def methods(request: Request) -> Response:
    """How each figure is counted, and what proves it."""
    return answered(request, METHODS)
