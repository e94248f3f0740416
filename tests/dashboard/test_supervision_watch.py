"""How often the word of a supervisor is read."""

from __future__ import annotations

from pathlib import Path

from dashboard.serving import SUPERVISION
from sfcrime.dashboard.serving.supervision import SupervisionWatch
from sfcrime.pipeline.activity import SupervisionActivity, activity_file, write_activity


def test_a_change_is_seen_half_a_second_later_and_not_before(tmp_path: Path) -> None:
    now_s = 100.0
    watch = SupervisionWatch(tmp_path, lambda: now_s)
    assert watch.look() == SupervisionActivity()

    write_activity(tmp_path, SUPERVISION)
    now_s = 100.4
    assert watch.look() == SupervisionActivity()
    now_s = 100.5
    assert watch.look() == SUPERVISION


def test_a_file_that_cannot_be_read_leaves_what_was_known(tmp_path: Path) -> None:
    now_s = 100.0
    watch = SupervisionWatch(tmp_path, lambda: now_s)
    write_activity(tmp_path, SUPERVISION)
    assert watch.look() == SUPERVISION

    path = activity_file(tmp_path, SupervisionActivity)
    path.unlink()
    path.mkdir()
    now_s = 101.0

    assert watch.look() == SUPERVISION
