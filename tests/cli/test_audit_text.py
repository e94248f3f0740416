"""What `sfcrime audit` prints of labels that records brought along, and the verdict it keeps."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cli.conftest import Run
from sfcrime.audit.result import (
    AuditResult,
    Conflict,
    ConflictFound,
    Difference,
    DifferenceKind,
    RecordPlace,
)
from sfcrime.audit.shares import OffsetRange
from sfcrime.cli import audit
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import CellCount
from sfcrime.store.verdict import AuditVerdict, read_verdict
from store_samples import NINE_US

LABEL = "Fight \u202e\x1b[2J[/b]"
PLACES = (RecordPlace(0, 1),)


def _different() -> AuditResult:
    cells = tuple((number, CellCount(NINE_US, LABEL, "HAN", 1)) for number in (0, 1))
    return AuditResult(
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


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> AuditResult:
    """What each audit of the test finds."""
    result = _different()
    monkeypatch.setattr(audit, "audit_store", lambda settings, progress: result)
    return result


def test_labels_of_records_reach_a_terminal_escaped(found: AuditResult, run: Run) -> None:
    ran = run("audit")

    assert ran.code == 3
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out
    assert ran.out.count("Fight \\u202e\\x1b[2J[/b]") == 4


def test_the_verdict_is_kept_in_the_data_folder(
    found: AuditResult, run: Run, tmp_path: Path
) -> None:
    before_ms = time.time_ns() // 1_000_000
    assert run("audit").code == 3
    verdict = read_verdict(tmp_path)
    assert verdict is not None
    assert before_ms <= verdict.audited_ms <= time.time_ns() // 1_000_000
    assert replace(verdict, audited_ms=0) == AuditVerdict(
        equal=False,
        audited_ms=0,
        generation=1,
        created_ms=1_700_000_000_000,
        batch=0,
        cells=1,
        differing=1,
        accounting=Accounting(read=2, counted=2),
    )


def test_an_equal_verdict_replaces_a_different_one(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    results = [_different(), replace(_different(), difference_counts={}, differing=0)]
    monkeypatch.setattr(audit, "audit_store", lambda settings, progress: results.pop(0))
    assert [run("audit").code for _ in range(2)] == [3, 0]
    verdict = read_verdict(tmp_path)
    assert verdict is not None
    assert (verdict.equal, verdict.differing) == (True, 0)


def test_a_verdict_that_cannot_be_kept_is_printed_all_the_same(
    found: AuditResult, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "audit.json").mkdir()
    ran = run("audit")
    assert ran.code == 3
    assert ran.out.startswith("Different: 1 cells differ")
    assert "The verdict is not kept as audit.json: " in ran.err


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--shard", "1/3"], "There is no folder in which machines share the audit."),
        (["--combine"], "There is no folder in which machines share the audit."),
        (["--work-dir", "shared"], "--work-dir says where many machines share an audit"),
        (["--shard", "1/3", "--combine", "--work-dir", "x"], "cannot go together"),
        (["--combine", "--work-dir", "/no/such/folder"], "There is no folder /no/such/folder on"),
        (["--shard", "2/3", "--work-dir", "/no/such/folder"], "There is no folder /no/such/folder"),
        (["--shard", "0/3", "--work-dir", "x"], "--shard cannot be '0/3'."),
        (["--shard", "4/3", "--work-dir", "x"], "--shard cannot be '4/3'."),
        (["--shard", "1/257", "--work-dir", "x"], "--shard cannot be '1/257'."),
        (["--shard", "one", "--work-dir", "x"], "--shard cannot be 'one'."),
    ],
)
def test_flags_of_many_machines_that_cannot_be_are_refused(
    run: Run, flags: list[str], said: str
) -> None:
    ran = run("audit", *flags)

    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("Next step: ") == 1
