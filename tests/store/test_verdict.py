"""The last verdict of an audit, as a file beside the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import UsageError
from sfcrime.store.verdict import AuditVerdict, read_verdict, write_verdict

VERDICT = AuditVerdict(
    equal=False,
    audited_ms=1_700_000_000_000,
    generation=2,
    created_ms=1_600_000_000_000,
    batch=17,
    cells=40_070,
    differing=3,
    accounting=Accounting(15, 10, 1, 1, 3, 1),
)


def test_a_verdict_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_verdict(tmp_path, VERDICT)
    assert read_verdict(tmp_path) == VERDICT
    assert sorted(each.name for each in tmp_path.iterdir()) == [".sfcrime", "audit.json"]


def test_a_verdict_replaces_the_one_before(tmp_path: Path) -> None:
    later = replace(VERDICT, equal=True, batch=None, differing=0)
    write_verdict(tmp_path, VERDICT)
    write_verdict(tmp_path, later)
    assert read_verdict(tmp_path) == later


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"null", b"{}", b'{"equal": true}', b'{"accounting": {"reed": 1}}'],
)
def test_a_file_that_says_something_else_is_no_verdict(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.json").write_bytes(content)
    assert read_verdict(tmp_path) is None


def test_without_an_audit_there_is_no_verdict(tmp_path: Path) -> None:
    assert read_verdict(tmp_path) is None


def test_a_folder_of_the_users_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("Chapter 1")
    with pytest.raises(UsageError, match="was not made by sfcrime"):
        write_verdict(tmp_path, VERDICT)
    assert not (tmp_path / "audit.json").exists()
