"""What `sfcrime audit` prints of labels that records brought along."""

from __future__ import annotations

import pytest

from cli.conftest import Run
from sfcrime.audit.partitions import OffsetRange
from sfcrime.audit.recount import Conflict
from sfcrime.audit.result import (
    AuditResult,
    ConflictFound,
    Difference,
    DifferenceKind,
    RecordPlace,
)
from sfcrime.cli import audit
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import CellCount
from store_samples import NINE_US

LABEL = "Fight \u202e\x1b[2J[/b]"
PLACES = (RecordPlace(0, 1),)


def test_labels_of_records_reach_a_terminal_escaped(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    cells = tuple((number, CellCount(NINE_US, LABEL, "HAN", 1)) for number in (0, 1))
    result = AuditResult(
        generation=1,
        created_ms=1_700_000_000_000,
        batch=0,
        topic="calls",
        ranges={0: OffsetRange(0, 2)},
        lateness_s=None,
        window_minutes=60,
        cells=1,
        differing=1,
        accounting=Accounting(read=2, counted=2),
        stored_accounting=Accounting(read=2, counted=2),
        differences=(
            Difference(DifferenceKind.CELL, f"09:00 | {LABEL} | HAN", "2", LABEL, PLACES),
        ),
        difference_counts={DifferenceKind.CELL: 1},
        conflicts=(ConflictFound(Conflict(7, NINE_US, cells), PLACES),),
        conflict_count=1,
        sequences=None,
    )
    monkeypatch.setattr(audit, "audit_store", lambda settings, progress: result)

    ran = run("audit")

    assert ran.code == 3
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out
    assert ran.out.count("Fight \\u202e\\x1b[2J[/b]") == 4
