"""What the exercise's program reports, as a count."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.tuning.figures import CountedBatch, TrialFailed, require_exact
from sfcrime.tuning.queries import count_of_reports
from sfcrime.tuning.workload import Sends

FIRST = (
    '{"batch_id": 0, "started_ms": 1000, "duration_ms": 500, "records": 3, "repeats": 0, '
    '"ends": {"0": 2, "1": 1}, "counted": 3, "set_aside": 0}\n'
)
SECOND = (
    '{"batch_id": 1, "started_ms": 2000, "duration_ms": 250, "records": 2, "repeats": 1, '
    '"ends": {"0": 4, "1": 1}, "counted": 4, "set_aside": 0}\n'
)
FORGETS = (
    '{"batch_id": 2, "started_ms": 2300, "duration_ms": 100, "records": 0, "repeats": 0, '
    '"ends": {"0": 4, "1": 1}, "counted": 4, "set_aside": 0}\n'
)
LAST = '{"groups": "00112233aabbccdd"}\n'


def _file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "reports.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _expected() -> Sends:
    """Partition 0: a, b, d, a again; partition 1: c."""
    expected = Sends()
    for partition, key in [(0, b"a"), (0, b"b"), (1, b"c"), (0, b"d"), (0, b"a")]:
        expected.add(partition, key)
    return expected


def test_batches_become_a_count_that_ends_with_each_batch(tmp_path: Path) -> None:
    count = count_of_reports(_file(tmp_path, FIRST, SECOND, FORGETS, LAST))

    assert count.started_ms == 1_000
    assert count.batches == [
        CountedBatch(3, 1_500, {0: range(2), 1: range(1)}),
        CountedBatch(2, 2_250, {0: range(2, 4)}),
        CountedBatch(0, 2_400, {}),
    ]
    assert count.ends == {0: 4, 1: 1}
    assert count.accounting == Accounting(read=5, counted=4, duplicate=1)
    assert count.digest == "00112233aabbccdd"
    require_exact(count, _expected())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"counted": 4', '"counted": 5'),
        ('"repeats": 1', '"repeats": 0'),
        ('"set_aside": 0', '"set_aside": 1'),
        ('"records": 2', '"records": 1'),
        ('{"0": 4, "1": 1}', '{"0": 3, "1": 1}'),
    ],
)
def test_a_number_that_is_off_by_one_is_not_exact(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in SECOND
    count = count_of_reports(_file(tmp_path, FIRST, SECOND.replace(right, wrong), LAST))

    with pytest.raises(TrialFailed, match="should have come to"):
        require_exact(count, _expected())


def test_a_line_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    count = count_of_reports(_file(tmp_path, FIRST, SECOND[:40]))

    assert count.accounting == Accounting(read=3, counted=3)
    assert count.digest == ""


def test_without_a_batch_there_is_no_count(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", _file(tmp_path, "")):
        with pytest.raises(TrialFailed, match="it reported no batch"):
            count_of_reports(path)
