"""The small files by which the parts of a run say what they do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sfcrime.pipeline.activity import (
    DashboardActivity,
    ProducerActivity,
    StreamActivity,
    activity_file,
    clear_activity,
    read_activity,
    said_ns,
    write_activity,
)

PRODUCER = ProducerActivity(
    sent=12, already_there=3, virtual_ms=1_538_496_660_000, step="done", finished=True
)
STREAM = StreamActivity(step="running", ui_url="http://127.0.0.1:3000")
PAGE = DashboardActivity(url="http://127.0.0.1:8000", step="answering")


def test_each_part_has_its_own_last_word(tmp_path: Path) -> None:
    write_activity(tmp_path, ProducerActivity(step="publishing"))
    write_activity(tmp_path, PRODUCER)
    write_activity(tmp_path, STREAM)
    write_activity(tmp_path, PAGE)

    assert read_activity(tmp_path, ProducerActivity) == PRODUCER
    assert read_activity(tmp_path, StreamActivity) == STREAM
    assert read_activity(tmp_path, DashboardActivity) == PAGE
    assert len(list((tmp_path / "run").iterdir())) == 3


def test_a_part_that_has_said_nothing_is_starting(tmp_path: Path) -> None:
    assert read_activity(tmp_path, ProducerActivity).step == "starting"
    assert read_activity(tmp_path, ProducerActivity).finished is False


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"step": 1}', b'{"finished": "yes"}', b'{"step": "\xff"}']
)
def test_a_damaged_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    write_activity(tmp_path, PRODUCER)
    activity_file(tmp_path, ProducerActivity).write_bytes(content)
    assert read_activity(tmp_path, ProducerActivity) == ProducerActivity()


def test_what_an_earlier_run_said_is_forgotten(tmp_path: Path) -> None:
    clear_activity(tmp_path)
    write_activity(tmp_path, PRODUCER)
    write_activity(tmp_path, STREAM)
    write_activity(tmp_path, PAGE)
    clear_activity(tmp_path)
    assert read_activity(tmp_path, ProducerActivity) == ProducerActivity()
    assert read_activity(tmp_path, StreamActivity) == StreamActivity()
    assert read_activity(tmp_path, DashboardActivity) == DashboardActivity()


def test_a_word_that_a_full_disk_cannot_take_still_counts_as_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_activity(tmp_path, ProducerActivity(sent=1))
    os.utime(activity_file(tmp_path, ProducerActivity), ns=(10**18, 10**18))
    monkeypatch.setattr(Path, "write_bytes", full)
    write_activity(tmp_path, ProducerActivity(sent=2))
    assert said_ns(tmp_path, ProducerActivity) > 10**18
    assert read_activity(tmp_path, ProducerActivity) == ProducerActivity(sent=1)
