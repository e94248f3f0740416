"""The page as a part of a run: when it is started, and what becomes of it when it ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from other_program import STAYS, OtherProgram
from running import settings_in, wait_until
from sfcrime.domain.outcomes import Accounting
from sfcrime.pipeline import kept_dashboard
from sfcrime.pipeline.activity import (
    DashboardActivity,
    ProducerActivity,
    StreamActivity,
    read_activity,
    write_activity,
)
from sfcrime.pipeline.kept_dashboard import KeptDashboard
from sfcrime.pipeline.kept_part import Clock, KeptPart
from sfcrime.pipeline.overview import Counted, Overview
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Totals
from store_samples import GENERATION

ENDS_AT_ONCE = "import sys; print('no page today'); sys.exit(4)"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, KafkaSettings())


class Watched:
    """A page whose program is another one, and what was said of it."""

    def __init__(self, settings: Settings, program: str) -> None:
        self.said: list[str] = []
        self.part = OtherProgram("dashboard", [], settings, says=DashboardActivity, program=program)
        self.page = KeptDashboard(settings, self.said.append)
        self.page.process = self.part
        self.now_s = time.monotonic()
        clock = Clock(seconds=lambda: self.now_s, jitter=lambda: 1.0)
        self.page.part = KeptPart(self.part, 60, self.said.append, clock)

    def look(self, read: int) -> None:
        self.page.look(overview(read))

    def look_after_it_ended(self, read: int) -> None:
        wait_until(lambda: self.part.exit_code is not None, "the end of the page")
        self.look(read)


def overview(read: int) -> Overview:
    totals = Totals(
        accounting=Accounting(read=read, counted=read, duplicate=0, late=0, rejected=0, gaps=0),
        batches=1,
        last_batch_id=0,
        committed_ms=None,
        newest_call_us=None,
    )
    counted = Counted(GENERATION, totals, (), None, ())
    return Overview(ProducerActivity(), StreamActivity(step="running"), counted)


def test_the_page_is_started_once_this_run_has_counted_something(settings: Settings) -> None:
    watched = Watched(settings, STAYS)
    try:
        watched.look(1_000)  # of the run before
        watched.look(1_000)
        assert watched.part.starts == 0
        watched.look(1_001)
        watched.look(1_002)
        assert watched.part.starts == 1
        assert watched.said == []
    finally:
        if watched.part.child is not None:
            watched.part.child.stop()


def test_the_page_waits_no_longer_than_that_for_a_first_statistic(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_dashboard, "STARTS_AFTER_S", 0.0)
    watched = Watched(settings, STAYS)
    try:
        watched.look(0)
        assert watched.part.starts == 1
    finally:
        if watched.part.child is not None:
            watched.part.child.stop()


def test_a_page_that_was_killed_is_started_again_and_its_old_address_forgotten(
    settings: Settings,
) -> None:
    watched = Watched(settings, STAYS)
    watched.look(0)
    watched.look(1)
    assert watched.part.child is not None
    write_activity(settings.data_dir, DashboardActivity(url="http://127.0.0.1:1"))
    killed = watched.part.child
    os.kill(killed.pid, signal.SIGKILL)

    watched.look_after_it_ended(2)

    try:
        watched.now_s += 1
        watched.look(2)
        assert watched.part.starts == 2
        assert watched.part.child is not killed
        assert watched.part.child.is_running()
        assert read_activity(settings.data_dir, DashboardActivity).url == ""
        assert watched.said == ["the dashboard was killed by signal 9; starting it again"]
        assert watched.page.part.restarts == 1
    finally:
        watched.part.child.stop()


def test_a_page_that_fails_at_its_first_start_is_left_out_for_a_while(settings: Settings) -> None:
    watched = Watched(settings, ENDS_AT_ONCE)
    watched.look(0)
    watched.look(1)
    watched.look_after_it_ended(1)
    watched.now_s += kept_dashboard.TRIED_AGAIN_AFTER_S - 1
    watched.look(1)

    assert watched.part.starts == 1
    assert watched.said == [
        "the run goes on without its page for 5 minutes: The dashboard ended (exit code 4): no "
        f"page today (see {settings.data_dir / 'run' / 'dashboard.log'})"
    ]
    assert (watched.page.part.state, watched.page.part.reason) == (
        "down",
        "cannot be kept up: The dashboard ended (exit code 4): no page today",
    )

    watched.part.program = STAYS
    watched.now_s += 1
    watched.look(1)
    try:
        assert watched.part.starts == 2
        assert watched.part.exit_code is None
        write_activity(settings.data_dir, DashboardActivity(url="http://127.0.0.1:1"))
        watched.look(1)
        assert watched.page.part.state == "up"
    finally:
        watched.part.kill()


def test_a_page_whose_process_cannot_be_started_is_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OSError("Resource temporarily unavailable")

    watched = Watched(settings, STAYS)
    with monkeypatch.context() as full:
        full.setattr(OtherProgram, "start", lambda part: fails())
        watched.look(0)
        watched.look(1)
        watched.look(1)
    assert len(watched.said) == 1
    watched.now_s += kept_dashboard.TRIED_AGAIN_AFTER_S
    watched.look(1)
    try:
        assert watched.part.starts == 1
    finally:
        watched.part.kill()
